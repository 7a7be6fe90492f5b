import { RESTART_REASONS } from '../../internal/limits.ts'
import type { Reason } from '../../kernel/exit.ts'

/**
 * When a supervisor gives up: more than `intensity` restarts within `period` seconds. The rule is OTP's
 * (supervisor.erl, `add_restart`), down to its resolution of whole seconds and its window with both ends included:
 *
 *     intensity 2, period 5     restarts at 10, 12, 15   the third is one too many: 10 is still within 5 of 15
 *                               restarts at 10, 12, 16   all allowed: 10 is forgotten
 *
 * Restarts are counted by the second, newest first, so a history has at most `period + 1` entries however fast a child
 * dies.
 */
export interface RestartIntensity {
  /** Restarts that are allowed within the period; with 0 the first death is one too many. */
  readonly intensity: number
  /** Seconds, 1 or more. */
  readonly period: number
}

/** What a child ended with, or why it could not be started again. */
export type RestartReason = readonly [id: unknown, reason: Reason]

/** The restarts of one supervisor, and the reasons of the last of them. */
export class Restarts {
  /** Changed by a code change of the supervisor. */
  rule: RestartIntensity
  #history: RestartHistory = NO_RESTARTS
  #reasons: RestartReason[] = []

  constructor(rule: RestartIntensity) {
    this.rule = rule
  }

  /** Remembers why there is to be a restart. */
  note(id: unknown, reason: Reason): void {
    if (this.#reasons.length === RESTART_REASONS) this.#reasons.shift()
    this.#reasons.push([id, reason])
  }

  /** Counts one more restart at the monotonic millisecond `now`. False: it is one too many. */
  allows(now: number): boolean {
    const history = addRestart(this.#history, Math.floor(now / 1000), this.rule)
    if (history !== undefined) this.#history = history
    return history !== undefined
  }

  /** The last reasons, the newest first. */
  get reasons(): readonly RestartReason[] {
    return [...this.#reasons].reverse()
  }
}

/** How many restarts there were in which second, newest first. */
export type RestartHistory = readonly (readonly [second: number, restarts: number])[]

export const NO_RESTARTS: RestartHistory = []

/** The history with one more restart at the monotonic second `now`; undefined when that is one too many. */
export function addRestart(history: RestartHistory, now: number, rule: RestartIntensity): RestartHistory | undefined {
  const recent = history.filter(([second]) => second >= now - rule.period)
  const latest = recent[0]
  const added: RestartHistory = latest?.[0] === now ? [[now, latest[1] + 1], ...recent.slice(1)] : [[now, 1], ...recent]
  return countRestarts(added) > rule.intensity ? undefined : added
}

export function countRestarts(history: RestartHistory): number {
  return history.reduce((sum, [, restarts]) => sum + restarts, 0)
}
