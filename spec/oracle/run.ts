import { type Outcome, runAll } from './harness/compare.ts'

/**
 * `npm run oracle [-- --real-time] [-- NAME ...]`: runs the scenarios and compares each trace, byte for byte, with what
 * the BEAM printed; lines that can exist on the BEAM only are shown with their reasons. Exit code 1 unless all are identical.
 */
const args = process.argv.slice(2)
const clock = args.includes('--real-time') ? 'real' : 'virtual'
const chosen = args.filter((arg) => !arg.startsWith('--'))

const outcomes = await runAll(clock, chosen)
for (const outcome of outcomes) print(outcome)
const identical = outcomes.filter((outcome) => outcome.identical).length
const beamOnly = outcomes.reduce((sum, outcome) => sum + outcome.beamOnly.length, 0)
if (beamOnly > 0) process.stdout.write(`lines that can exist on the BEAM only: ${beamOnly}\n`)
process.stdout.write(`oracle: ${identical}/${outcomes.length} identical\n`)
process.exitCode = identical === outcomes.length && outcomes.length > 0 ? 0 : 1

function print({ name, lines, identical, recording, beamOnly, difference }: Outcome): void {
  const basis = recording === 'OTP 26' ? '  (as OTP 26 prints it; the recording is of OTP 25)' : ''
  process.stdout.write(`${identical ? 'identical' : 'DIFFERENT'}  ${name}  ${lines} lines${basis}\n`)
  for (const { line, reason } of beamOnly) process.stdout.write(`    line ${line} left out: ${reason}\n`)
  if (!identical) process.stdout.write(`${difference.map((line) => `    ${line}`).join('\n')}\n`)
}
