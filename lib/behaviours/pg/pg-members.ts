import { type NodeAddress, type Pid, sameAddress } from '../../kernel/pid.ts'

/**
 * The members of a group, each as often as it has joined, the newest first; leaving takes away the newest membership.
 *
 *     memberships   1 ─> p   2 ─> q   3 ─> p      in the order of joining; the list is p, q, p
 *     of            p ─> [1, 3]   q ─> [2]
 *
 * Joining and leaving cost the same in a group of any size. The lists are made when they are asked for, and kept until
 * the next change.
 */
export class Members {
  readonly #home: NodeAddress
  readonly #memberships = new Map<number, Pid>()
  readonly #of = new Map<number | string, number[]>()
  #next = 1
  #all: readonly Pid[] | undefined
  #local: readonly Pid[] | undefined
  #locals = 0

  /** `home` is the address of the node whose processes count as local. */
  constructor(home: NodeAddress) {
    this.#home = home
  }

  get size(): number {
    return this.#memberships.size
  }

  /** How many memberships are of local processes. */
  get locals(): number {
    return this.#locals
  }

  /** The memberships are in front of the present ones, in the order of `pids`. */
  join(pids: readonly Pid[]): void {
    for (let i = pids.length - 1; i >= 0; i--) this.#add(pids[i]!)
  }

  #add(pid: Pid): void {
    const id = this.#next++
    this.#memberships.set(id, pid)
    const ids = this.#of.get(this.#keyOf(pid))
    if (ids === undefined) this.#of.set(this.#keyOf(pid), [id])
    else ids.push(id)
    if (this.#isLocal(pid)) this.#locals++
    this.#changed()
  }

  /** Takes one membership of `pid` away; false when it has none. */
  leave(pid: Pid): boolean {
    const key = this.#keyOf(pid)
    const ids = this.#of.get(key)
    if (ids === undefined) return false
    this.#memberships.delete(ids.pop()!)
    if (ids.length === 0) this.#of.delete(key)
    if (this.#isLocal(pid)) this.#locals--
    this.#changed()
    return true
  }

  #isLocal(pid: Pid): boolean {
    return sameAddress(pid.address, this.#home)
  }

  /** The list of all members, the newest membership first. */
  all(): readonly Pid[] {
    this.#all ??= Object.freeze([...this.#memberships.values()].reverse())
    return this.#all
  }

  /** The members that live on the home node, in the same order. */
  local(): readonly Pid[] {
    this.#local ??= Object.freeze(this.all().filter((pid) => this.#isLocal(pid)))
    return this.#local
  }

  #keyOf(pid: Pid): number | string {
    return this.#isLocal(pid) ? pid.id : String(pid)
  }

  #changed(): void {
    this.#all = undefined
    this.#local = undefined
  }
}
