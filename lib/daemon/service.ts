import { Fault } from '../internal/errors.ts'
import { describe, Exit, type Reason } from '../kernel/exit.ts'
import { lineReporter, type Reporter } from '../kernel/report.ts'
import { writeToStderr } from '../kernel/system-host.ts'
import type { Address, Endpoint, TransportWish } from './worker-protocol.ts'

export interface ServiceOptions {
  /** Where the data lies. */
  readonly folder: string
  readonly host: string
  /** The port of node 1; node i has the port i - 1 above. */
  readonly port: number
  readonly nodes: number
  readonly transport: TransportWish
}

/** A node, as its operator is told of it. */
export type NodeStatus = { readonly name: string } & (
  | ({ readonly state: 'serving'; readonly pid: number } & Endpoint)
  | ({ readonly state: 'starting' } & Address)
)

/** The chat backend on one node or on several: what the daemon runs and its operator asks. */
export interface Service {
  /** The nodes, in order of their ports. */
  status(): Promise<readonly NodeStatus[]>
  /** Kills a guild's actor; false when it does not run. Its supervisor, or the next who asks, starts it again. */
  killGuild(guildId: string): Promise<boolean>
  /** Resolves, with the reason, when it has ended by itself: everything was tried again, and failed again. */
  readonly failed: Promise<Reason>
  /** Ends everything in order: clients are told to come back elsewhere, what is stored is flushed. */
  stop(): Promise<void>
}

/**
 * The reports of a node, a line each on standard error; of several nodes each line begins with the node's name. While
 * the daemon starts, those of children that do not start are left out: the command tells the cause, once.
 */
export class ReportLog {
  #starting = true
  #lastFault: Fault | undefined
  readonly report: Reporter

  constructor(name?: string) {
    const write = lineReporter(name === undefined ? writeToStderr : (line) => writeToStderr(`${name} ${line}`))
    this.report = (report) => {
      if (report.label[0] === 'supervisor') this.#lastFault = faultIn(report.details.reason) ?? this.#lastFault
      if (!(this.#starting && report.details.errorContext === 'start_error')) write(report)
    }
  }

  /** The start has been a success. */
  started(): void {
    this.#starting = false
  }

  /** Why a tree ended: of one that gives up the reason is `shutdown`, and the cause what its children failed with. */
  causeOf(reason: Reason): Reason {
    return reason === 'shutdown' ? (this.#lastFault ?? reason) : reason
  }
}

/** What to tell of a start that failed: the fault at the bottom of a supervisor's reason, where there is one. */
export function startFailure(error: unknown): unknown {
  return (error instanceof Exit && faultIn(error.reason)) || error
}

function faultIn(reason: Reason): Fault | undefined {
  if (reason instanceof Fault) return reason
  if (!Array.isArray(reason)) return undefined
  for (const part of reason) {
    const found = faultIn(part)
    if (found !== undefined) return found
  }
  return undefined
}

/** One line about why it ended. */
export function failureText(reason: Reason): string {
  return faultIn(reason)?.message ?? describe(reason)
}
