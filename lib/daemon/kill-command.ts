import type { Command } from './command-line.ts'
import { askDaemon } from './control-socket.ts'
import { DATA_OPTION } from './data-option.ts'

/** A fault that an operator can cause on purpose, to see that nobody is hurt by it. */
export const killGuildCommand: Command = {
  words: 'kill guild',
  operands: ['ID'],
  options: { data: DATA_OPTION },
  help: 'Kills the actor of a guild, as a defect would: its members see it go and come back, and lose nothing.',
  async run(values, [guildId], terminal) {
    await askDaemon(values.text('data'), 'kill guild', guildId)
    terminal.out(`killed the actor of guild ${guildId}`)
    return 0
  },
}
