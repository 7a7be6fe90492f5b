import { fault } from '../../internal/errors.ts'
import { CALL, type CallOwner, detach, type Request, watchServer } from '../../kernel/calls.ts'
import type { Caller, ProcessOptions } from '../../kernel/context.ts'
import type { Reason } from '../../kernel/exit.ts'
import { HAS_PARENT, PROC_LIB } from '../../kernel/flags.ts'
import { Node } from '../../kernel/node.ts'
import { awaited } from '../../kernel/observe.ts'
import { mustBeOptions } from '../../kernel/options.ts'
import { blame } from '../../kernel/orphans.ts'
import { paced } from '../../kernel/pacing.ts'
import { Pid, type Ref } from '../../kernel/pid.ts'
import { Process } from '../../kernel/process.ts'
import type { Program } from '../../kernel/program.ts'
import type { Name, Via } from '../../kernel/protocol.ts'
import { link, monitor } from '../../kernel/signals.ts'
import { becomeParent } from '../../kernel/spawn.ts'
import { flushExit } from '../../kernel/take-message.ts'
import type { Timer } from '../../kernel/timer-wheel.ts'
import { startFor, stopFor } from '../../kernel/waits.ts'
import { ownerOf } from '../caller.ts'
import { currentProgram } from '../sys/code.ts'
import { type DebugOption, debugOptions } from '../sys/debug-switch.ts'
import { reportCrash } from './crash-report.ts'
import { START } from './start-options.ts'

/**
 * OTP's synchronous start (proc_lib): the starter waits until the new process has acknowledged or ended. As from
 * OTP 26 on, a failed start is reported only when the process is gone, and leaves no EXIT in the starter's mailbox.
 *
 *     starter                           new process
 *     start(program, args) ──spawn──>   registers its name, runs init
 *     (waits)              <──ack────   ok(pid) | ignore | error(reason)
 */
export type StartResult<P = unknown> = readonly ['ok', Pid<P>] | 'ignore' | readonly ['error', Reason]
export type StartMonitorResult<P = unknown> =
  | readonly ['ok', readonly [Pid<P>, Ref]]
  | 'ignore'
  | readonly ['error', Reason]

/** What a start gives, of a process by itself or of a child. */
export type AnyStartResult<P = unknown> =
  | StartResult<P>
  | StartMonitorResult<P>
  | readonly ['ok', Pid<P> | undefined]
  | readonly ['ok', Pid<P> | undefined, info: unknown]

/** What a start gives when its name is taken, by a process of that pid; `isAlreadyStarted` tells it from the others. */
export type AlreadyStarted<P = unknown> = readonly ['error', readonly ['already_started', Pid<P>]]

/**
 * Whether a start found the name, or the id of a child, taken by a process that runs: its pid is `result[1][1]`. Its
 * type is that of what was to be started, which is what carries the name unless names are given twice.
 */
export function isAlreadyStarted<P>(result: AnyStartResult<P>): result is AlreadyStarted<P> {
  if (!Array.isArray(result) || result[0] !== 'error' || !Array.isArray(result[1])) return false
  return result[1][0] === 'already_started' && result[1][1] instanceof Pid
}

export interface StartOptions<P = unknown> extends ProcessOptions {
  /** Registered before init runs; taken: `['error', ['already_started', pid]]`, and init does not run. */
  readonly name?: string | Name<P> | Via<P>
  /** Milliseconds that init may take; then the process is killed and the result is `['error', 'timeout']`. */
  readonly timeout?: number
  /** Milliseconds without a message after which a GenServer hibernates: a hint, see `ResultOptions.hibernate`. */
  readonly hibernateAfter?: number
  /** What it is debugged with from its start: `['trace', ['log', 20]]`, see `sys.DebugOption`. */
  readonly debug?: readonly DebugOption[]
}

/** How the new process belongs to its starter. */
export type Bond = 'none' | 'link' | 'monitor'

/** What a process that was started has as its state until it has acknowledged: whom to tell, and what to begin with. */
export class Start implements Request, Timer {
  readonly kind: typeof CALL = CALL
  readonly operation = 'start'
  readonly request = undefined
  acknowledged = false
  server: Process | undefined = undefined
  previousCall: Request | undefined = undefined
  nextCall: Request | undefined = undefined
  previous: Timer | undefined = undefined
  next: Timer | undefined = undefined
  deadline = 0
  readonly args: readonly unknown[]
  readonly name: StartOptions['name']
  readonly options: StartOptions | undefined
  /** @internal */ readonly owner: CallOwner
  /** @internal */ readonly bond: Bond
  /** @internal */ readonly tell: (result: StartMonitorResult | StartResult) => void
  /** @internal The new process. */ child: Pid | undefined = undefined
  /** @internal */ ref: Ref | undefined = undefined
  /** @internal */ settled = false

  constructor(
    owner: CallOwner,
    bond: Bond,
    args: readonly unknown[],
    options: StartOptions | undefined,
    tell: (result: StartMonitorResult | StartResult) => void,
  ) {
    this.args = args
    this.name = options?.name
    this.options = options
    this.owner = owner
    this.bond = bond
    this.tell = tell
  }

  get pid(): Pid | undefined {
    return this.owner.pidOrNone
  }

  get alias(): boolean {
    return true
  }

  /** Watches `process`, which is to acknowledge, for `timeout` milliseconds. */
  begin(process: Process, timeout: number): void {
    watchServer(this, process)
    this.child = process.pid
    process.flags |= PROC_LIB
    const owner = this.owner
    if (owner instanceof Process) {
      becomeParent(owner, process)
      if (this.bond !== 'none') process.flags |= HAS_PARENT
      if (this.bond === 'link') link(owner, process.pid)
      else if (this.bond === 'monitor') this.ref = monitor(owner, process.pid, 'DOWN')
    }
    if (timeout !== Number.POSITIVE_INFINITY) startFor(owner, this, timeout)
  }

  /** The process runs. */
  settle(): void {
    const pid = this.child!
    this.#finish(this.bond === 'monitor' ? ['ok', [pid, this.ref!]] : ['ok', pid])
  }

  /** The process runs, and has a word of its own for its starter (`proc_lib:init_ack/1`). */
  acknowledge(value: unknown): void {
    this.#finish(value as StartResult)
  }

  /** The process is to end with `reason`, `thrown` by init or not, as it could not start; the starter gets `result`. */
  refuse(process: Process, reason: Reason, result: 'ignore' | readonly ['error', Reason], thrown?: unknown): void {
    reportCrash(process, reason, thrown)
    this.#release(process)
    detach(this)
    process.end(reason)
    this.#finish(result)
  }

  /** The process ended before it had acknowledged: the result tells so, and no EXIT besides. */
  fail(why: Reason): void {
    const { owner, child } = this
    if (owner instanceof Process && !owner.ended) {
      if (this.ref !== undefined) this.dropMonitor(owner, this.ref)
      else if (this.bond === 'link' && owner.trapsExits) flushExit(owner, child!)
    }
    this.#finish(['error', why])
  }

  expire(): void {
    stopFor(this.owner, this)
    const process = this.child?.process
    if (process === undefined) return
    const owner = this.owner
    if (owner instanceof Process) owner.unlink(process.pid)
    this.#release(process)
    detach(this)
    process.end('killed')
    this.#finish(['error', 'timeout'])
  }

  /** A starter that traps exits learns of the failure by the result alone; one that does not gets the exit signal. */
  #release(process: Process): void {
    const owner = this.owner
    if (!(owner instanceof Process)) return
    if (owner.trapsExits) owner.unlink(process.pid)
    if (this.ref !== undefined) this.dropMonitor(owner, this.ref)
  }

  /** The starter hears of a failed start by the result, and by no DOWN besides (`gen:start_monitor`). */
  protected dropMonitor(owner: Process, ref: Ref): void {
    owner.demonitor(ref, { flush: true })
  }

  #finish(result: StartMonitorResult | StartResult): void {
    if (this.settled) return
    this.settled = true
    detach(this)
    if (this.next !== undefined) stopFor(this.owner, this)
    if (!this.owner.ended) this.tell(result)
  }
}

/** Starts a process of `program`, whose first turn finds a `Start` in its state. */
export function startProcess<P>(
  caller: Caller,
  program: Program,
  args: readonly unknown[],
  bond: 'none' | 'link',
  options: StartOptions | undefined,
): Promise<StartResult<P>>
export function startProcess<P>(
  caller: Caller,
  program: Program,
  args: readonly unknown[],
  bond: 'monitor',
  options: StartOptions | undefined,
): Promise<StartMonitorResult<P>>
export function startProcess(
  caller: Caller,
  program: Program,
  args: readonly unknown[],
  bond: Bond,
  options: StartOptions | undefined,
): Promise<StartMonitorResult | StartResult> {
  const owner = ownerOf(caller)
  const told: Promise<StartMonitorResult | StartResult> = new Promise((tell, refuse) =>
    begin(owner, program, args, bond, options, tell, refuse),
  )
  return awaited(owner, told)
}

/** As `startProcess` without a bond; resolves with the pid, or rejects with an `Exit` of the reason, or of `ignore`. */
export function startOrThrow<P>(
  caller: Caller,
  program: Program,
  args: readonly unknown[],
  options: StartOptions | undefined,
): Promise<Pid<P>> {
  const owner = ownerOf(caller)
  return new Promise<Pid<P>>((resolve, reject) => {
    const tell = (result: StartMonitorResult | StartResult) => {
      if (result === 'ignore') reject(owner.node.exitOf(owner, 'ignore'))
      else if (result[0] === 'error') reject(owner.node.exitOf(owner, result[1]))
      else resolve(result[1] as Pid<P>)
    }
    begin(owner, program, args, 'none', options, tell, reject)
  })
}

/** Begins a start. What is wrong with it rejects its promise. */
function begin(
  owner: CallOwner,
  program: Program,
  args: readonly unknown[],
  bond: Bond,
  options: StartOptions | undefined,
  tell: Start['tell'],
  reject: (error: unknown) => void,
): void {
  if (owner.ended) return owner instanceof Node ? reject(fault('node_stopped')) : undefined
  try {
    mustBeStart(owner, args, options)
    const holder = options?.name === undefined ? undefined : owner.node.resolve(options.name).pid
    if (holder !== undefined) return tellTaken(owner, holder, tell)
    const start = new Start(owner, bond, args, options, tell)
    const process = owner.node.startProcess(currentProgram(owner.node, program), start, options)
    start.begin(process, options?.timeout ?? Number.POSITIVE_INFINITY)
  } catch (refused) {
    reject(blame(owner, refused))
  }
}

function mustBeStart({ node }: CallOwner, args: readonly unknown[], options: StartOptions | undefined): void {
  if (options !== undefined) mustBeOptions('a start', options, START)
  if (!Array.isArray(args)) throw fault('badarg', 'the arguments of init are an array: start(Module, [...args])')
  if (options?.name !== undefined && !isNameHere(options.name, node)) {
    throw fault('badarg', 'a process is registered on its own node: by a string, name(...), or a via')
  }
}

function tellTaken(owner: CallOwner, holder: Pid, tell: Start['tell']): void {
  paced(owner, Promise.resolve(['error', ['already_started', holder]] as const)).then(tell)
}

/** A name on another node leads to a process, and is nothing to register one under. */
function isNameHere(name: object | string, node: Node): boolean {
  return !(typeof name === 'object' && 'node' in name && name.node !== node.name)
}

/**
 * Gives the process of `start` its name, and has it debugged as its options say. False when the name is taken: the
 * process has ended then, and its starter been told.
 */
export function takeName(process: Process, start: Start): boolean {
  const { name, options } = start
  if (name !== undefined && !registerAs(process, name)) {
    start.refuse(process, 'normal', ['error', ['already_started', process.node.resolve(name).pid]])
    return false
  }
  if (options?.debug !== undefined) debugOptions(process, options.debug)
  return true
}

/** Whether it was free. `undefined` is no name: it is told as one that is taken by nobody, as in OTP. */
function registerAs(process: Process, name: string | Name | Via): boolean {
  const { node, pid } = process
  if (typeof name === 'object' && 'via' in name) {
    if (!name.via.registerName(name.key, pid)) return false
    process.extra.via = name
    return true
  }
  const text = typeof name === 'string' ? name : name.name
  if (node.whereis(text) !== undefined || text === 'undefined') return false
  node.register(text, pid)
  return true
}
