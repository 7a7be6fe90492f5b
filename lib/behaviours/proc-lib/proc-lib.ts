import { fault } from '../../internal/errors.ts'
import type { Body, Caller, Context, ProcessCaller, ProcessOptions } from '../../kernel/context.ts'
import { describe, Exit, type Reason, reasonOf } from '../../kernel/exit.ts'
import { HAS_PARENT, PROC_LIB } from '../../kernel/flags.ts'
import { type Arity, initialCallOf } from '../../kernel/message-term.ts'
import { mustBeOptions, type OptionKinds, TIME } from '../../kernel/options.ts'
import { Pid, type Ref } from '../../kernel/pid.ts'
import { Process } from '../../kernel/process.ts'
import { ancestorsOf } from '../../kernel/process-dictionary.ts'
import { PROCESS } from '../../kernel/process-options.ts'
import { link } from '../../kernel/signals.ts'
import { becomeParent } from '../../kernel/spawn.ts'
import { ownerOf, processOf } from '../caller.ts'
import { reportCrash } from './crash-report.ts'
import { type Bond, Start, type StartResult } from './start.ts'

/**
 * OTP's `proc_lib`: processes of one's own making that start, crash and are looked into like OTP's behaviours.
 *
 *     import { type Context, createNode, type ExitMessage, exit, procLib } from 'guildhall'
 *
 *     async function clock(this: Context, every: number) {
 *       this.trapExit(true)
 *       procLib.initAck(this, ['ok', this.self])             // the starter goes on; what failed before it hears of
 *       for (;;) {
 *         this.sendAfter(every, this.self, 'tick')
 *         const message = await this.receive<'tick' | ExitMessage>()
 *         if (message !== 'tick') exit(message.reason)         // its supervisor tells it to end
 *       }
 *     }
 *
 *     await using node = createNode()
 *     await node.supervise({
 *       children: [{ id: 'clock', start: (parent) => procLib.startLink(parent, clock, [1000]) }],
 *     })
 *
 *     starter                              new process
 *     startLink(body, args)  ──spawn──>    body(...args)
 *     (waits)  <── initAck(value) ──       the value, whatever it is
 *              <── initFail(result) ──     the result, and the process ends
 *              <── it ends ──              ['error', reason]
 *
 * Ended with another reason than `normal`, `shutdown` or `['shutdown', term]`, such a process gives a crash report.
 * A process may become a GenServer once it has begun: see `enterLoop`. When not to use it: where a GenServer or a state
 * machine does; and for a short computation use a Task.
 *
 * The rules are those of proc_lib in OTP 26.
 */
export interface SpecialStartOptions extends ProcessOptions {
  /** Milliseconds until `initAck`; then the process is killed and the result is `['error', 'timeout']`. */
  readonly timeout?: number
}

/** Starts a process that belongs to nobody, and waits for its `initAck`: resolves with the value given to it. */
export function start<A extends readonly unknown[]>(
  caller: Caller,
  body: Body<A>,
  args: NoInfer<A>,
  options?: SpecialStartOptions,
): Promise<unknown> {
  return startBody(caller, body, args, 'none', options)
}

/** As `start`, linked to the calling process from its beginning. A failed start leaves no EXIT message. */
export function startLink<A extends readonly unknown[]>(
  caller: Caller,
  body: Body<A>,
  args: NoInfer<A>,
  options?: SpecialStartOptions,
): Promise<StartResult> {
  return startBody(caller, body, args, 'link', options) as Promise<StartResult>
}

/**
 * As `start`, with a monitor: resolves with `[value, ref]`, where the value of a failed start is what `start` gives.
 * The DOWN message of `ref` comes in any case, also after a failed start.
 */
export function startMonitor<A extends readonly unknown[]>(
  caller: ProcessCaller,
  body: Body<A>,
  args: NoInfer<A>,
  options?: SpecialStartOptions,
): Promise<readonly [value: unknown, ref: Ref]> {
  return startBody(caller, body, args, 'monitor', options) as Promise<readonly [unknown, Ref]>
}

/** Starts a process whose crash is reported, and waits for nothing. */
export function spawn<A extends readonly unknown[]>(caller: Caller, body: Body<A>, ...args: A): Pid {
  return spawnFrom(caller, body, args).pid
}

/** As `spawn`, linked to the calling process before it runs. */
export function spawnLink<A extends readonly unknown[]>(self: Context, body: Body<A>, ...args: A): Pid {
  const parent = processOf(self)
  const { pid } = spawnFrom(self, body, args)
  link(parent, pid)
  return pid
}

/** Tells the starter that the calling process runs: its start resolves with `value`, as a rule `['ok', self]`. */
export function initAck(self: Context, value: unknown): void {
  const process = processOf(self)
  const start = starting.get(process)
  starting.delete(process)
  start?.acknowledge(value)
}

/**
 * Ends the calling process with `reason`, and only then has its start resolve with `result` (OTP 26). It does not
 * return.
 */
export function initFail(self: Context, result: 'ignore' | readonly ['error', Reason], reason: Reason): never {
  const process = processOf(self)
  const start = starting.get(process)
  starting.delete(process)
  if (start === undefined) throw new Exit(reason)
  start.refuse(process, reason, result)
  throw fault('process_exited')
}

/**
 * Waits until a message is there and then goes on with `body`, in the same process: return what it returns. What the
 * callers held on the stack is given up, which is all that can be saved here.
 */
export async function hibernate<A extends readonly unknown[]>(
  self: Context,
  body: Body<A>,
  ...args: A
): Promise<unknown> {
  const process = processOf(self)
  if (typeof body !== 'function') throw fault('badarg', 'hibernate goes on with a function')
  if (process.messageCount === 0) process.putAside(await self.receive())
  return Reflect.apply(body, self, args)
}

/** What a process of this node began with: `[module, function, arity]`; `undefined` when it has ended. */
export function translateInitialCall(caller: Caller, pid: Pid): Arity | undefined {
  const process = processAt(caller, pid)
  return process === undefined ? undefined : initialCallOf(process)
}

/** The processes that started it, the nearest first, by name when they have one, as far as they live. */
export function ancestors(caller: Caller, pid: Pid): readonly unknown[] | undefined {
  const process = processAt(caller, pid)
  return process === undefined ? undefined : ancestorsOf(process)
}

const SPECIAL: OptionKinds<SpecialStartOptions> = { ...PROCESS, timeout: TIME }

function processAt(caller: Caller, pid: Pid): Process | undefined {
  if (!(pid instanceof Pid)) throw fault('badarg', `${describe(pid)} is no pid`)
  return pid.process?.node === ownerOf(caller).node ? pid.process : undefined
}

/** The starts whose processes have not acknowledged. */
const starting = new WeakMap<Process, Start>()

/** The start of a process by its function: its monitor stays, whatever becomes of the start. */
class SpecialStart extends Start {
  protected override dropMonitor(): void {}
}

function startBody<A extends readonly unknown[]>(
  caller: Caller,
  body: Body<A>,
  args: A,
  bond: Bond,
  options: SpecialStartOptions = {},
): Promise<unknown> {
  const owner = ownerOf(caller)
  return new Promise((resolve) => {
    if (owner.ended) return
    mustBeOptions('a start', options, SPECIAL)
    const { timeout = Number.POSITIVE_INFINITY } = options
    const process = spawnBody(caller, body, args, options)
    const start: Start = new SpecialStart(owner, bond, args, undefined, (result) =>
      resolve(start.ref === undefined ? result : [result, start.ref]),
    )
    starting.set(process, start)
    start.begin(process, timeout)
  })
}

function spawnFrom<A extends readonly unknown[]>(caller: Caller, body: Body<A>, args: A): Process {
  const process = spawnBody(caller, body, args)
  if (caller instanceof Process) becomeParent(caller, process)
  return process
}

function spawnBody<A extends readonly unknown[]>(
  caller: Caller,
  body: Body<A>,
  args: A,
  options?: ProcessOptions,
): Process {
  const owner = ownerOf(caller)
  if (typeof body !== 'function') throw fault('badarg', 'a process of proc_lib runs a function')
  if (!Array.isArray(args)) throw fault('badarg', 'the arguments of a process are an array')
  const process = owner.node.spawnProcess(reporting(body), args, options)
  process.flags |= owner.pidOrNone === undefined ? PROC_LIB : PROC_LIB | HAS_PARENT
  return process
}

/** The body, with a crash report for what it throws. It keeps its name, for tools. */
function reporting<A extends readonly unknown[]>(body: Body<A>): Body<A> {
  const run = async function (this: Context, ...given: A): Promise<unknown> {
    try {
      return await Reflect.apply(body, this, given)
    } catch (thrown) {
      const process = processOf(this)
      const reason = reasonOf(thrown)
      if (!process.ended) reportCrash(process, reason, thrown)
      throw new Exit(reason)
    }
  }
  return Object.defineProperties(run, { name: { value: body.name }, length: { value: body.length } })
}
