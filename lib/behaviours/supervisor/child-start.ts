import { type Reason, reasonOf } from '../../kernel/exit.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { ChildSpec } from './child-spec.ts'

/** How the start of a child went: `pid` is undefined when it declined with `ignore`. */
export type Started =
  | { readonly outcome: 'ok'; readonly pid: Pid | undefined; readonly info?: readonly [unknown] }
  | { readonly outcome: 'error'; readonly reason: Reason }
  /** The start function threw; `reason` is what a process that throws the same ends with. */
  | { readonly outcome: 'threw'; readonly reason: Reason }

/**
 * Calls a child's start function in the name of `supervisor` and waits for it. A supervisor that is killed meanwhile
 * does nothing more: this then never resolves, and the child, which is linked to it, ends with it.
 */
export async function startChild(
  supervisor: Process,
  spec: ChildSpec,
  extra: readonly unknown[] = [],
): Promise<Started> {
  let result: unknown
  try {
    result = await spec.start(supervisor, ...extra)
  } catch (thrown) {
    // A thrown value that is no error counts as returned, as under Erlang's `catch`.
    if (thrown instanceof Error) return supervisor.ended ? forever() : { outcome: 'threw', reason: reasonOf(thrown) }
    result = thrown
  }
  return supervisor.ended ? forever() : read(result)
}

export type StartedOrNot = Exclude<Started, { outcome: 'threw' }>

/** What a start function threw as the reason of a failed start: OTP says `{'EXIT', Reason}`, Elixir the reason. */
export function withoutThrow(started: Started, rules: 'OTP' | 'Elixir'): StartedOrNot {
  if (started.outcome !== 'threw') return started
  return { outcome: 'error', reason: rules === 'OTP' ? ['EXIT', started.reason] : started.reason }
}

function forever(): Promise<never> {
  return new Promise(() => {})
}

function read(result: unknown): Started {
  if (result === 'ignore') return { outcome: 'ok', pid: undefined }
  if (Array.isArray(result)) {
    const [tag, value, info] = result
    if (tag === 'ok' && value instanceof Pid) {
      if (result.length === 2) return { outcome: 'ok', pid: value }
      if (result.length === 3) return { outcome: 'ok', pid: value, info: [info] }
    }
    if (tag === 'error' && result.length === 2) return { outcome: 'error', reason: value }
  }
  return { outcome: 'error', reason: result }
}
