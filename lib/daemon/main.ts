#!/usr/bin/env node
import { runCommandLine } from './command-line.ts'
import { killGuildCommand } from './kill-command.ts'
import { startCommand } from './start-command.ts'
import { statusCommand } from './status-command.ts'
import { tokenCreateCommand } from './token-command.ts'
import { packageVersion } from './version.ts'

/** The program `guildhall`. */
const code = await runCommandLine(
  {
    name: 'guildhall',
    version: packageVersion(),
    purpose: 'a realtime chat backend that stock Discord libraries log in to',
    commands: [startCommand, tokenCreateCommand, statusCommand, killGuildCommand],
  },
  process.argv.slice(2),
  { out: (line) => process.stdout.write(`${line}\n`), err: (line) => process.stderr.write(`${line}\n`) },
)
// Everything has been ended in order; whatever still holds the OS process open must not.
process.exit(code)
