import {
  GLOBAL_RULE,
  INVALID_REQUEST_RULE,
  type RateDecision,
  type RateRule,
  RateTable,
  rateHeaders,
  rateLimited,
} from '../gateway/rate-limit.ts'
import type { HttpReply } from '../gateway/reply.ts'
import type { Clock } from '../kernel/host.ts'

/** What a request is counted under. */
export interface Counted {
  /** The route's bucket, and the channel, guild or the like that it is about. */
  readonly bucket: string
  readonly major: string
  readonly rule: RateRule
  /** The user, or the address of one who has not said who he is. */
  readonly who: string
}

/** The limits let a request through, with the headers of its reply, or refuse it. */
export type Admission =
  | { readonly admitted: true; readonly headers: Readonly<Record<string, string>> }
  | { readonly admitted: false; readonly reply: HttpReply }

/**
 * The rate limits of REST, as Discord documents them: 50 requests a second of one user over all routes; so many of one
 * user on one route for each channel or guild; and an address that has caused 10,000 answers of 401, 403 or 429 in ten
 * minutes is shut out. A node counts what comes to itself: behind several nodes, a user has the limits on each.
 */
export class RequestLimits {
  readonly #clock: Pick<Clock, 'monotonic' | 'wall'>
  readonly #global = new RateTable()
  readonly #routes = new RateTable()
  readonly #invalid = new RateTable()

  constructor(clock: Pick<Clock, 'monotonic' | 'wall'>) {
    this.#clock = clock
  }

  /** The reply for an address that is shut out. */
  shutOut(address: string): HttpReply | undefined {
    const decision = this.#invalid.peek(address, INVALID_REQUEST_RULE, this.#clock.monotonic())
    return decision.allowed ? undefined : this.#refuse(decision, 'global', '')
  }

  /** Counts a reply against the address that caused it. */
  note(address: string, status: number): void {
    if (status !== 401 && status !== 403 && status !== 429) return
    this.#invalid.take(address, INVALID_REQUEST_RULE, this.#clock.monotonic())
  }

  admit({ bucket, major, rule, who }: Counted): Admission {
    const now = this.#clock.monotonic()
    const global = this.#global.take(who, GLOBAL_RULE, now)
    if (!global.allowed) return { admitted: false, reply: this.#refuse(global, 'global', bucket) }
    const decision = this.#routes.take(`${bucket}:${major}:${who}`, rule, now)
    if (!decision.allowed) return { admitted: false, reply: this.#refuse(decision, 'user', bucket) }
    return { admitted: true, headers: rateHeaders({ decision, bucket, wall: this.#clock.wall() }) }
  }

  #refuse(decision: RateDecision, scope: 'global' | 'user', bucket: string): HttpReply {
    return rateLimited({ decision, bucket, wall: this.#clock.wall() }, scope)
  }
}
