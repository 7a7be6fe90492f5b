import { type GenServer, noreply, ok } from '../lib/behaviours/index.ts'
import { fault } from '../lib/internal/errors.ts'
import { STORAGE_CALL_MS, STORAGE_OPERATIONS } from '../lib/internal/limits.ts'
import type { Caller } from '../lib/kernel/context.ts'
import { describe, Exit } from '../lib/kernel/exit.ts'
import type { Dest } from '../lib/kernel/protocol.ts'
import type { Storage } from '../lib/storage/port.ts'
import type { Settled } from './pipe-to-self.ts'

/**
 * Serves the storage that its node holds to other nodes. Operations are not carried out one after the other: each is
 * begun when it comes and answered when it is done, so that the storage itself can write many with one flush.
 */
export interface StorageServiceApi {
  state: { readonly storage: Storage; pending: number }
  init: [storage: Storage]
  call: {
    run(request: { readonly operation: Operation; readonly args: readonly unknown[] }): Settled<unknown>
  }
}

type Operation = keyof Storage
type AnyOperation = (...args: readonly unknown[]) => Promise<unknown>

/** The registered name of the service on the node that holds the storage. */
export const STORAGE = 'storage'

const OPERATIONS: Readonly<Record<Operation, true>> = {
  createUser: true,
  userByToken: true,
  users: true,
  guild: true,
  guilds: true,
  guildsOf: true,
  channel: true,
  channels: true,
  member: true,
  members: true,
  invite: true,
  message: true,
  messages: true,
  raiseGeneration: true,
  commit: true,
  readOutbox: true,
  setPublished: true,
  published: true,
  trimOutbox: true,
}

export const StorageService: GenServer<StorageServiceApi> = {
  moduleName: 'StorageService',
  init: (storage) => ok({ storage, pending: 0 }),

  handleCall: {
    run({ operation, args }, from, state) {
      const answer = (settled: Settled<unknown>) => this.reply(from, settled)
      if (!Object.hasOwn(OPERATIONS, operation)) answer(['error', fault('badarg', `no operation ${operation}`)])
      else if (state.pending >= STORAGE_OPERATIONS) answer(['error', fault('storage_busy')])
      else {
        state.pending++
        run(state.storage, operation, args).then((settled) => {
          state.pending--
          answer(settled)
        })
      }
      return noreply(state)
    },
  },
}

async function run(storage: Storage, operation: Operation, args: readonly unknown[]): Promise<Settled<unknown>> {
  try {
    return ['ok', await (storage[operation] as AnyOperation).apply(storage, [...args])]
  } catch (error) {
    return ['error', error]
  }
}

/**
 * The storage that another node serves. Its promises are the storage's own. When the node cannot be reached, or does
 * not answer in STORAGE_CALL_MS, an operation fails with `storage_unreachable`: a write may have been carried out or
 * not. One that was not even sent, because the way is congested, fails with `storage_busy`.
 */
export function remoteStorage(caller: Caller, service: Dest<StorageServiceApi>): Storage {
  const call = (operation: Operation) => {
    return async (...args: readonly unknown[]) => {
      const [outcome, value] = await caller
        .call(service, 'run', { operation, args }, { timeout: STORAGE_CALL_MS })
        .catch((failure: unknown) => Promise.reject(unreachable(failure)))
      if (outcome === 'error') throw value
      return value
    }
  }
  const operations = Object.keys(OPERATIONS) as Operation[]
  return Object.fromEntries(operations.map((operation) => [operation, call(operation)])) as unknown as Storage
}

function unreachable(failure: unknown): unknown {
  if (!(failure instanceof Exit)) return failure
  const why = Array.isArray(failure.reason) ? failure.reason[0] : failure.reason
  return fault(why === 'busy' ? 'storage_busy' : 'storage_unreachable', describe(why), { cause: failure })
}
