import { INVALID_SESSION_FRAME } from '../lib/gateway/frame.ts'
import { CloseCode } from '../lib/gateway/protocol.ts'
import { IDENTIFY_RULE } from '../lib/gateway/rate-limit.ts'
import { LARGE_THRESHOLD } from '../lib/internal/limits.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import type { User } from '../lib/storage/records.ts'
import { hashToken, tokenUser } from '../lib/storage/token.ts'
import type { ConnectionProcess, ConnectionState } from './connection-protocol.ts'
import type { Identify } from './gateway-parser.ts'
import type { House } from './house.ts'
import { areIntents } from './intents.ts'
import { ONLINE } from './own-presence.ts'
import { resumeSession, startSession } from './session.ts'
import type { Close, SessionApi } from './session-protocol.ts'
import { isShard } from './shard.ts'

/** IDENTIFY and RESUME. Each returns why the connection is to be closed, if it is. */

export async function identify(
  process: ConnectionProcess,
  state: ConnectionState,
  d: unknown,
): Promise<Close | undefined> {
  const { house, socket, options } = state
  const request = options.parser.identify(d)
  if (request === undefined) return { code: CloseCode.DECODE_ERROR, reason: 'The payload is malformed.' }
  const user = await authenticate(house, request.token)
  if (user === null) return AUTHENTICATION_FAILED
  const wrong = refuse(request)
  if (wrong !== undefined) return wrong
  const { intents, shard, largeThreshold = LARGE_THRESHOLD, presence = ONLINE } = request
  if (!takeIdentify(house, user, shard?.[0] ?? 0)) {
    socket.send(INVALID_SESSION_FRAME)
    return undefined
  }
  const connection = { pid: process.self, socket }
  const start = { user, intents, largeThreshold, presence, connection, resumeUrl: options.resumeUrl }
  enter(process, state, await startSession(process, house, shard === undefined ? start : { ...start, shard }))
  return undefined
}

export async function resume(
  process: ConnectionProcess,
  state: ConnectionState,
  d: unknown,
): Promise<Close | undefined> {
  const { house, socket, options } = state
  const request = options.parser.resume(d)
  if (request === undefined) return { code: CloseCode.DECODE_ERROR, reason: 'The payload is malformed.' }
  const user = await authenticate(house, request.token)
  if (user === null) return AUTHENTICATION_FAILED
  const connection = { pid: process.self, socket }
  const { answer, session } = await resumeSession(process, request.sessionId, {
    userId: user.id,
    sequence: request.sequence,
    connection,
  })
  if (answer === 'invalid_sequence') return { code: CloseCode.INVALID_SEQUENCE, reason: 'Invalid sequence.' }
  if (answer === 'resumed') enter(process, state, session!)
  else socket.send(INVALID_SESSION_FRAME)
  return undefined
}

const AUTHENTICATION_FAILED: Close = { code: CloseCode.AUTHENTICATION_FAILED, reason: 'Authentication failed.' }

/** Some libraries send their tokens here as they send them with REST, behind `Bot `. */
async function authenticate({ storage }: House, given: string): Promise<User | null> {
  const token = given.replace(/^Bot /, '')
  return tokenUser(token) === null ? null : storage.userByToken(hashToken(token))
}

function refuse({ intents, shard }: Identify): Close | undefined {
  if (!areIntents(intents)) return { code: CloseCode.INVALID_INTENTS, reason: 'Invalid intents.' }
  if (shard !== undefined && !isShard(shard)) return { code: CloseCode.INVALID_SHARD, reason: 'Invalid shard.' }
  return undefined
}

/** Counts an IDENTIFY; false when it comes too early, or is one too many of the day. */
function takeIdentify({ identifies, settings, node }: House, { id }: User, shardId: number): boolean {
  const now = node.host.monotonic()
  const { identifyConcurrency, identifyEveryMs } = settings
  const key = `${id} ${shardId % identifyConcurrency}`
  const rule = { limit: 1, windowMs: identifyEveryMs }
  return identifies.take(key, rule, now).allowed && identifies.take(id, IDENTIFY_RULE, now).allowed
}

function enter(process: ConnectionProcess, state: ConnectionState, pid: Pid<SessionApi>): void {
  state.session = { pid, monitor: process.monitor(pid) }
}
