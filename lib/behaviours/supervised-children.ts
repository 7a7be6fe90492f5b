import { keyOf } from '../kernel/links.ts'
import type { NodeAddress, Pid } from '../kernel/pid.ts'
import { termKey } from '../kernel/term-key.ts'
import type { CompleteChildSpec } from './child-spec.ts'

/** A child as its supervisor sees it. */
export class SupervisedChild {
  readonly spec: CompleteChildSpec
  /** The process that runs, or that ran last when the child is `restarting`; undefined when it is stopped. */
  pid: Pid | undefined = undefined
  /** Its last start failed, and is to be tried again. */
  restarting = false

  constructor(spec: CompleteChildSpec) {
    this.spec = spec
  }

  /** The process of the child, if it has one that runs. */
  get running(): Pid | undefined {
    return this.restarting ? undefined : this.pid
  }

  /** As `which_children` shows it. */
  get status(): Pid | 'restarting' | undefined {
    return this.restarting ? 'restarting' : this.pid
  }

  /** OTP's term for a child in reports, where one that is to be tried again is `{restarting, Pid}`. */
  get reportedPid(): unknown {
    return this.restarting ? ['restarting', this.pid] : this.pid
  }
}

/**
 * The children of a supervisor in the order they were started, found by id or by pid without a search. A child that is
 * started again keeps its place.
 */
export class SupervisedChildren {
  readonly #home: NodeAddress
  readonly #byId = new Map<unknown, SupervisedChild>()
  readonly #byPid = new Map<number | string, SupervisedChild>()

  /** `home` is the address of the supervisor's node. */
  constructor(home: NodeAddress, specs: readonly CompleteChildSpec[]) {
    this.#home = home
    for (const spec of specs) this.add(new SupervisedChild(spec))
  }

  /** In the order they were started. */
  [Symbol.iterator](): IterableIterator<SupervisedChild> {
    return this.#byId.values()
  }

  get size(): number {
    return this.#byId.size
  }

  newestFirst(): SupervisedChild[] {
    return [...this].reverse()
  }

  find(id: unknown): SupervisedChild | undefined {
    return this.#byId.get(termKey(id))
  }

  /** The child whose running process is `pid`. */
  ofPid(pid: Pid): SupervisedChild | undefined {
    return this.#byPid.get(keyOf(pid, this.#home))
  }

  add(child: SupervisedChild): void {
    this.#byId.set(termKey(child.spec.id), child)
    if (child.pid !== undefined) this.#byPid.set(keyOf(child.pid, this.#home), child)
  }

  remove(child: SupervisedChild): void {
    this.stopped(child)
    this.#byId.delete(termKey(child.spec.id))
  }

  started(child: SupervisedChild, pid: Pid | undefined): void {
    this.stopped(child)
    child.pid = pid
    if (pid !== undefined) this.#byPid.set(keyOf(pid, this.#home), child)
  }

  stopped(child: SupervisedChild): void {
    this.#forgetPid(child)
    child.pid = undefined
    child.restarting = false
  }

  /** The child could not be started: it is to be tried again; `before` is the process that it was. */
  failed(child: SupervisedChild, before: Pid | undefined): void {
    this.#forgetPid(child)
    child.pid = before
    child.restarting = true
  }

  #forgetPid(child: SupervisedChild): void {
    const { running } = child
    if (running !== undefined) this.#byPid.delete(keyOf(running, this.#home))
  }
}
