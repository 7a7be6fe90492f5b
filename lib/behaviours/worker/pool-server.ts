import type { From } from '../../kernel/context.ts'
import { type DownMessage, exit } from '../../kernel/exit.ts'
import { type Pid, type Ref, samePid } from '../../kernel/pid.ts'
import type { Name } from '../../kernel/protocol.ts'
import type { GenServer, Self } from '../gen-server/gen-server.ts'
import { noreply, ok, reply } from '../gen-server/results.ts'
import { child } from '../supervisor/child-spec.ts'
import * as DynamicSupervisor from '../supervisor/dynamic-supervisor.ts'
import type { DynamicSupervisorApi } from '../supervisor/dynamic-supervisor-server.ts'
import { type Job, type JobResult, WorkerThread } from './worker-thread.ts'

/** A process that owns a thread. It ends with the thread, the thread with it. */
export interface PoolWorkerApi {
  state: WorkerThread
  call: { run(job: Job): JobResult }
}

const PoolWorker: GenServer<PoolWorkerApi> = {
  init() {
    return ok(this.own(new WorkerThread((reason) => this.node.exit(this.self, reason))))
  },
  handleCall: {
    async run(job, _from, thread) {
      return reply(await thread.run(job), thread)
    },
  },
}

export interface PoolStatus {
  /** Threads that were started and run. */
  readonly threads: number
  /** Those of them that nobody uses. */
  readonly idle: number
  /** Callers that wait for one. */
  readonly waiting: number
}

export type CheckoutResult = readonly ['ok', Pid<PoolWorkerApi>] | readonly ['error', 'busy' | 'timeout']

/** What a pool answers; the functions in pool.ts ask for it. */
export interface PoolApi {
  state: PoolState
  init: [workers: Name<DynamicSupervisorApi>, threads: number, queue: number]
  call: { checkout(request: { timeout: number }): CheckoutResult; status(): PoolStatus }
  cast: { checkin(lease: { worker: Pid }): void; discard(lease: { worker: Pid }): void }
  info: DownMessage | WaitedTooLong
}

/** A worker: idle, or used by whoever checked it out. */
interface Thread {
  readonly worker: Pid<PoolWorkerApi>
  user: User | undefined
}

/** Who uses a worker, or waits for one. */
interface User {
  readonly from: From<CheckoutResult>
  /** The monitor of the process; undefined for the code outside any process. */
  readonly monitor: Ref | undefined
  timer: Ref | undefined
}

interface WaitedTooLong {
  readonly type: 'waited_too_long'
  readonly user: User
}

export interface PoolState {
  readonly workers: Name<DynamicSupervisorApi>
  readonly size: number
  readonly queue: number
  /** By the monitors of their workers. */
  readonly threads: Map<Ref, Thread>
  readonly idle: Thread[]
  /** The longest wait first. */
  readonly waiting: Set<User>
}

/**
 * Lends threads to callers, the one that has waited longest first.
 *
 *     checkout ──> an idle thread, or a new one while there are fewer than `size` ──> ['ok', worker]
 *              ──> else a place in the queue ──> a thread comes back, or another takes the place of one that ended
 *              ──> else ['error', 'busy']
 *
 * The thread of a user that ended without giving it back is stopped: nobody knows what it is at.
 */
export const PoolServer: GenServer<PoolApi> = {
  init(workers, size, queue) {
    const state: PoolState = { workers, size, queue, threads: new Map(), idle: [], waiting: new Set() }
    return ok(state)
  },

  handleCall: {
    async checkout({ timeout }, from, state) {
      const isFree = state.idle.length > 0 || state.threads.size < state.size
      if (!isFree && state.waiting.size >= state.queue) return reply(['error', 'busy'], state)
      const monitor = from.pid === undefined ? undefined : this.monitor(from.pid)
      const user: User = { from, monitor, timer: undefined }
      state.waiting.add(user)
      await serve(this, state)
      if (state.waiting.has(user) && timeout !== Number.POSITIVE_INFINITY) {
        user.timer = this.sendAfter(timeout, this.self, { type: 'waited_too_long', user })
      }
      return noreply(state)
    },
    status: (_request, _from, state) => {
      const { threads, idle, waiting } = state
      return reply({ threads: threads.size, idle: idle.length, waiting: waiting.size }, state)
    },
  },

  handleCast: {
    async checkin({ worker }, state) {
      const thread = usedThread(state, worker)
      if (thread !== undefined) {
        forget(this, state, thread.user)
        thread.user = undefined
        state.idle.push(thread)
        await serve(this, state)
      }
      return noreply(state)
    },
    discard({ worker }, state) {
      const thread = usedThread(state, worker)
      if (thread !== undefined) stopThread(this, state, thread)
      return noreply(state)
    },
  },

  async handleInfo(message, state) {
    if (message.type === 'waited_too_long') {
      const { user } = message as WaitedTooLong
      if (!state.waiting.has(user)) return noreply(state)
      forget(this, state, user)
      this.reply(user.from, ['error', 'timeout'])
    } else await ended(this, state, (message as DownMessage).ref)
    return noreply(state)
  },
}

/** A worker has ended, or somebody who uses one or waits for one. */
async function ended(self: Self<PoolApi>, state: PoolState, monitor: Ref): Promise<void> {
  const thread = state.threads.get(monitor)
  if (thread !== undefined) {
    state.threads.delete(monitor)
    forget(self, state, thread.user)
    const index = state.idle.indexOf(thread)
    if (index >= 0) state.idle.splice(index, 1)
    return serve(self, state)
  }
  for (const used of state.threads.values()) if (used.user?.monitor === monitor) stopThread(self, state, used)
  for (const user of state.waiting) if (user.monitor === monitor) forget(self, state, user)
}

/** Gives workers to those who wait, as long as there are both. */
async function serve(self: Self<PoolApi>, state: PoolState): Promise<void> {
  for (const user of state.waiting) {
    const thread = state.idle.pop() ?? (await startThread(self, state))
    if (thread === undefined) return
    state.waiting.delete(user)
    if (user.timer !== undefined) self.cancelTimer(user.timer)
    thread.user = user
    self.reply(user.from, ['ok', thread.worker])
  }
}

async function startThread(self: Self<PoolApi>, state: PoolState): Promise<Thread | undefined> {
  if (state.threads.size >= state.size) return undefined
  const spec = child(PoolWorker, [], { restart: 'temporary' })
  const started = await DynamicSupervisor.startChild(self, state.workers, spec)
  if (started === 'ignore' || started[0] === 'error') return exit(started)
  const [, worker] = started
  const thread: Thread = { worker, user: undefined }
  state.threads.set(self.monitor(worker), thread)
  return thread
}

/** It counts until it is down, but nobody gets it any more. */
function stopThread(self: Self<PoolApi>, state: PoolState, thread: Thread): void {
  forget(self, state, thread.user)
  thread.user = undefined
  self.exit(thread.worker, 'shutdown')
}

/** The user is no longer one. */
function forget(self: Self<PoolApi>, state: PoolState, user: User | undefined): void {
  if (user === undefined) return
  state.waiting.delete(user)
  if (user.monitor !== undefined) self.demonitor(user.monitor, { flush: true })
  if (user.timer !== undefined) self.cancelTimer(user.timer)
}

function usedThread(state: PoolState, worker: Pid): Thread | undefined {
  for (const thread of state.threads.values()) {
    if (thread.user !== undefined && samePid(thread.worker, worker)) return thread
  }
  return undefined
}
