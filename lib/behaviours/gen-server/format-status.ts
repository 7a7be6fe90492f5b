import type { Process } from '../../kernel/process.ts'

/**
 * A status as the module's `formatStatus` shows it. One that fails is told at `place`, where the state would stand, as
 * in OTP; `label` is the module's name.
 */
export function formatted<S extends object>(
  process: Process,
  formatStatus: unknown,
  status: S,
  place: keyof S,
  label: string,
): S {
  const format = formatStatus as ((this: Process, status: S) => unknown) | undefined
  if (format === undefined) return status
  const failed = (what: string): S => ({ ...status, [place]: `${label}:format_status/1 ${what}` })
  let shown: unknown
  try {
    shown = format.call(process, status)
  } catch {
    return failed('crashed')
  }
  if (typeof shown !== 'object' || shown === null || Array.isArray(shown)) return failed('did not return a map')
  const merged = { ...status, ...shown }
  if (Object.keys(merged).length !== Object.keys(shown).length) return failed('returned a map with unknown keys')
  return merged
}
