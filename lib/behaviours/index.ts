export {
  type AutoShutdown,
  type ChildOptions,
  type ChildSpec,
  type ChildStart,
  type CompleteChildSpec,
  child,
  type Shutdown,
} from './child-spec.ts'
export * as DynamicSupervisor from './dynamic-supervisor.ts'
export type {
  DynamicSupervisorApi,
  DynamicSupervisorSpec,
  StartDynamicChildResult,
} from './dynamic-supervisor-server.ts'
export { type GenServer, name, type Self, start, startLink, startMonitor } from './gen-server.ts'
export { createNode, OtpNode } from './otp-node.ts'
export type { StartMonitorResult, StartOptions, StartResult } from './proc-lib.ts'
export { Registry, type RegistryApi, type RegistryOptions } from './registry.ts'
export type { RestartIntensity } from './restart-intensity.ts'
export type { RestartStrategy } from './restart-strategy.ts'
export type { Restart } from './restart-type.ts'
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
export type { AnySupervisorApi, ChildCount, ChildInfo } from './supervised-children.ts'
export * as Supervisor from './supervisor.ts'
export type { StartChildResult, SupervisorApi } from './supervisor-server.ts'
export type { SupervisorSpec } from './supervisor-spec.ts'
export * as sys from './sys.ts'
