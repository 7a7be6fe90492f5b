/** `guildhall/gateway`: HTTP, WebSockets and Discord's Gateway framing, without any chat in it. */

export { Burst } from './burst.ts'
export { chooseTransport, type TransportChoice } from './choose.ts'
export {
  adoptEvent,
  type ClientFrame,
  type DecodedFrame,
  decodeClientFrame,
  type EventFrame,
  encodeEvent,
  eventName,
  HEARTBEAT_ACK_FRAME,
  HEARTBEAT_FRAME,
  helloFrame,
  INVALID_SESSION_FRAME,
  INVALID_SESSION_RESUMABLE_FRAME,
  patchSequence,
  RECONNECT_FRAME,
} from './frame.ts'
export { Heartbeat } from './heartbeat.ts'
export { Outbox, WriteTurn } from './outbox.ts'
export { type ClientOpcode, CloseCode, isClientOpcode, Opcode } from './protocol.ts'
export {
  CLIENT_FRAME_RULE,
  GLOBAL_RULE,
  IDENTIFY_CONCURRENCY_RULE,
  IDENTIFY_RULE,
  INVALID_REQUEST_RULE,
  RateBucket,
  type RateDecision,
  type RateHeaderInput,
  type RateRule,
  type RateScope,
  RateTable,
  rateHeaders,
  rateLimited,
} from './rate-limit.ts'
export { EMPTY_REPLY, errorReply, type HttpReply, jsonReply } from './reply.ts'
export { type Resumable, ResumeWindow, type ResumeWindowLimits } from './resume-window.ts'
export { type Match, type Method, type NoMatch, type Params, type RouteHandler, Router } from './router.ts'
export type {
  Connection,
  Handlers,
  HttpHead,
  HttpRequest,
  Listener,
  ListenOptions,
  Transport,
  TransportLimits,
  TransportName,
} from './transport.ts'
