export {
  type Body,
  type Caller,
  type CallOptions,
  type CancelTimerOptions,
  type Context,
  type From,
  type MonitorOptions,
  type ReceiveOptions,
  type SpawnOptions,
  type SpawnReply,
  type SpawnRequestOptions,
  TIMEOUT,
} from './context.ts'
export {
  type DownMessage,
  describe,
  Exit,
  type ExitMessage,
  exit,
  isOrderly,
  NoCatch,
  type Reason,
  type TimeoutMessage,
} from './exit.ts'
export type { Clock, Host, Random, TimerHandle } from './host.ts'
export { type LoopHandler, loop } from './loop.ts'
export type { Node, NodeOptions } from './node.ts'
export { type NodeAddress, Pid, Ref, samePid } from './pid.ts'
export type { ProcessInfo, ProcessInfoResult } from './process-info.ts'
export type { Program } from './program.ts'
export type { Dest, Name, NameRegistry, Operations, Protocol, ReplyOf, RequestOf, Via } from './protocol.ts'
export { lineReporter, type Report, type Reporter, type ReportLevel } from './report.ts'
export { systemHost } from './system-host.ts'
export { equalTerms } from './term.ts'
export { TIMER_MAX_MS } from './timer-wheel.ts'
