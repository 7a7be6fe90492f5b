/**
 * What OTP 26 prints where OTP 25, on which the traces were recorded, prints otherwise (erlang/otp#6843, "Synchronous
 * init failure"). Both rules are about a start that fails:
 *
 * 1. `start_link` returns when the child is gone, and takes its EXIT message along: the mailbox of a caller that traps
 *    exits stays empty.
 * 2. `init` may return `{error, Reason}`, which is what the start function then answers; OTP 25 knows no such result and
 *    calls it a `bad_return_value`.
 *
 * The `.otp26.out` files are this function's results, and nothing else: a spec compares them.
 */
export function asOtp26(recording: string): string {
  const lines = recording.split('\n')
  return lines.map((line, i) => withRule2(withRule1(line, lines[i - 1] ?? ''))).join('\n')
}

function withRule1(line: string, before: string): string {
  if (before.startsWith('start_link -> {error,')) return line.replace(/^EXIT in caller: .*/, 'EXIT in caller: []')
  if (/^init \w+ -> .*, EXIT \[.*\]$/.test(line)) return line.replace(/EXIT \[.*\]$/, 'EXIT []')
  return line.replace(/^(\w+ start_link: (?:ignore|\{error,.*\}) EXIT in caller mailbox: ).*/, '$1[]')
}

function withRule2(line: string): string {
  return line.replace('{error,{bad_return_value,{error,e}}}', '{error,e}')
}
