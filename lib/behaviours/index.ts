export { type GenServer, name, type Self, start, startLink, startMonitor } from './gen-server.ts'
export { createNode, OtpNode } from './otp-node.ts'
export type { StartMonitorResult, StartOptions, StartResult } from './proc-lib.ts'
export {
  type Failure,
  failure,
  type Ignore,
  ignore,
  type NoReply,
  noreply,
  type Ok,
  ok,
  type Reply,
  type ResultOptions,
  reply,
  type Stop,
  type StopReply,
  stop,
  stopReply,
} from './results.ts'
export * as sys from './sys.ts'
