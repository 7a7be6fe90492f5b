import { type Reason, reasonOf } from '../../kernel/exit.ts'
import { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { ChildSpec } from './child-spec.ts'

/** Where they differ: those of OTP's supervisor, or those of Elixir's DynamicSupervisor and ConsumerSupervisor. */
export type Rules = 'OTP' | 'Elixir'

/** How the start of a child went: `pid` is undefined when it declined with `ignore`. */
export type Started =
  | { readonly outcome: 'ok'; readonly pid: Pid | undefined; readonly info?: readonly [unknown] }
  | { readonly outcome: 'error'; readonly reason: Reason }

/**
 * Calls a child's start function in the name of `supervisor` and waits for it. A supervisor that is killed meanwhile
 * does nothing more: this then never resolves, and the child, which is linked to it, ends with it.
 */
export async function startChild(
  supervisor: Process,
  spec: ChildSpec,
  rules: Rules,
  extra: readonly unknown[] = [],
): Promise<Started> {
  let started: Started
  try {
    started = read(await spec.start(supervisor, ...extra))
  } catch (thrown) {
    started = failed(thrown, rules)
  }
  return supervisor.ended ? forever() : started
}

/**
 * A start function threw. OTP calls it under Erlang's `catch`: an error is `{'EXIT', Reason}`, and any other value
 * counts as returned. Elixir takes what was thrown for the reason, whatever it is.
 */
function failed(thrown: unknown, rules: Rules): Started {
  if (rules === 'Elixir') return { outcome: 'error', reason: reasonOf(thrown) }
  return thrown instanceof Error ? { outcome: 'error', reason: ['EXIT', reasonOf(thrown)] } : read(thrown)
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
