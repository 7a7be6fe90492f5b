import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { createBot, dataFolder, run, startDaemon } from './daemon.ts'

const ROOT = join(import.meta.dirname, '../..')

t.setTimeout(200_000)
t.test("the README's bot logs in, makes a guild and answers !ping", async (t) => {
  const code = botOf(readFileSync(join(ROOT, 'README.md'), 'utf8'))
  t.match(code, "'http://127.0.0.1:8080/api'", 'it uses the address that the daemon has unless told otherwise')
  const folder = dataFolder(t)
  const { token } = await createBot(folder, 'alice')
  const daemon = await startDaemon(t, { folder })

  const env = { ...process.env, TOKEN: token, API: daemon.api(1) }
  const args = ['--input-type=module', '--eval', code]
  const bot = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => bot.kill())
  const lines = createInterface({ input: bot.stdout })[Symbol.asyncIterator]()
  t.same((await lines.next()).value, 'alice: !ping')
  t.same((await lines.next()).value, 'alice: pong')

  bot.kill()
  await once(bot, 'exit')
  t.equal(await daemon.stop(), 0)
})

t.test('the demo ends by itself, with nothing lost', async (t) => {
  const { code, stdout } = await run(join(ROOT, 'dist/examples/demo.js'))
  t.equal(code, 0)
  const acknowledged = /(\d+) messages acknowledged/.exec(stdout)?.[1]
  for (const where of ['in the history', 'heard by alice', 'heard by bob']) {
    t.match(stdout, `${acknowledged} of them ${where}`)
  }
  t.match(stdout, /its session resumed/)
})

/** The first JavaScript block that imports discord.js. */
function botOf(readme: string): string {
  for (const [, code] of readme.matchAll(/^```js\n(.*?)^```$/gms)) if (code!.includes("'discord.js'")) return code!
  throw new Error('README.md has no bot')
}
