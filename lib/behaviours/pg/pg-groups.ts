import type { NodeAddress, Pid } from '../../kernel/pid.ts'
import { termKey } from '../../kernel/term-key.ts'
import { Members } from './pg-members.ts'

/** Groups with at least one member each, by their names, which are any terms. */
export class Groups {
  readonly #home: NodeAddress
  readonly #groups = new Map<unknown, readonly [group: unknown, members: Members]>()

  constructor(home: NodeAddress) {
    this.#home = home
  }

  get size(): number {
    return this.#groups.size
  }

  join(group: unknown, pids: readonly Pid[]): void {
    if (pids.length === 0) return
    const key = termKey(group)
    let found = this.#groups.get(key)
    if (found === undefined) {
      found = [group, new Members(this.#home)]
      this.#groups.set(key, found)
    }
    found[1].join(pids)
  }

  /** Takes one membership away for each of `pids`; false when none of them had one. */
  leave(group: unknown, pids: readonly Pid[]): boolean {
    const key = termKey(group)
    const members = this.#groups.get(key)?.[1]
    if (members === undefined) return false
    let left = false
    for (const pid of pids) left = members.leave(pid) || left
    if (members.size === 0) this.#groups.delete(key)
    return left
  }

  members(group: unknown): Members | undefined {
    return this.#groups.get(termKey(group))?.[1]
  }

  /** Each group with its members. */
  list(): readonly (readonly [group: unknown, members: Members])[] {
    return [...this.#groups.values()]
  }
}
