#!/usr/bin/env node
import { runCommandLine } from './command-line.ts'
import { guildhall } from './program.ts'

const code = await runCommandLine(guildhall, process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
})
// Everything has been ended in order; whatever still holds the OS process open must not.
process.exit(code)
