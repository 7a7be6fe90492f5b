import { fault } from '../../internal/errors.ts'
import { POOL_QUEUE, POOL_THREADS, TASK_TIMEOUT_MS } from '../../internal/limits.ts'
import type { Caller } from '../../kernel/context.ts'
import { Exit } from '../../kernel/exit.ts'
import { countFrom, mustBeOptions, type OptionKinds, TEXT, TIME } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Dest, Name } from '../../kernel/protocol.ts'
import { inNameOf, ownerOf } from '../caller.ts'
import type { StartResult } from '../proc-lib/start.ts'
import { CHILD, type ChildOptions, type ChildSpec, child as childOf } from '../supervisor/child-spec.ts'
import * as DynamicSupervisor from '../supervisor/dynamic-supervisor.ts'
import type { DynamicSupervisorApi } from '../supervisor/dynamic-supervisor-server.ts'
import * as Supervisor from '../supervisor/supervisor.ts'
import type { SupervisorApi } from '../supervisor/supervisor-api.ts'
import type { SupervisorSpec } from '../supervisor/supervisor-spec.ts'
import { type PoolApi, PoolServer, type PoolStatus, type PoolWorkerApi } from './pool-server.ts'
import { jobOf, type ModuleFunction } from './worker-thread.ts'

/**
 * A pool of worker threads, for functions that compute: so many run at a time, so many callers may wait, and who comes
 * then is told that the pool is `busy` instead of waiting without end.
 *
 *     import { createNode, Pool } from 'guildhall'
 *
 *     await using node = createNode()
 *     await node.supervise({ children: [Pool.child({ name: 'hashers', threads: 2, queue: 100 })] })
 *
 *     const hash = { module: new URL('node:crypto'), function: 'scryptSync' }
 *     const digest = await Pool.run(node, 'hashers', hash, ['secret', 'salt', 64], { timeout: 30_000 })
 *
 *     supervisor of the pool, one_for_all
 *      ├── `hashers.threads`    a DynamicSupervisor; each child is a process that owns a thread
 *      └── `hashers`            lends them to callers, keeps the queue
 *
 *     the function returns          run resolves with the value
 *     it throws                     run rejects with what it threw; the thread goes on to the next
 *     its thread ends               run fails with the reason; another thread takes its place when one is needed
 *     time is up                    run fails with `timeout`; the thread is stopped, in a loop without end as well
 *     the caller ends               the same
 *
 * Threads are started when they are first needed, and do not keep the OS process alive when they are idle.
 *
 * When not to use it: for what waits, for disks, sockets or other processes; that takes no thread, but tasks.
 */
export interface PoolSpec {
  /** Registered for the pool. */
  readonly name: string
  /** Threads at most: POOL_THREADS unless told otherwise. */
  readonly threads?: number
  /** Callers that may wait: POOL_QUEUE unless told otherwise. */
  readonly queue?: number
}

export interface PoolOptions {
  /** Milliseconds, those in the queue included, or `Infinity`. 5000 unless told otherwise. */
  readonly timeout?: number
}

const POOL: OptionKinds<PoolSpec> = {
  name: TEXT,
  threads: { ...countFrom(1, 'threads'), right: '1 or more' },
  queue: { ...countFrom(0, 'callers'), right: '0 or more' },
}
const TIMED: OptionKinds<PoolOptions> = { timeout: TIME }

function timeoutIn(options: PoolOptions): number {
  mustBeOptions('a pool', options, TIMED)
  const { timeout = TASK_TIMEOUT_MS } = options
  return timeout
}

/** A worker that was checked out: nobody else uses it until it is checked in. */
export interface PoolLease {
  readonly type: 'lease'
  readonly pool: Dest<PoolApi>
  readonly worker: Pid<PoolWorkerApi>
}

/** Starts a pool linked to the calling process. Resolves with the pid of its supervisor; use its name. */
export function startLink(caller: Caller, spec: PoolSpec): Promise<StartResult<SupervisorApi>> {
  return Supervisor.startLink(caller, treeOf(spec))
}

/** The specification of a child that is a pool; its id is its name unless told otherwise. */
export function child(
  spec: PoolSpec,
  options: Omit<ChildOptions<SupervisorApi>, 'name'> = {},
): ChildSpec<SupervisorApi> {
  const tree = treeOf(spec)
  mustBeOptions('a child', options, CHILD)
  return Supervisor.child(tree, { id: spec.name, ...options })
}

function treeOf(spec: PoolSpec): SupervisorSpec {
  mustBeOptions('a pool', spec, POOL)
  const { name, threads = POOL_THREADS, queue = POOL_QUEUE } = spec
  if (typeof name !== 'string') throw fault('badarg', 'a pool has a name')
  const workers: Name<DynamicSupervisorApi> = { name: `${name}.threads` }
  return {
    strategy: 'one_for_all',
    children: [
      DynamicSupervisor.child({ maxChildren: threads }, { name: workers }),
      childOf(PoolServer, [workers, threads, queue], { name }),
    ],
  }
}

/**
 * Runs a function of a module in a thread of the pool and resolves with what it returns; see `offload` for what can
 * be passed. Rejects with what the function throws.
 * @throws Fault `busy` when as many callers wait as may, `undef`, `uncloneable`, `badarg`, `bad_timeout`.
 * @throws Exit with `['timeout', ...]` when the time is up, with the reason of the thread's end, or as any call does.
 */
export function run<F extends (...args: never[]) => unknown = (...args: unknown[]) => unknown>(
  caller: Caller,
  pool: Dest<PoolApi>,
  target: ModuleFunction,
  args: Parameters<F>,
  options: PoolOptions = {},
): Promise<Awaited<ReturnType<F>>> {
  return inNameOf(caller, async (owner): Promise<Awaited<ReturnType<F>>> => {
    const timeout = timeoutIn(options)
    const { host } = owner.node
    const start = host.monotonic()
    const lease = await checkout(caller, pool, { timeout })
    const left = Math.max(0, Math.ceil(timeout - (host.monotonic() - start)))
    try {
      return await runOn<F>(caller, lease, target, args, { timeout: left })
    } finally {
      checkin(caller, lease)
    }
  })
}

/**
 * Takes a worker for several jobs, and waits until there is one. Whoever takes one gives it back with `checkin`; when
 * the process ends without, the thread is stopped.
 * @throws as `run` does.
 */
export function checkout(caller: Caller, pool: Dest<PoolApi>, options: PoolOptions = {}): Promise<PoolLease> {
  return inNameOf(caller, async (owner) => {
    const timeout = timeoutIn(options)
    // The pool itself counts the time, so that no worker is lent to somebody who has given up.
    const [outcome, result] = await owner.call(pool, 'checkout', { timeout }, { timeout: Number.POSITIVE_INFINITY })
    if (outcome === 'ok') return Object.freeze({ type: 'lease', pool, worker: result })
    if (result === 'busy') throw fault('busy')
    throw owner.node.exitOf(owner, ['timeout', ['Pool', 'checkout', [pool, timeout]]])
  })
}

/** As `run`, on a worker that was checked out. When it fails with an Exit, the thread is stopped and the lease over. */
export function runOn<F extends (...args: never[]) => unknown = (...args: unknown[]) => unknown>(
  caller: Caller,
  lease: PoolLease,
  target: ModuleFunction,
  args: Parameters<F>,
  options: PoolOptions = {},
): Promise<Awaited<ReturnType<F>>> {
  return inNameOf(caller, async (owner): Promise<Awaited<ReturnType<F>>> => {
    const timeout = timeoutIn(options)
    const { pool, worker } = mustBeLease(lease)
    try {
      const [outcome, value] = await owner.call(worker, 'run', jobOf(target, args), { timeout })
      if (outcome === 'error') throw value
      return value as Awaited<ReturnType<F>>
    } catch (thrown) {
      if (thrown instanceof Exit) owner.cast(pool, 'discard', { worker })
      throw thrown
    }
  })
}

/** Gives a worker back. One that was given back before, or has ended, is no error. */
export function checkin(caller: Caller, lease: PoolLease): void {
  const { pool, worker } = mustBeLease(lease)
  ownerOf(caller).cast(pool, 'checkin', { worker })
}

function mustBeLease(lease: PoolLease): PoolLease {
  if (lease?.type !== 'lease') throw fault('badarg', 'a lease is what Pool.checkout resolves with')
  return lease
}

/** How many threads there are, how many of them are idle, and how many callers wait. */
export function status(caller: Caller, pool: Dest<PoolApi>): Promise<PoolStatus> {
  return ownerOf(caller).call(pool, 'status')
}
