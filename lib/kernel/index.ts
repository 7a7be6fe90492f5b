export {
  type Body,
  type Caller,
  type CallOptions,
  type CancelTimerOptions,
  type Context,
  type From,
  type MonitorOptions,
  type Offered,
  type ProcessCaller,
  type ProcessOptions,
  type ReceiveOptions,
  type SpawnedAs,
  type SpawnOptions,
  type SpawnReply,
  type SpawnRequestOptions,
  TIMEOUT,
  type TimerOptions,
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
export type { Clock, Host, Random, TextFile, TimerHandle, Watchdog } from './host.ts'
export { type LoopHandler, loop } from './loop.ts'
export type { MailboxInfo, MailboxOptions, MailboxPolicy } from './mailbox-bound.ts'
export type { Arity, Mfa } from './message-term.ts'
export type { Node, NodeOptions } from './node.ts'
export { type NodeAddress, Pid, Ref, samePid } from './pid.ts'
export type { Priority } from './priority.ts'
export type { FlagName, FlagValue, ProcessFlags } from './process-flag.ts'
export type {
  DictionaryInfo,
  DictionaryItem,
  ProcessInfo,
  ProcessInfoItem,
  ProcessInfoList,
  ProcessInfoResult,
  ProcessStatus,
} from './process-info.ts'
export type { Program } from './program.ts'
export type { Dest, Name, NameRegistry, Operations, Protocol, ReplyOf, RequestOf, Via } from './protocol.ts'
export { lineReporter, type Report, type Reporter, type ReportLevel } from './report.ts'
export { systemHost } from './system-host.ts'
export type {
  MonitorEvent,
  SystemMonitorMessage,
  SystemMonitorOptions,
  SystemMonitorSetting,
} from './system-monitor.ts'
export { equalTerms } from './term.ts'
export { TIMER_MAX_MS } from './timer-wheel.ts'
export type { TraceEvent, TraceFlag, TraceMessage } from './trace.ts'
