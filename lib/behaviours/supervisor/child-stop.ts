import { isOrderly, type Reason } from '../../kernel/exit.ts'
import { keyOf } from '../../kernel/links.ts'
import { isExitMessage } from '../../kernel/message-kind.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { Monitor, setMonitor } from '../../kernel/signals.ts'
import { TimerEntry } from '../../kernel/timer-wheel.ts'
import { startFor, stopFor } from '../../kernel/waits.ts'
import type { CompleteChildSpec, Shutdown } from './child-spec.ts'
import type { Rules } from './child-start.ts'

/**
 * How a supervisor stops children (supervisor.erl, `shutdown/1`):
 *
 *     number, Infinity    monitor ──> exit(pid, 'shutdown') ──> wait ──> [time is up: exit(pid, 'kill') ──> wait]
 *     brutal_kill         monitor ──> exit(pid, 'kill') ──────> wait
 *
 * The link stays until the child is down, so that a supervisor that is killed meanwhile takes it along. A child that
 * was down before is known by its EXIT message, which is then still in the mailbox.
 */
export class ChildStopper {
  readonly #supervisor: Process
  readonly #rules: Rules
  /** The reasons in the EXIT messages that wait, by who sent them; read when the first of them is needed. */
  #waitingExits: Map<number | string, Reason> | undefined

  constructor(supervisor: Process, rules: Rules) {
    this.#supervisor = supervisor
    this.#rules = rules
  }

  /** Stops `pid`; resolves when it is down, with what is to be reported, or undefined when it ended as it was told. */
  async stop(pid: Pid, spec: CompleteChildSpec): Promise<{ readonly reason: Reason } | undefined> {
    const down = await shutDown(this.#supervisor, pid, spec.shutdown)
    const hadEnded = down === 'noproc'
    const reason = hadEnded ? this.#exitReasonOf(pid) : down
    this.#supervisor.unlink(pid)
    const isRight = this.#rules === 'OTP' ? isExpected(reason, spec) : isExpectedByElixir(reason, hadEnded, spec)
    return isRight ? undefined : { reason }
  }

  #exitReasonOf(pid: Pid): Reason {
    const key = keyOf(pid, this.#supervisor.node.address)
    if (!this.#waitingExits?.has(key)) this.#waitingExits = waitingExits(this.#supervisor)
    if (this.#waitingExits.has(key)) return this.#waitingExits.get(key)
    // Gone without a trace: it had unlinked itself before it ended.
    return this.#rules === 'OTP' ? 'child_process_unlinked' : 'noproc'
  }
}

/** Whether a child that was stopped may have ended with `reason`; any other is reported (supervisor.erl). */
function isExpected(reason: Reason, { shutdown, restart }: CompleteChildSpec): boolean {
  if (reason === (shutdown === 'brutal_kill' ? 'killed' : 'shutdown')) return true
  return restart !== 'permanent' && isOrderly(reason)
}

/** The same by Elixir (dynamic_supervisor.ex): one that `hadEnded` was not told to, so an order to is no excuse. */
function isExpectedByElixir(reason: Reason, hadEnded: boolean, { shutdown, restart }: CompleteChildSpec): boolean {
  if (reason === 'normal' && (hadEnded || shutdown !== 'brutal_kill')) return restart !== 'permanent'
  if (hadEnded) return false
  return shutdown === 'brutal_kill' ? reason === 'killed' : isOrderly(reason)
}

/** Leaves the messages where they are: the EXIT of a child that is gone is ignored when its turn comes. */
function waitingExits(supervisor: Process): Map<number | string, Reason> {
  const exits = new Map<number | string, Reason>()
  supervisor.takeFirst((message) => {
    if (isExitMessage(message)) exits.set(keyOf(message.from, supervisor.node.address), message.reason)
    return false
  })
  supervisor.putBack()
  return exits
}

/** Tells `pid` to end, in the way `shutdown` says, and resolves with the reason when it is down. */
export function shutDown(supervisor: Process, pid: Pid, shutdown: Shutdown): Promise<Reason> {
  return new Promise((resolve) => {
    const kill = new KillTimer(supervisor, pid)
    const departure = new Departure(supervisor, pid, (reason) => {
      stopFor(supervisor, kill)
      resolve(reason)
    })
    setMonitor(departure, { node: pid.node, pid })
    supervisor.exit(pid, shutdown === 'brutal_kill' ? 'kill' : 'shutdown')
    if (departure.isOver || shutdown === 'brutal_kill' || shutdown === Number.POSITIVE_INFINITY) return
    if (shutdown === 0) supervisor.exit(pid, 'kill')
    else startFor(supervisor, kill, shutdown)
  })
}

/** A monitor that tells who waits directly: the mailbox of a supervisor is closed while it waits. */
export class Departure extends Monitor {
  isOver = false
  readonly #tell: (reason: Reason) => void

  constructor(watcher: Process, pid: Pid, tell: (reason: Reason) => void) {
    super(watcher.node.makeRef(), watcher, pid, 'DOWN')
    this.#tell = tell
  }

  override down(reason: Reason): void {
    if (!this.watcher.rare?.monitors?.delete(this.ref.id)) return
    this.isOver = true
    this.#tell(reason)
  }
}

class KillTimer extends TimerEntry {
  readonly owner: Process
  readonly #pid: Pid

  constructor(supervisor: Process, pid: Pid) {
    super()
    this.owner = supervisor
    this.#pid = pid
  }

  override expire(): void {
    stopFor(this.owner, this)
    this.owner.exit(this.#pid, 'kill')
  }
}
