import {
  CLIENT_FRAMES_PER_MINUTE,
  IDENTIFIES_PER_DAY,
  IDENTIFY_CONCURRENCY,
  INVALID_REQUESTS_PER_10_MINUTES,
  RATE_LIMIT_BUCKETS,
  REST_REQUESTS_PER_SECOND,
} from '../internal/limits.ts'
import { type HttpReply, jsonReply } from './reply.ts'

/** So many in a window of so many milliseconds. A window begins with the first that is counted in it. */
export interface RateRule {
  readonly limit: number
  readonly windowMs: number
}

/** All REST requests of one user. */
export const GLOBAL_RULE: RateRule = { limit: REST_REQUESTS_PER_SECOND, windowMs: 1000 }
/** Requests of one address that were answered with 401, 403, or a 429 whose scope is not `shared`. */
export const INVALID_REQUEST_RULE: RateRule = { limit: INVALID_REQUESTS_PER_10_MINUTES, windowMs: 600_000 }
/** Frames of one gateway connection. */
export const CLIENT_FRAME_RULE: RateRule = { limit: CLIENT_FRAMES_PER_MINUTE, windowMs: 60_000 }
/** IDENTIFYs of one user; RESUME is free. */
export const IDENTIFY_RULE: RateRule = { limit: IDENTIFIES_PER_DAY, windowMs: 86_400_000 }
/** IDENTIFYs of one user under one key, which is the shard's number modulo max_concurrency. */
export const IDENTIFY_CONCURRENCY_RULE: RateRule = { limit: IDENTIFY_CONCURRENCY, windowMs: 5000 }

/** What a bucket says about one more. */
export interface RateDecision {
  readonly allowed: boolean
  readonly limit: number
  /** How many more the window takes after this one. */
  readonly remaining: number
  /** Milliseconds until the window ends and the limit is whole again. */
  readonly resetAfterMs: number
}

/**
 * One bucket: Discord's fixed window. Pure: `now` is a monotonic clock's milliseconds and never goes back. In any span
 * as long as the window at most twice the limit is let through, and never more than the limit in one window. What is
 * refused is not counted, so a client that keeps trying is let in again on time.
 */
export class RateBucket {
  readonly #rule: RateRule
  #used = 0
  #endsAt = Number.NEGATIVE_INFINITY

  constructor(rule: RateRule) {
    this.#rule = rule
  }

  /** Counts one more, if there is room. */
  take(now: number): RateDecision {
    if (now >= this.#endsAt) {
      this.#used = 0
      this.#endsAt = now + this.#rule.windowMs
    }
    const allowed = this.#used < this.#rule.limit
    if (allowed) this.#used++
    return this.#decision(allowed, this.#rule.limit - this.#used, this.#endsAt - now)
  }

  /** What `take` would find, counting nothing. */
  peek(now: number): RateDecision {
    const { limit } = this.#rule
    if (this.expired(now)) return this.#decision(limit > 0, limit, 0)
    return this.#decision(this.#used < limit, limit - this.#used, this.#endsAt - now)
  }

  /** Whether the bucket says the same as a new one. */
  expired(now: number): boolean {
    return now >= this.#endsAt
  }

  #decision(allowed: boolean, remaining: number, resetAfterMs: number): RateDecision {
    return { allowed, limit: this.#rule.limit, remaining, resetAfterMs }
  }
}

/**
 * Buckets by key, as many as the bound. A bucket whose window has ended is forgotten: each new key makes the table look
 * at the two buckets that were not looked at for longest, so that the work is spread and needs no timer. When the table
 * is full of live buckets the oldest of them is forgotten, which errs in its owner's favour.
 *
 * A key is used with one rule only.
 */
export class RateTable {
  readonly #buckets = new Map<string, RateBucket>()
  readonly #bound: number

  constructor(bound: number = RATE_LIMIT_BUCKETS) {
    this.#bound = bound
  }

  /** Buckets remembered. */
  get size(): number {
    return this.#buckets.size
  }

  take(key: string, rule: RateRule, now: number): RateDecision {
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      this.#makeRoom(now)
      bucket = new RateBucket(rule)
      this.#buckets.set(key, bucket)
    }
    return bucket.take(now)
  }

  peek(key: string, rule: RateRule, now: number): RateDecision {
    return (this.#buckets.get(key) ?? new RateBucket(rule)).peek(now)
  }

  #makeRoom(now: number): void {
    const full = this.#buckets.size >= this.#bound
    let seen = 0
    for (const [key, bucket] of this.#buckets) {
      this.#buckets.delete(key)
      if (!bucket.expired(now) && !(full && seen === 0)) this.#buckets.set(key, bucket)
      if (++seen === 2) return
    }
  }
}

/** Whose limit it was: all of the user's requests, this bucket of the user, or a resource that users share. */
export type RateScope = 'global' | 'user' | 'shared'

export interface RateHeaderInput {
  readonly decision: RateDecision
  /** The route's bucket id. */
  readonly bucket: string
  /** Milliseconds since 1970. */
  readonly wall: number
}

/** The headers of every reply on a limited route. Seconds have three decimals; stock clients wait by Reset-After. */
export function rateHeaders({ decision, bucket, wall }: RateHeaderInput): Record<string, string> {
  return {
    'X-RateLimit-Limit': String(decision.limit),
    'X-RateLimit-Remaining': String(decision.remaining),
    'X-RateLimit-Reset': seconds(wall + decision.resetAfterMs),
    'X-RateLimit-Reset-After': seconds(decision.resetAfterMs),
    'X-RateLimit-Bucket': bucket,
  }
}

/**
 * The 429 for a refused request. Retry-After is in whole seconds, as RFC 9110 has it, rounded up; the body has the
 * exact figure. The global limit is no route's, so its reply has no bucket.
 */
export function rateLimited(input: RateHeaderInput, scope: RateScope): HttpReply {
  const global = scope === 'global'
  const wait = Math.max(0, input.decision.resetAfterMs)
  const headers: Record<string, string> = {
    ...(global ? { 'X-RateLimit-Global': 'true' } : rateHeaders(input)),
    'X-RateLimit-Scope': scope,
    'Retry-After': String(Math.ceil(wait / 1000)),
    // discord.py takes a 429 without it for a ban by a proxy, and gives up instead of waiting.
    Via: '1.1 guildhall',
  }
  const message = scope === 'shared' ? 'The resource is being rate limited.' : 'You are being rate limited.'
  return jsonReply(429, { message, retry_after: Math.ceil(wait) / 1000, global }, headers)
}

/** What sums of a clock's fractions may be off by: a window of 5 seconds is not one of 5.001. */
const INEXACT_MS = 1e-6

/** Milliseconds as seconds, rounded up: a client that waits as long as it is told must not come too early. */
function seconds(milliseconds: number): string {
  return (Math.ceil(milliseconds - INEXACT_MS) / 1000).toFixed(3)
}
