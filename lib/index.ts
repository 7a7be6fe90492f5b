/**
 * Erlang/OTP for TypeScript: processes, links, monitors, timers and names; GenServer and Supervisor on top of them.
 * This entry loads nothing but itself.
 */

export * from './behaviours/index.ts'
export { Fault, type FaultCode } from './internal/errors.ts'
export * from './kernel/index.ts'
