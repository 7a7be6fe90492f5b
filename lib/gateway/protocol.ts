/** The numbers of Discord's Gateway v10, as its documentation names them. */

export const Opcode = {
  DISPATCH: 0,
  HEARTBEAT: 1,
  IDENTIFY: 2,
  PRESENCE_UPDATE: 3,
  VOICE_STATE_UPDATE: 4,
  RESUME: 6,
  RECONNECT: 7,
  REQUEST_GUILD_MEMBERS: 8,
  INVALID_SESSION: 9,
  HELLO: 10,
  HEARTBEAT_ACK: 11,
  /** Sent by Discord's own clients; undocumented. */
  LAZY_REQUEST: 14,
  REQUEST_SOUNDBOARD_SOUNDS: 31,
  /** Sent by Discord's own clients; undocumented. */
  GUILD_SUBSCRIPTIONS_BULK: 37,
  REQUEST_CHANNEL_INFO: 43,
} as const

type FromServer = (typeof Opcode)['DISPATCH' | 'RECONNECT' | 'INVALID_SESSION' | 'HELLO' | 'HEARTBEAT_ACK']

/** The opcodes that a client may send. Any other closes the connection with 4001. */
export type ClientOpcode = Exclude<(typeof Opcode)[keyof typeof Opcode], FromServer>

const FROM_SERVER: readonly FromServer[] = [
  Opcode.DISPATCH,
  Opcode.RECONNECT,
  Opcode.INVALID_SESSION,
  Opcode.HELLO,
  Opcode.HEARTBEAT_ACK,
]
const FROM_CLIENT: ReadonlySet<number> = new Set(
  Object.values(Opcode).filter((op) => !FROM_SERVER.some((known) => known === op)),
)

export function isClientOpcode(op: number): op is ClientOpcode {
  return FROM_CLIENT.has(op)
}

/**
 * Why a connection is closed. After 4004 and 4010 to 4014 a stock client gives up; after 1000 it identifies anew; after
 * the others it resumes or identifies. A server that moves its clients elsewhere closes with 1012 or sends RECONNECT.
 */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  /** Never sent: what a close handler is told when the connection ended without a close frame. */
  ABNORMAL: 1006,
  INTERNAL_ERROR: 1011,
  SERVICE_RESTART: 1012,
  UNKNOWN_ERROR: 4000,
  UNKNOWN_OPCODE: 4001,
  DECODE_ERROR: 4002,
  NOT_AUTHENTICATED: 4003,
  AUTHENTICATION_FAILED: 4004,
  ALREADY_AUTHENTICATED: 4005,
  INVALID_SEQUENCE: 4007,
  RATE_LIMITED: 4008,
  SESSION_TIMED_OUT: 4009,
  INVALID_SHARD: 4010,
  SHARDING_REQUIRED: 4011,
  INVALID_API_VERSION: 4012,
  INVALID_INTENTS: 4013,
  DISALLOWED_INTENTS: 4014,
} as const
