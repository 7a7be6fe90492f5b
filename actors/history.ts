import type { APIMessage } from 'discord-api-types/v10'
import { type GenServer, noreply, ok, type Self, stop } from '../lib/behaviours/index.ts'
import { HISTORY_IDLE_MS, HISTORY_PAUSE_MS, HISTORY_READS } from '../lib/internal/limits.ts'
import type { Caller, From } from '../lib/kernel/context.ts'
import type { MessageQuery } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { authorize } from './guild-client.ts'
import { type HistoryQuery, readHistory } from './history-read.ts'
import type { House } from './house.ts'
import { type Outcome, refused, unwrap } from './outcome.ts'
import { pipeToSelf, type Settled } from './pipe-to-self.ts'
import { callActor, type Kind } from './routing.ts'

/**
 * One for each channel that is being read: those who ask for the same at the same time share one read of the storage.
 *
 *     r1 ─────> read 1 ─────────────────> r1
 *        r2 r3 r4 ...  wait for the next     read 2 ─────────────> r2 r3 r4 ...
 *
 * Who comes while a read is under way does not get its result, but waits for the next: that one has begun after it was
 * asked for, so it shows everything that was acknowledged by then. The next begins a moment later, so that those who
 * have just been answered and ask again come along: a thousand readers cost two or three reads.
 */
export interface HistoryApi {
  state: HistoryState
  init: [house: House, channelId: Snowflake]
  call: { read(query: HistoryQuery): Outcome<readonly APIMessage[]> }
  info:
    | 'timeout'
    | { readonly type: 'read'; readonly key: string; readonly settled: Settled<readonly APIMessage[]> }
    | { readonly type: 'next'; readonly key: string }
}

interface HistoryState {
  readonly house: House
  readonly channelId: Snowflake
  /** The reads under way, by what is read. */
  readonly reads: Map<string, Read>
  waiting: number
}

type Reader = From<Outcome<readonly APIMessage[]>>

interface Read {
  readonly query: HistoryQuery
  readonly readers: readonly Reader[]
  /** Who came since, and waits for the next one. */
  readonly next: Reader[]
}

export const HISTORIES: Kind<HistoryApi> = { directory: 'histories', placement: 'cluster' }

export const History: GenServer<HistoryApi> = {
  moduleName: 'History',
  init: (house, channelId) => ok({ house, channelId, reads: new Map(), waiting: 0 }, IDLE),

  handleCall: {
    read(query, from, state) {
      if (state.waiting >= HISTORY_READS) this.reply(from, refused('guild_busy', `${state.waiting} reads wait`))
      else {
        state.waiting++
        const key = JSON.stringify(query)
        const read = state.reads.get(key)
        if (read === undefined) startRead(this, state, key, query, [from])
        else read.next.push(from)
      }
      return noreply(state)
    },
  },

  handleInfo(message, state) {
    if (message === 'timeout') return stop('normal', state)
    const { query, readers, next } = state.reads.get(message.key)!
    if (message.type === 'next') startRead(this, state, message.key, query, next)
    else {
      const { key, settled } = message
      const outcome = settled[0] === 'ok' ? settled : refused('guild_unavailable', 'the storage could not be read')
      for (const from of readers) this.reply(from, outcome)
      state.waiting -= readers.length
      if (next.length === 0) state.reads.delete(key)
      else this.sendAfter(HISTORY_PAUSE_MS, this.self, { type: 'next', key })
    }
    return noreply(state, state.reads.size === 0 ? IDLE : undefined)
  },
}

const IDLE = { timeout: HISTORY_IDLE_MS }

function startRead(
  process: Self<HistoryApi>,
  { house, channelId, reads }: HistoryState,
  key: string,
  query: HistoryQuery,
  readers: readonly Reader[],
): void {
  reads.set(key, { query, readers, next: [] })
  pipeToSelf(process, readHistory(house.storage, channelId, query), (settled) => ({ type: 'read', key, settled }))
}

/** A channel's messages, the newest first. Fails as the functions of guild-client.ts do. */
export async function messages(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  query: MessageQuery,
): Promise<readonly APIMessage[]> {
  return read(caller, house, userId, channelId, { page: query })
}

/** One message; `unknown_message` when there is none. */
export async function message(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  messageId: Snowflake,
): Promise<APIMessage> {
  const [found] = await read(caller, house, userId, channelId, { messageId })
  return found ?? unwrap(refused('unknown_message', `${messageId} in channel ${channelId}`))
}

async function read(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  query: HistoryQuery,
): Promise<readonly APIMessage[]> {
  await authorize(caller, house, userId, channelId)
  return unwrap(await callActor(caller, house, HISTORIES, channelId, 'read', () => query))
}
