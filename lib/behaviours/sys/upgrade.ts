import { fault } from '../../internal/errors.ts'
import { CALL_TIMEOUT_MS } from '../../internal/limits.ts'
import { Turns } from '../../internal/turns.ts'
import { makeCall, SYSTEM } from '../../kernel/calls.ts'
import { describe, Exit, type Reason } from '../../kernel/exit.ts'
import { Node } from '../../kernel/node.ts'
import { mustBeOptions, type OptionKinds, TIME } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import { hintFor } from '../bad-return.ts'
import { knownProgram, replaceModule } from './code.ts'
import type { FittingUpgrade } from './fitting-upgrade.ts'
import { resume, suspend } from './sys.ts'
import { isSuspended } from './sys-debug.ts'
import type { CodeChange, SystemServer, UndoCodeChange } from './system-server.ts'

/**
 * New code for processes that run, without stopping them (OTP's release_handler, for one node).
 *
 *     import { createNode, type GenServer, ok, reply, upgrade } from 'guildhall'
 *
 *     const Counter: GenServer<{ state: number; call: { add(n: number): number } }> = {
 *       init: () => ok(0),
 *       handleCall: { add: (n, _from, count) => reply(count + n, count + n) },
 *     }
 *     interface CounterApiV2 {
 *       state: { count: number; unit: string }
 *       call: { add(n: number): number }
 *       codeChange: [oldVsn: unknown, state: number, extra: { unit: string }]
 *     }
 *     const CounterV2: GenServer<CounterApiV2> = {
 *       vsn: 2,
 *       init: () => ok({ count: 0, unit: '' }),
 *       handleCall: { add: (n, _from, { count, unit }) => reply(count + n, { count: count + n, unit }) },
 *       codeChange: (_oldVsn, count, { unit }) => ok({ count, unit }),     // a state of V1 becomes one of V2
 *     }
 *
 *     await using node = createNode()
 *     const counter = await node.start(Counter, [])
 *     await node.call(counter, 'add', 2)                                   // 2
 *     await upgrade(node, [{ module: 'counter', from: Counter, to: CounterV2, extra: { unit: 'apples' } }])
 *     await node.call(counter, 'add', 1)                                   // 3, of the new code
 *
 * Control flow:
 *
 *     find the processes of `from` ──> suspend them ──> codeChange, one after the other ──> any new ones? again
 *                                            │                    │                               │ no
 *                                            └──── failed ────────┘                               v
 *                                  all back to their old module and state               `to` is current: from now on
 *                                  all resumed, the upgrade rejects                     starts of `from` run `to`
 *                                                                                       all resumed
 *
 * What is sent to the processes meanwhile waits in their mailboxes and is handled by the new code, calls included: none
 * is lost, as long as its caller waits. A process that ends meanwhile is left to its supervisor.
 *
 * What runs a callback module can be upgraded: servers and agents, state machines, stages, event handlers, supervisors
 * of a module. What runs a function, and what was told by a specification, cannot.
 *
 * A supervisor that holds the old module in a child specification starts the new one from now on, on this node. When
 * not to use it: where a restart is good enough. Code changes are hard to test; a supervised process that is started
 * anew reads its state from where it is kept.
 */
export interface Upgrade {
  /** What is upgraded, by name: for the report, and for the error. */
  readonly module: string
  /** The callback module that runs now. */
  readonly from: object
  /** The one that is to run: of the same behaviour. */
  readonly to: object
  /** The last argument of `codeChange`. */
  readonly extra?: unknown
}

export interface UpgradeOptions {
  /** Milliseconds that each process has to be suspended, and then to change its code: 5000 unless told otherwise. */
  readonly timeout?: number
}

/**
 * Upgrades all processes of `node` that run one of these modules, and resolves with their pids when they go on. What is
 * started of an old module from then on runs the new one, also when none of it ran before. Of several upgrades of one
 * node at once, each waits for the one before. Where the new module's protocol says `codeChange`, the compiler holds
 * the old module's state and `extra` to it.
 * @throws Fault `badarg` for what is no callback module, or not one of the same behaviour: nothing is done then.
 * `upgrade_failed` when one could not be suspended in time, or its `codeChange` failed: the cause is an
 * `Exit` of `[module, pid, reason]`. All processes go on as they were then.
 */
export async function upgrade<U extends readonly Upgrade[] | []>(
  node: Node,
  upgrades: { readonly [I in keyof U]: U[I] & FittingUpgrade<U[I]> },
  options: UpgradeOptions = {},
): Promise<readonly Pid[]> {
  if (!(node instanceof Node)) throw fault('badarg', 'what is upgraded is a node')
  if (!Array.isArray(upgrades)) throw fault('badarg', `${AN_UPGRADE}, in an array`)
  mustBeOptions('an upgrade', options, UPGRADE)
  for (const one of upgrades as readonly Upgrade[]) check(one)
  return upgrading.take(node, () => carryOut(new RunningUpgrade(node, upgrades, options.timeout ?? CALL_TIMEOUT_MS)))
}

const UPGRADE: OptionKinds<UpgradeOptions> = { timeout: TIME }

const upgrading = new Turns<Node>()

async function carryOut(running: RunningUpgrade): Promise<readonly Pid[]> {
  try {
    while (await running.changeNew());
  } catch (failed) {
    running.rollBack()
    throw failed
  } finally {
    await running.resumeAll()
  }
  return running.done()
}

const AN_UPGRADE = "an upgrade is { module: 'its name', from: OldModule, to: NewModule }"

function check(one: Upgrade): void {
  const { module, from, to } = Object(one) as Upgrade
  if (typeof module !== 'string') throw fault('badarg', AN_UPGRADE)
  for (const callbacks of [from, to]) {
    if (typeof callbacks !== 'object' || callbacks === null) throw fault('badarg', `${describe(module)}: ${AN_UPGRADE}`)
  }
  if (!isCallbackModule(from)) throw fault('badarg', `${describe(module)}: ${NO_MODULE}`)
  const old = knownProgram(from)
  if (old !== undefined && isSystemServer(old)) old.programOf?.(to)
  else if (!isCallbackModule(to) && !('children' in to)) throw fault('badarg', `${describe(module)}: ${AN_UPGRADE}`)
}

/** Every behaviour's module has `init`; what has none is not what a process runs. */
function isCallbackModule(what: object): boolean {
  return typeof (what as { readonly init?: unknown }).init === 'function'
}

const NO_MODULE =
  'only processes of a callback module can be upgraded: what was started with a function, or a supervisor with a ' +
  'specification, is started again, or changed by sys.changeCode'

/** One upgrade on its way. */
class RunningUpgrade {
  readonly #node: Node
  readonly #upgrades: readonly Upgrade[]
  readonly #timeout: number
  /** The processes that are suspended for this upgrade. */
  readonly #suspended = new Set<Pid>()
  /** Those that it has looked at, whatever became of them. */
  readonly #seen = new Set<Pid>()
  readonly #changed = new Set<Pid>()
  readonly #undo: UndoCodeChange[] = []

  constructor(node: Node, upgrades: readonly Upgrade[], timeout: number) {
    this.#node = node
    this.#upgrades = upgrades
    this.#timeout = timeout
  }

  /** Suspends and changes the processes that were not there before. False when there are none: then all are current. */
  async changeNew(): Promise<boolean> {
    const found = this.#find()
    if (found.length === 0) {
      this.#makeCurrent()
      return false
    }
    for (const [process] of found) this.#seen.add(process.pid)
    const suspensions = await Promise.allSettled(found.map(([process, upgrade]) => this.#suspend(process, upgrade)))
    for (const outcome of suspensions) if (outcome.status === 'rejected') throw outcome.reason
    for (const [process, upgrade] of found) await this.#change(process, upgrade)
    return true
  }

  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.#changed.clear()
  }

  async resumeAll(): Promise<void> {
    await Promise.allSettled([...this.#suspended].map((pid) => resume(this.#node, pid, this.#timeout)))
  }

  /** Reports what was done and returns the processes that were upgraded. */
  done(): readonly Pid[] {
    for (const { module } of this.#upgrades) {
      const details = { module, processes: this.#changed.size }
      this.#node.report({ level: 'info', label: ['release_handler', 'upgraded'], details })
    }
    return [...this.#changed]
  }

  /** The processes that run a module that is to be replaced, with the upgrade, one for each such module. */
  #find(): (readonly [Process & { program: SystemServer }, Upgrade])[] {
    const found: (readonly [Process & { program: SystemServer }, Upgrade])[] = []
    for (const { process } of this.#node.processes()) {
      if (process === undefined || this.#seen.has(process.pid) || !runsSystemServer(process)) continue
      const modules = process.program.modulesOf(process)
      for (const upgrade of this.#upgrades) if (modules.includes(upgrade.from)) found.push([process, upgrade])
    }
    return found
  }

  async #suspend(process: Process, upgrade: Upgrade): Promise<void> {
    const { pid } = process
    if (isSuspended(process)) return // by somebody else, who is to resume it
    this.#suspended.add(pid)
    await suspend(this.#node, pid, this.#timeout).catch((failed) => this.#failed(pid, upgrade, failed))
  }

  async #change({ pid }: Process, upgrade: Upgrade): Promise<void> {
    const { from, to, extra } = upgrade
    const change: CodeChange = { from, to, oldVsn: (from as { vsn?: unknown }).vsn, extra }
    let answer: readonly ['ok', UndoCodeChange] | readonly ['error', Reason]
    try {
      const args = [change, this.#timeout]
      answer = (await makeCall(this.#node, pid, SYSTEM, 'change_code', args, this.#timeout)) as typeof answer
    } catch (failed) {
      return this.#failed(pid, upgrade, failed)
    }
    if (answer[0] === 'error') throw failure(upgrade, pid, answer[1])
    this.#undo.push(answer[1])
    this.#changed.add(pid)
  }

  /** A request to `pid` failed: that is no failure of the upgrade when the process has ended. */
  #failed(pid: Pid, upgrade: Upgrade, failed: unknown): void {
    if (!this.#node.isAlive(pid)) return
    throw failure(upgrade, pid, failed instanceof Exit ? failed.reason : failed)
  }

  /** In the same turn in which nothing that runs old code was found. */
  #makeCurrent(): void {
    for (const { from, to } of this.#upgrades) replaceModule(this.#node, from, to)
  }
}

function failure({ module }: Upgrade, pid: Pid, reason: Reason): Error {
  const cause = new Exit([module, pid, reason])
  const hint = hintFor(reason)
  const what = `${describe(module)} ${pid}: ${describe(reason)}`
  return fault('upgrade_failed', hint === undefined ? what : `${what}: ${hint}`, { cause })
}

function isSystemServer(program: object): program is SystemServer {
  return 'changeCode' in program && 'modulesOf' in program
}

function runsSystemServer(process: Process): process is Process & { program: SystemServer } {
  return isSystemServer(process.program)
}
