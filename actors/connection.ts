import { type GenServer, noreply, ok, stop } from '../lib/behaviours/index.ts'
import {
  type ClientFrame,
  decodeClientFrame,
  HEARTBEAT_ACK_FRAME,
  helloFrame,
  INVALID_SESSION_FRAME,
  RECONNECT_FRAME,
} from '../lib/gateway/frame.ts'
import { Heartbeat } from '../lib/gateway/heartbeat.ts'
import { CloseCode, Opcode } from '../lib/gateway/protocol.ts'
import { CLIENT_FRAME_RULE, RateBucket } from '../lib/gateway/rate-limit.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import type { ConnectionApi, ConnectionProcess, ConnectionState } from './connection-protocol.ts'
import { identify, resume } from './login.ts'
import type { Close, SessionApi } from './session-protocol.ts'

/**
 * One WebSocket. The process owns it: when it ends, however it does, the socket is closed.
 *
 *     transport ── frames ──> connection ── heartbeats, presence ──> session
 *               <───────── events, straight from the session ───────────┘
 *
 *     HELLO ──> nameless ── IDENTIFY, RESUME ──> in a session        closed with 4000 when the session crashes
 *                  ^                                  │
 *                  └───────── INVALID_SESSION ────────┘
 *
 * It says HELLO, expects heartbeats (4009), counts frames (4008), and refuses what is out of order: a frame that is not
 * one (4001, 4002), opcodes before IDENTIFY (4003) and a second IDENTIFY (4005). The rules of IDENTIFY and RESUME are
 * in login.ts. When the node is shut down the client is told to reconnect.
 */
export const GatewayConnection: GenServer<ConnectionApi> = {
  moduleName: 'GatewayConnection',
  init(house, socket, options) {
    this.trapExit(true)
    this.own({ [Symbol.dispose]: () => socket.terminate() })
    const { heartbeatMs, heartbeatGraceMs } = house.settings
    const heartbeat = new Heartbeat(house.node.host.monotonic(), heartbeatMs, heartbeatGraceMs)
    const state: ConnectionState = {
      house,
      socket,
      options,
      heartbeat,
      frames: new RateBucket(CLIENT_FRAME_RULE),
      session: null,
    }
    if (!VERSIONS.includes(options.version)) {
      socket.close(CloseCode.INVALID_API_VERSION, 'Invalid API version.')
      return stop('normal')
    }
    socket.send(helloFrame(heartbeatMs))
    this.sendAfter(Math.ceil(heartbeatMs + heartbeatGraceMs), this.self, { type: 'heartbeat_due' })
    return ok(state)
  },

  handleCall: {},

  handleCast: {
    async frame(bytes, state) {
      const closing = await onFrame(this, state, bytes)
      return closing === undefined ? noreply(state) : close(this, state, closing)
    },
    drained(_request, state) {
      if (state.session !== null) this.cast(state.session.pid, 'drained')
      return noreply(state)
    },
    closed({ code }, state) {
      const final = code === CloseCode.NORMAL || code === CloseCode.GOING_AWAY
      if (state.session !== null) this.cast(state.session.pid, 'detach', { connection: this.self, final })
      return stop('normal', state)
    },
    close(closing, state) {
      return close(this, state, closing)
    },
    superseded(_request, state) {
      leaveSession(this, state)
      return close(this, state, { code: CloseCode.UNKNOWN_ERROR, reason: 'The session was resumed elsewhere.' })
    },
    invalidate(_request, state) {
      leaveSession(this, state)
      state.socket.send(INVALID_SESSION_FRAME)
      return noreply(state)
    },
  },

  handleInfo(message, state) {
    switch (message.type) {
      case 'heartbeat_due':
        return awaitHeartbeat(this, state)
      case 'DOWN':
        if (message.ref !== state.session?.monitor) return noreply(state)
        state.session = null
        return close(this, state, { code: CloseCode.UNKNOWN_ERROR, reason: 'The session has crashed.' })
      default:
        return noreply(state)
    }
  },

  /** When the node is shut down, and when it crashes itself, the client is told to come back. */
  terminate(reason, { socket }) {
    if (reason === 'shutdown') {
      socket.send(RECONNECT_FRAME)
      socket.close(CloseCode.SERVICE_RESTART, 'Shutting down.')
    } else if (reason !== 'normal') socket.close(CloseCode.UNKNOWN_ERROR, 'The connection has crashed.')
  },
}

const VERSIONS: readonly number[] = [9, 10]

async function onFrame(
  process: ConnectionProcess,
  state: ConnectionState,
  bytes: Uint8Array,
): Promise<Close | undefined> {
  const now = state.house.node.host.monotonic()
  if (!state.frames.take(now).allowed) return { code: CloseCode.RATE_LIMITED, reason: 'You send too often.' }
  const decoded = decodeClientFrame(bytes)
  if (!decoded.ok) return { code: decoded.closeCode, reason: decoded.reason }
  const { op, d } = decoded.frame
  switch (op) {
    case Opcode.HEARTBEAT:
      state.heartbeat.beat(now)
      state.socket.send(HEARTBEAT_ACK_FRAME)
      if (state.session !== null && typeof d === 'number') {
        process.cast(state.session.pid, 'acknowledge', { sequence: d })
      }
      return undefined
    case Opcode.IDENTIFY:
    case Opcode.RESUME:
      if (state.session !== null) return { code: CloseCode.ALREADY_AUTHENTICATED, reason: 'Already authenticated.' }
      return op === Opcode.IDENTIFY ? identify(process, state, d) : resume(process, state, d)
    default:
      if (state.session === null) return { code: CloseCode.NOT_AUTHENTICATED, reason: 'Not authenticated.' }
      return inSession(process, state, decoded.frame, state.session.pid)
  }
}

/** What a client asks of its session. Opcodes for what this server has not are allowed, and do nothing. */
function inSession(
  process: ConnectionProcess,
  { options }: ConnectionState,
  { op, d }: ClientFrame,
  session: Pid<SessionApi>,
): Close | undefined {
  if (op !== Opcode.PRESENCE_UPDATE) return undefined
  const presence = options.parser.presence(d)
  if (presence === undefined) return { code: CloseCode.DECODE_ERROR, reason: 'The presence is malformed.' }
  process.cast(session, 'presence', { presence })
  return undefined
}

function awaitHeartbeat(process: ConnectionProcess, state: ConnectionState) {
  const left = state.heartbeat.remaining(state.house.node.host.monotonic())
  if (left === 0) return close(process, state, { code: CloseCode.SESSION_TIMED_OUT, reason: 'Heartbeat missed.' })
  process.sendAfter(Math.ceil(left), process.self, { type: 'heartbeat_due' })
  return noreply(state)
}

/** Closes the socket in such a way that the client may resume, and ends. */
function close(process: ConnectionProcess, state: ConnectionState, { code, reason }: Close) {
  state.socket.close(code, reason)
  if (state.session !== null) process.cast(state.session.pid, 'detach', { connection: process.self, final: false })
  return stop('normal', state)
}

function leaveSession(process: ConnectionProcess, state: ConnectionState): void {
  if (state.session !== null) process.demonitor(state.session.monitor, { flush: true })
  state.session = null
}
