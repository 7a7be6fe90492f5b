import { keyOf } from '../../kernel/links.ts'
import type { NodeAddress, Pid } from '../../kernel/pid.ts'
import { termKey } from '../../kernel/term-key.ts'
import type { CompleteChildSpec } from './child-spec.ts'

/** A child as its supervisor sees it. */
export class SupervisedChild {
  /** Another after a code change of the supervisor. */
  spec: CompleteChildSpec
  /** The process that runs, or that ran last when the child is `restarting`; undefined when it is stopped. */
  pid: Pid | undefined = undefined
  /** Its last start failed, and is to be tried again. */
  restarting = false

  constructor(spec: CompleteChildSpec) {
    this.spec = spec
  }

  /** What its start function was given besides the supervisor. */
  get extra(): readonly unknown[] {
    return []
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

  /**
   * Takes new specifications over, their order first; children that they do not name stay, behind the others. Returns
   * what undoes it, as long as nothing else has happened.
   */
  respecify(specs: readonly CompleteChildSpec[]): () => void {
    const before = Array.from(this.#byId, ([key, child]) => [key, child, child.spec] as const)
    const old = new Map(this.#byId)
    this.#byId.clear()
    for (const spec of specs) {
      const key = termKey(spec.id)
      const child = old.get(key)
      old.delete(key)
      if (child !== undefined) child.spec = spec
      this.#byId.set(key, child ?? new SupervisedChild(spec))
    }
    for (const [key, child] of old) this.#byId.set(key, child)
    return () => {
      this.#byId.clear()
      for (const [key, child, spec] of before) {
        child.spec = spec
        this.#byId.set(key, child)
      }
    }
  }

  #forgetPid(child: SupervisedChild): void {
    const { running } = child
    if (running !== undefined) this.#byPid.delete(keyOf(running, this.#home))
  }
}

/** What supervisors of every kind answer. */
export interface AnySupervisorApi {
  call: { whichChildren(): readonly ChildInfo[]; countChildren(): ChildCount }
}

/** `[id, pid, type, modules]`; the pid is undefined for a child that does not run. */
export type ChildInfo =
  | readonly [id: unknown, pid: ChildStatus<unknown>, type: 'worker', modules: Modules]
  | readonly [id: unknown, pid: ChildStatus<AnySupervisorApi>, type: 'supervisor', modules: Modules]
type ChildStatus<P> = Pid<P> | 'restarting' | undefined
type Modules = CompleteChildSpec['modules']

export function infoOf({ spec, status }: SupervisedChild): ChildInfo {
  // That a child of the type `supervisor` answers as one is what its specification says.
  return [spec.id, status as ChildStatus<AnySupervisorApi>, spec.type, spec.modules]
}

export interface ChildCount {
  /** Children, running or not. */
  readonly specs: number
  /** Those that run. */
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

/** `home` is the address of the supervisor's node: a process of another runs until its exit is heard of. */
export function countChildren(children: Iterable<SupervisedChild>, home: NodeAddress): ChildCount {
  const count = { specs: 0, active: 0, supervisors: 0, workers: 0 }
  for (const { running, spec } of children) {
    count.specs++
    if (running !== undefined && (running.process !== undefined || running.address !== home)) count.active++
    if (spec.type === 'supervisor') count.supervisors++
    else count.workers++
  }
  return count
}
