export * as Agent from './agent.ts'
export type { ApplicationInfo, ApplicationName, EnvOptions } from './application/application.ts'
export * as Application from './application/application.ts'
export type { ApplicationKeys } from './application/application-keys.ts'
export {
  type ApplicationDefinition,
  type ApplicationSpec,
  type ApplicationStart,
  defineApplication,
  type StartType,
} from './application/application-spec.ts'
export * as GenEvent from './gen-event/gen-event.ts'
export type { EventHandler, HandlerProtocol, HandlerRef } from './gen-event/gen-event-handler.ts'
export {
  type EnterLoopOptions,
  enterLoop,
  type GenServer,
  name,
  type Self,
  start,
  startLink,
  startMonitor,
} from './gen-server/gen-server.ts'
export {
  checkResponse,
  type LabelledResponse,
  type RequestIds,
  type ResponseTimeout,
  receiveResponse,
  reqidsAdd,
  reqidsNew,
  reqidsSize,
  reqidsToList,
  sendRequest,
  waitResponse,
} from './gen-server/gen-server-requests.ts'
export { abcast, type MultiCallOptions, type MultiCallResult, multiCall } from './gen-server/multi-call.ts'
export type { RequestId, Response, ResponseMessage } from './gen-server/request-ids.ts'
export {
  type BareStop,
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
} from './gen-server/results.ts'
export type { FormatStatus } from './gen-server/server-report.ts'
export * as ConsumerSupervisor from './gen-stage/consumer-supervisor.ts'
export type {
  ConsumerSupervisorApi,
  ConsumerSupervisorModule,
  ConsumerSupervisorSpec,
  EventChildSpec,
} from './gen-stage/consumer-supervisor-server.ts'
export * as GenStage from './gen-stage/gen-stage.ts'
export * as GenStatem from './gen-statem/gen-statem.ts'
export type {
  HandleEventFunction,
  InsertedEvent,
  StateFunction,
  StateFunctions,
  StateMachine,
  StatemAction,
  StatemActions,
  StatemEvent,
  StatemInit,
  StatemProtocol,
  StatemResult,
} from './gen-statem/state-machine.ts'
export type { StatemStatus } from './gen-statem/statem-status.ts'
export { _, type Bindings, type Guard, type Pattern, Variable, variable } from './match-pattern.ts'
export { createNode, OtpNode } from './otp-node.ts'
export * as pg from './pg/pg.ts'
export type { GroupList, PgApi } from './pg/pg-scope.ts'
export type { GroupEvent } from './pg/pg-watches.ts'
export { type PinoLogger, pinoReporter } from './pino-reporter.ts'
export * as procLib from './proc-lib/proc-lib.ts'
export {
  type AlreadyStarted,
  type AnyStartResult,
  isAlreadyStarted,
  type StartMonitorResult,
  type StartOptions,
  type StartResult,
} from './proc-lib/start.ts'
export { Registry } from './registry/registry.ts'
export type { Clause } from './registry/registry-select.ts'
export type { Registered, RegistryOptions } from './registry/registry-store.ts'
export { sendInterval } from './send-interval.ts'
export {
  type AutoShutdown,
  type ChildOptions,
  type ChildSpec,
  type ChildStart,
  type CompleteChildSpec,
  child,
  type DynamicChildSpec,
  type IdOptions,
  type Shutdown,
} from './supervisor/child-spec.ts'
export * as DynamicSupervisor from './supervisor/dynamic-supervisor.ts'
export type {
  DynamicSupervisorApi,
  DynamicSupervisorModule,
  DynamicSupervisorSpec,
  StartDynamicChildResult,
} from './supervisor/dynamic-supervisor-server.ts'
export * as PartitionSupervisor from './supervisor/partition-supervisor.ts'
export type { RestartIntensity } from './supervisor/restart-intensity.ts'
export type { RestartStrategy } from './supervisor/restart-strategy.ts'
export type { Restart } from './supervisor/restart-type.ts'
export type { AnySupervisorApi, ChildCount, ChildInfo } from './supervisor/supervised-children.ts'
export * as Supervisor from './supervisor/supervisor.ts'
export type { StartChildResult, SupervisorApi } from './supervisor/supervisor-api.ts'
export type { SupervisorModule } from './supervisor/supervisor-source.ts'
export type { SupervisorSpec } from './supervisor/supervisor-spec.ts'
export * as sys from './sys/sys.ts'
export { type Upgrade, type UpgradeOptions, upgrade } from './sys/upgrade.ts'
export { type KeyAndObjects, Table } from './table/table.ts'
export type { Chunk, Continuation } from './table/table-continuation.ts'
export type { CounterUpdate, ElementChange, Position } from './table/table-counter.ts'
export type { Heir, KeyPlace, Protection, TableInfo, TableName, TableOptions } from './table/table-options.ts'
export { END_OF_TABLE, type TableType } from './table/table-store.ts'
export * as Task from './task/task.ts'
export type { ValuesOf, YieldManyOptions } from './task/task-await.ts'
export type { TaskHandle, TaskReply } from './task/task-handle.ts'
export type { TaskBody } from './task/task-process.ts'
export type { TaskResult } from './task/task-result.ts'
export type { StreamBody, StreamOptions, StreamResult } from './task/task-stream.ts'
export type { TaskChildOptions, TaskOptions, TaskSupervisorSpec } from './task/task-supervisor.ts'
export { offload } from './worker/offload.ts'
export type { PoolLease, PoolOptions, PoolSpec } from './worker/pool.ts'
export * as Pool from './worker/pool.ts'
export type { PoolApi, PoolStatus } from './worker/pool-server.ts'
export type { ModuleFunction } from './worker/worker-thread.ts'
