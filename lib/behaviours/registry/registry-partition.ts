import { fault } from '../../internal/errors.ts'
import { REGISTRY_LOCK_WAITERS } from '../../internal/limits.ts'
import { Ring } from '../../internal/ring.ts'
import type { From } from '../../kernel/context.ts'
import { isDownMessage } from '../../kernel/message-kind.ts'
import type { Ref } from '../../kernel/pid.ts'
import { termKey } from '../../kernel/term-key.ts'
import type { GenServer, Self } from '../gen-server/gen-server.ts'
import { noreply, ok, reply } from '../gen-server/results.ts'
import { KeyTable, PidTable } from './registry-table.ts'

/**
 * A partition of a registry: the process whose life the registrations are tied to, with the tables that are read and
 * written directly by whoever registers and looks up. It is linked with each process that is registered here and traps
 * exits, so when it ends they do and not the other way round. What it is asked is only for the locks:
 *
 *     caller                       partition
 *     lock(key, ref)   ───────>    free: reply, monitor the caller       taken: wait in line
 *     (runs)
 *     unlock(key, ref) ───────>    next in line whose process lives, or forget the lock
 */
export interface PartitionApi {
  state: Partition
  call: {
    /** Resolves when the caller has the lock, whose further name is `ref`. */
    lock(request: LockRequest): 'ok' | 'system_limit'
  }
  cast: {
    /** Gives the lock back, or the place in the line. */
    unlock(request: LockRequest): void
  }
}

interface LockRequest {
  readonly key: unknown
  readonly ref: Ref
}

interface Waiting {
  readonly ref: Ref
  readonly from: From<'ok' | 'system_limit'>
}

interface Lock {
  readonly key: unknown
  holder: Ref
  monitor: Ref
  readonly line: Ring<Waiting>
}

export class Partition {
  readonly keys: KeyTable = new KeyTable()
  readonly pids: PidTable = new PidTable()
  readonly locks: Map<unknown, Lock> = new Map()
  /** The locks that are held, by the monitor of who holds them. */
  readonly held: Map<number, Lock> = new Map()
  /** How many wait in line. */
  waiting = 0
}

export const PartitionServer: GenServer<PartitionApi> = {
  init() {
    this.trapExit(true)
    return ok(new Partition())
  },
  handleCall: {
    lock({ key, ref }, from, state) {
      if (from.pid === undefined) throw fault('badarg', 'a lock is for a process')
      const lock = state.locks.get(termKey(key))
      if (lock === undefined) {
        const made: Lock = { key, holder: ref, monitor: this.monitor(from.pid), line: new Ring(8) }
        state.locks.set(termKey(key), made)
        state.held.set(made.monitor.id, made)
        return reply('ok', state)
      }
      if (state.waiting >= REGISTRY_LOCK_WAITERS) return reply('system_limit', state)
      state.waiting++
      lock.line.push({ ref, from })
      return noreply(state)
    },
  },
  handleCast: {
    unlock({ key, ref }, state) {
      const lock = state.locks.get(termKey(key))
      if (lock === undefined) return noreply(state)
      if (lock.holder === ref) {
        this.demonitor(lock.monitor, { flush: true })
        state.held.delete(lock.monitor.id)
        passOn(this, state, lock)
      } else leaveLine(state, lock, ref)
      return noreply(state)
    },
  },
  /** DOWN of a process that holds a lock. EXITs of those that were registered need nothing: their entries are gone. */
  handleInfo(message, state) {
    const lock = isDownMessage(message) ? state.held.get(message.ref.id) : undefined
    if (lock !== undefined) {
      state.held.delete(lock.monitor.id)
      passOn(this, state, lock)
    }
    return noreply(state)
  },
}

/** The lock is free: the next in line has it. */
function passOn(self: Self<PartitionApi>, state: Partition, lock: Lock): void {
  while (lock.line.size > 0) {
    const { from, ref } = lock.line.shift()!
    state.waiting--
    if (from.pid === undefined || !self.node.isAlive(from.pid)) continue
    lock.holder = ref
    lock.monitor = self.monitor(from.pid)
    state.held.set(lock.monitor.id, lock)
    return self.reply(from, 'ok')
  }
  state.locks.delete(termKey(lock.key))
}

/** A call that was given up before it had the lock. */
function leaveLine(state: Partition, { line }: Lock, ref: Ref): void {
  for (let i = 0; i < line.size; i++) {
    if (line.at(i)?.ref !== ref) continue
    line.removeAt(i)
    state.waiting--
    return
  }
}
