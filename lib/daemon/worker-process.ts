import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { failure, type GenServer, noreply, ok, reply, stop } from '../behaviours/index.ts'
import { type Fault, fault } from '../internal/errors.ts'
import { WORKER_START_MS, WORKER_STOP_MS } from '../internal/limits.ts'
import { faultFrom } from './fault-message.ts'
import type { NodeStatus } from './service.ts'
import type { Endpoint, FromWorker, ToWorker, WorkerConfig } from './worker-protocol.ts'

/**
 * The OS process of a node, as a process of the launcher's tree: it starts the program, owns it, and ends when it ends,
 * so that its supervisor can start it again as it does with any other child.
 *
 *     init        fork, start(config), wait until it serves         fails with the fault that it reports
 *     the OS process ends            stop with ['worker_exited', code or signal]
 *     terminate   stop, and a kill for one that does not end in time
 *     killed      the OS process is killed, too: it is owned
 */
export interface WorkerProcessApi {
  state: WorkerState
  /** A function, because what a child is started with is reported, too. */
  init: [config: () => WorkerConfig]
  call: { describe(): NodeStatus }
  info: { readonly type: 'ended'; readonly how: number | string }
}

/** Without the configuration: the state of a process that crashes is reported, and secrets are not for a report. */
interface WorkerState {
  readonly name: string
  readonly child: ChildProcess
  readonly endpoint: Endpoint
}

export const WorkerProcess: GenServer<WorkerProcessApi> = {
  moduleName: 'WorkerProcess',
  async init(configOf) {
    const config = configOf()
    this.trapExit(true)
    const child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.own({ [Symbol.dispose]: () => child.kill('SIGKILL') })
    const outcome = await Promise.race([started(child, config), this.sleep(WORKER_START_MS)])
    if (outcome === undefined) {
      return failure(fault('worker_failed', `${config.name} did not serve in ${WORKER_START_MS} ms`))
    }
    if ('code' in outcome) return failure(outcome)
    const { node, self } = this
    child.once('exit', (code, signal) => node.send(self, { type: 'ended', how: signal ?? code ?? 0 }))
    return ok({ name: config.name, child, endpoint: outcome })
  },

  handleCall: {
    describe(_request, _from, state) {
      const { name, child, endpoint } = state
      return reply({ name, state: 'serving', pid: child.pid ?? 0, ...endpoint }, state)
    },
  },

  handleInfo(message, state) {
    return message.type === 'ended' ? stop(['worker_exited', message.how], state) : noreply(state)
  },

  async terminate(_reason, { child }) {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    tell(child, { type: 'stop' })
    await Promise.race([ended, this.sleep(WORKER_STOP_MS)])
  },
}

const PROGRAM = fileURLToPath(new URL('./worker-main.js', import.meta.url))

/** What becomes of the start. */
function started(child: ChildProcess, config: WorkerConfig): Promise<Endpoint | Fault> {
  return new Promise((resolve) => {
    child.once('message', (message: FromWorker) =>
      resolve(message.type === 'serving' ? message.endpoint : faultFrom(message, 'worker_failed')),
    )
    child.once('error', (cause) => resolve(fault('worker_failed', `${config.name}: ${cause.message}`, { cause })))
    child.once('exit', (code, signal) => resolve(fault('worker_failed', `${config.name} ended with ${signal ?? code}`)))
    tell(child, { type: 'start', config })
  })
}

/** To an OS process that is gone nothing is told; its end is heard of elsewhere. */
function tell(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {})
}
