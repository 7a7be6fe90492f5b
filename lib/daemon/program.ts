import type { Program } from './command-line.ts'
import { killGuildCommand } from './kill-command.ts'
import { startCommand } from './start-command.ts'
import { statusCommand } from './status-command.ts'
import { tokenCreateCommand } from './token-command.ts'
import { packageVersion } from './version.ts'

/** The program `guildhall`. */
export const guildhall: Program = {
  name: 'guildhall',
  version: packageVersion(),
  purpose: 'a realtime chat backend that stock Discord libraries log in to',
  commands: [startCommand, tokenCreateCommand, statusCommand, killGuildCommand],
}
