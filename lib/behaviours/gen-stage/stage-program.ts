import type { Process } from '../../kernel/process.ts'
import type { AnyGenServer } from '../gen-server/gen-server.ts'
import { ServerProgram } from '../gen-server/server-program.ts'
import { programFor } from '../sys/code.ts'
import type { Stage, StageModule } from './stage.ts'
import type { Role } from './stage-options.ts'

/**
 * The loop of a stage: that of a GenServer, except that `sys` and a code change see the state of the stage's module,
 * and not the `Stage` around it. What a stage holds for others stays where it is: subscriptions, demand that was asked
 * for, events that wait. A producer goes on as a producer, a consumer as a consumer.
 *
 *     suspend ──> codeChange(oldVsn, state, extra) ──> the new module, with the same subscriptions, demand and buffer
 */
class StageProgram extends ServerProgram {
  override readonly kind: string
  readonly #stageModule: StageModule

  constructor(role: Role, module: StageModule, server: AnyGenServer) {
    super(server)
    this.kind = `a ${role}`
    this.#stageModule = module
  }

  override getState(process: Process): unknown {
    return stageOf(process).state
  }

  /** That of the module. */
  stateOf(process: Process): unknown {
    return (process.state as Stage | undefined)?.state
  }

  /** What a message leads to is the stage's affair: it tells each callback of its module when it calls it. */
  override callbackOf(): undefined {
    return undefined
  }

  override become(process: Process, state: unknown): void {
    const stage = stageOf(process)
    super.become(process, stage)
    stage.module = this.#stageModule
    stage.state = state
  }

  override formatStatus(process: Process): readonly unknown[] {
    return [...super.formatStatus(process), stageStatus(stageOf(process))]
  }
}

/** What Elixir's GenStage adds to a status: its kind, the stages above and below, and how many events wait. */
export function stageStatus({ role, producing, consuming }: Stage): readonly unknown[] {
  const above = consuming === undefined ? [] : [['Producers', consuming.producers]]
  const below = producing === undefined ? [] : [['Consumers', producing.consumers]]
  const buffer = producing === undefined ? [] : [['Buffer size', producing.buffered]]
  return ['data', [['Stage', role], ...above, ...below, ...buffer]]
}

function stageOf(process: Process): Stage {
  return process.state as Stage
}

/** Makes the loop for the server that stands for a stage's module, before anybody starts it as a plain GenServer. */
export function makeStageProgram(role: Role, module: StageModule, server: AnyGenServer): void {
  programFor(server, () => new StageProgram(role, module, server))
}
