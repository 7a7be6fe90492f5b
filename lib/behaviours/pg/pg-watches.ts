import type { Pid, Ref } from '../../kernel/pid.ts'
import { termKey } from '../../kernel/term-key.ts'

/** What a monitor of groups is sent. Of a death there is one event for each membership. */
export type GroupEvent = readonly [ref: Ref, action: 'join' | 'leave', group: unknown, pids: readonly Pid[]]

/** A process that is told of all groups of a scope, or of one. */
interface Watch {
  readonly ref: Ref
  readonly pid: Pid
  readonly group: readonly [unknown] | undefined
}

/** Who is told of joins and leaves, by the refs of the monitors that the scope has set on them. */
export class Watches {
  readonly #byRef = new Map<number, Watch>()
  readonly #ofScope = new Map<number, Watch>()
  readonly #ofGroup = new Map<unknown, Map<number, Watch>>()

  get size(): number {
    return this.#byRef.size
  }

  /** @internal Those who are told. */
  *pids(): Generator<Pid> {
    for (const { pid } of this.#byRef.values()) yield pid
  }

  add(ref: Ref, pid: Pid, group: readonly [unknown] | undefined): void {
    const watch = { ref, pid, group }
    this.#byRef.set(ref.id, watch)
    if (group === undefined) {
      this.#ofScope.set(ref.id, watch)
      return
    }
    const key = termKey(group[0])
    const others = this.#ofGroup.get(key)
    if (others === undefined) this.#ofGroup.set(key, new Map([[ref.id, watch]]))
    else others.set(ref.id, watch)
  }

  /** False when there is no watch of this ref, or none any more. */
  remove(ref: Ref): boolean {
    const watch = this.#byRef.get(ref.id)
    if (watch === undefined) return false
    this.#byRef.delete(ref.id)
    this.#ofScope.delete(ref.id)
    if (watch.group !== undefined) {
      const key = termKey(watch.group[0])
      const others = this.#ofGroup.get(key)!
      others.delete(ref.id)
      if (others.size === 0) this.#ofGroup.delete(key)
    }
    return true
  }

  /** Sends the event to those who watch the scope, then to those who watch the group. */
  notify(
    send: (to: Pid, event: GroupEvent) => void,
    action: 'join' | 'leave',
    group: unknown,
    pids: readonly Pid[],
  ): void {
    if (this.#byRef.size === 0) return
    for (const { ref, pid } of this.#ofScope.values()) send(pid, [ref, action, group, pids])
    const ofGroup = this.#ofGroup.get(termKey(group))
    if (ofGroup !== undefined) for (const { ref, pid } of ofGroup.values()) send(pid, [ref, action, group, pids])
  }
}
