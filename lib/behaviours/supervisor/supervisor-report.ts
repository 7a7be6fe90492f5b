import type { Reason } from '../../kernel/exit.ts'
import type { Process } from '../../kernel/process.ts'
import { equalTerms } from '../../kernel/term.ts'
import { nameOfVia } from '../sys/sys-debug.ts'
import { ARGUMENTS, type CompleteChildSpec } from './child-spec.ts'
import type { RestartReason } from './restart-intensity.ts'
import type { SupervisedChild } from './supervised-children.ts'
import { isSource } from './supervisor-source.ts'

/** What a supervisor reports as an error; the label and the context of OTP's report are the same. */
export type SupervisorErrorLabel = 'start_error' | 'child_terminated' | 'shutdown' | 'shutdown_error'

const GAVE_UP =
  'its children ended more often than intensity allows within period: mend what last_reasons tell, or allow for more'

/**
 * The reports of one supervisor, with the labels and keys of OTP (supervisor.erl, `report_error` and
 * `report_progress`). A supervisor is called by its registered name, `['local', name]` or `['via', module, name]`, or
 * else `[pid, module]`.
 */
export class SupervisorReports {
  readonly #supervisor: Process
  readonly #module: unknown

  /** `module` is the callback module that the supervisor is called by when it has no name. */
  constructor(supervisor: Process, module: unknown) {
    this.#supervisor = supervisor
    this.#module = module
  }

  /** `{supervisor, Label}`: something is wrong with `child`. */
  error(label: SupervisorErrorLabel, reason: Reason, child: SupervisedChild): void {
    this.#error(label, reason, { pid: child.reportedPid, ...termOf(child.spec, child.extra) })
  }

  /**
   * `{supervisor, shutdown_error}` about children of one specification that did not end as they were told, together by
   * their reasons.
   */
  errorOfMany(ended: readonly { readonly child: SupervisedChild; readonly reason: Reason }[]): void {
    const groups: { readonly child: SupervisedChild; readonly reason: Reason; count: number }[] = []
    for (const { child, reason } of ended) {
      const group = groups.find((other) => equalTerms(other.reason, reason))
      if (group === undefined) groups.push({ child, reason, count: 1 })
      else group.count++
    }
    for (const { child, reason, count } of groups) {
      this.#error('shutdown_error', reason, { nb_children: count, ...termOf(child.spec) })
    }
  }

  /** `{supervisor, shutdown}`: the supervisor gives up. `reasons` tell what its children ended with last. */
  gaveUp(child: SupervisedChild, reasons: readonly RestartReason[]): void {
    const offender = { pid: child.reportedPid, ...termOf(child.spec, child.extra) }
    this.#error('shutdown', 'reached_max_restart_intensity', offender, { last_reasons: reasons, hint: GAVE_UP })
  }

  /** `{supervisor, start_error}`: no child of this specification could be started. */
  notStarted(reason: Reason, spec: CompleteChildSpec): void {
    this.#error('start_error', reason, { pid: undefined, ...termOf(spec) })
  }

  /** `{supervisor, progress}`, for information: `child` was started. */
  progress(child: SupervisedChild): void {
    this.#supervisor.node.report({
      level: 'info',
      label: ['supervisor', 'progress'],
      details: { supervisor: this.#name, started: { pid: child.reportedPid, ...termOf(child.spec, child.extra) } },
    })
  }

  /** A message that no supervisor expects. */
  unexpected(message: unknown): void {
    this.#supervisor.node.report({
      level: 'error',
      label: ['supervisor', 'unexpected_message'],
      details: { supervisor: this.#name, message },
    })
  }

  get #name(): unknown {
    const { pid, rare } = this.#supervisor
    if (rare?.name !== undefined) return ['local', rare.name]
    if (rare?.via === undefined) return [pid, this.#module]
    const { via } = rare.via
    return ['via', via.name === undefined ? via : 'Registry', nameOfVia(rare.via)]
  }

  #error(
    label: SupervisorErrorLabel,
    reason: Reason,
    offender: Readonly<Record<string, unknown>>,
    more?: object,
  ): void {
    this.#supervisor.node.report({
      level: 'error',
      label: ['supervisor', label],
      details: { supervisor: this.#name, errorContext: label, reason, offender, ...more },
    })
  }
}

/** OTP's list about a child, which was started with `extra` arguments besides those of its specification. */
function termOf(spec: CompleteChildSpec, extra: readonly unknown[] = []): Readonly<Record<string, unknown>> {
  const { id, restart, significant, shutdown, type } = spec
  return {
    id,
    mfargs: mfargsOf(spec, extra),
    restart_type: restart,
    significant,
    shutdown: shutdown === Number.POSITIVE_INFINITY ? 'infinity' : shutdown,
    child_type: type,
  }
}

/** What starts a child, OTP's `{M, F, A}`: as much as its specification says, or else only the function. */
function mfargsOf(
  { start, modules, [ARGUMENTS]: argumentsWith }: CompleteChildSpec,
  extra: readonly unknown[],
): unknown {
  const [module] = modules === 'dynamic' ? ['gen_event'] : modules
  if (module === undefined) return start
  const args = argumentsWith?.(extra)
  const [first] = args ?? []
  return [moduleTerm(module), start.name, isSource(first) ? first.args : (args ?? 'undefined')]
}

function moduleTerm(module: unknown): unknown {
  if (typeof module !== 'object' || module === null) return module
  const { moduleName, callbackMode } = module as { readonly moduleName?: unknown; readonly callbackMode?: unknown }
  return moduleName ?? (callbackMode === undefined ? 'gen_server' : 'gen_statem')
}
