import { TOKEN_CACHE_MS, TOKENS_CACHED } from '../internal/limits.ts'
import type { Clock } from '../kernel/host.ts'
import type { Storage } from '../storage/port.ts'
import type { User } from '../storage/records.ts'
import { hashToken, tokenUser } from '../storage/token.ts'

interface Entry {
  readonly user: User
  readonly until: number
}

/**
 * Who a request's Authorization header proves to be: `Bot TOKEN`, as Discord has it. Each token that was found is
 * remembered for a few seconds, by its hash, so that a busy bot costs the storage one read in that time; a token that
 * was taken away works no longer than that. One that was not found is not remembered: it may be made at any moment.
 */
export class Authentication {
  readonly #storage: Pick<Storage, 'userByToken'>
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #known = new Map<string, Entry>()

  constructor(storage: Pick<Storage, 'userByToken'>, clock: Pick<Clock, 'monotonic'>) {
    this.#storage = storage
    this.#clock = clock
  }

  /** The user, or null. Fails as the storage does. */
  async user(authorization: string | undefined): Promise<User | null> {
    const token = /^Bot (\S+)$/.exec(authorization ?? '')?.[1]
    if (token === undefined || tokenUser(token) === null) return null
    const hash = hashToken(token)
    const known = this.#known.get(hash)
    if (known !== undefined && this.#clock.monotonic() < known.until) return known.user
    this.#known.delete(hash)
    const user = await this.#storage.userByToken(hash)
    if (user !== null) this.#remember(hash, user)
    return user
  }

  #remember(hash: string, user: User): void {
    const oldest = this.#known.size >= TOKENS_CACHED ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(hash, { user, until: this.#clock.monotonic() + TOKEN_CACHE_MS })
  }
}
