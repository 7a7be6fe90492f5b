import { Fault, fault } from '../internal/errors.ts'
import { USERNAME_CHARACTERS } from '../internal/limits.ts'
import { systemHost } from '../kernel/system-host.ts'
import { openLmdbStorage } from '../storage/lmdb.ts'
import type { Storage } from '../storage/port.ts'
import type { User } from '../storage/records.ts'
import { SnowflakeGenerator, WORKER_MAX } from '../storage/snowflake.ts'
import { createToken, hashToken } from '../storage/token.ts'
import type { Command } from './command-line.ts'
import { DATA_OPTION } from './data-option.ts'

/**
 * Makes a bot's user and its token. The data folder is written directly, also while a daemon runs on it: lmdb lets
 * several OS processes write, and this one is short-lived.
 */
export const tokenCreateCommand: Command = {
  words: 'token create',
  operands: [],
  options: {
    name: { type: 'string', value: 'NAME', help: "The bot's name" },
    json: { type: 'boolean', help: 'One line of JSON' },
    data: DATA_OPTION,
  },
  help: 'Makes a bot and the token that it logs in with, which is shown this once.',
  async run(values, _operands, terminal) {
    const username = usernameOf(values.text('name'))
    const storage = await openLmdbStorage(values.text('data'))
    try {
      const { token, user } = await createBot(storage, username)
      const { id } = user
      if (values.has('json')) terminal.out(JSON.stringify({ token, user: { id, username } }))
      else terminal.out(`user   ${username} (${id})\ntoken  ${token}\nThe token is not stored and is not shown again.`)
    } finally {
      await storage.close()
    }
    return 0
  },
}

/** Discord's bounds of a name; what cannot be seen would only mislead. */
function usernameOf(text: string): string {
  const name = text.trim()
  const characters = [...name].length
  if (characters >= 2 && characters <= USERNAME_CHARACTERS && !/\p{C}/u.test(name)) return name
  throw fault('bad_option', `--name has 2 to ${USERNAME_CHARACTERS} characters that can be seen, not '${text}'`)
}

/** The worker number may be that of another run of this command, so an id that is taken is made anew. */
async function createBot(storage: Storage, username: string): Promise<{ token: string; user: User }> {
  const snowflakes = new SnowflakeGenerator(systemHost, WORKER_MAX)
  for (;;) {
    const user: User = { id: snowflakes.next(), username, bot: true }
    const token = createToken(user.id, systemHost)
    try {
      await storage.createUser(user, hashToken(token))
      return { token, user }
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'already_exists')) throw error
    }
  }
}
