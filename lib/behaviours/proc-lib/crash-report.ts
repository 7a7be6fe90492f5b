import { fileURLToPath } from 'node:url'
import { CRASH_REPORT_MESSAGES, CRASH_REPORT_NEIGHBOURS } from '../../internal/limits.ts'
import { Exit, isOrderly, type Reason } from '../../kernel/exit.ts'
import { listLinks } from '../../kernel/links.ts'
import { type Arity, initialCallOf, messageTerm } from '../../kernel/message-term.ts'
import type { Process } from '../../kernel/process.ts'
import { ancestorsOf, get, LABEL, ownEntries } from '../../kernel/process-dictionary.ts'
import { takeHint } from '../bad-return.ts'

/**
 * OTP's crash report, `{proc_lib, crash}`, about a process that was started under the start protocol and is about to
 * end with a reason that is not orderly: its own record, and those of its neighbours, the linked processes that will
 * end with it. Keys and their order are OTP's; a process has no heap and no stack of its own here, so their sizes are
 * always `'undefined'`, as in process info.
 */
export interface CrashInfo {
  readonly initial_call: Arity
  readonly pid: unknown
  readonly registered_name: string | readonly []
  /** With `proc_lib:set_label`, as in OTP 27. */
  readonly process_label?: unknown
  /** Erlang's class, the reason, and the stack, of an exit where it was raised, as the text that JavaScript has. */
  readonly error_info: readonly ['error' | 'exit', Reason, string | undefined]
  readonly ancestors: readonly unknown[]
  readonly message_queue_len: number
  /** The oldest of the messages that wait, as many as CRASH_REPORT_MESSAGES. */
  readonly messages: readonly unknown[]
  readonly links: readonly unknown[]
  readonly dictionary: readonly unknown[]
  readonly trap_exit: boolean
  readonly status: string
  readonly heap_size: 'undefined'
  readonly stack_size: 'undefined'
  readonly reductions: number
}

/** Where the frames are that say nothing of a program: those of the loops, and of timers. */
const OWN = ['../', '../../kernel/'].map((folder) => fileURLToPath(new URL(folder, import.meta.url))).concat('(node:')

/**
 * The stack of an exit that was `thrown` by code: where it was raised. None when that is no place of the program's, as
 * with a call that has timed out; an error has its own. The text is made here, when there is something to report.
 */
export function stackOfExit(thrown: unknown): string | undefined {
  if (!(thrown instanceof Exit) || thrown.reason instanceof Error) return undefined
  const { stack = '' } = thrown
  const isProgram = (line: string) => line.startsWith('    at ') && !OWN.some((place) => line.includes(place))
  return stack.split('\n').some(isProgram) ? stack : undefined
}

/**
 * Reports the end of `process` with `reason`, unless it is an orderly one. Called before the process ends. `thrown` is
 * what its code threw, if it did.
 */
export function reportCrash(process: Process, reason: Reason, thrown?: unknown): void {
  if (isOrderly(reason)) return
  const report = [crashInfo(process, reason, stackOfExit(thrown)), neighboursOf(process)]
  const metadata = { pid: process.pid }
  const details = { report, ...takeHint(reason) }
  process.node.report({ level: 'error', label: ['proc_lib', 'crash'], details, metadata })
}

function crashInfo(process: Process, reason: Reason, stack: string | undefined): CrashInfo {
  const label = get(process, LABEL)
  return {
    initial_call: initialCallOf(process),
    pid: process.pid,
    registered_name: process.rare?.name ?? [],
    ...(label === undefined ? {} : { process_label: label }),
    error_info: reason instanceof Error ? ['error', reason, reason.stack] : ['exit', reason, stack],
    ancestors: ancestorsOf(process),
    message_queue_len: process.messageCount,
    messages: oldestMessages(process, CRASH_REPORT_MESSAGES),
    links: listLinks(process.links),
    dictionary: ownEntries(process),
    trap_exit: process.trapsExits,
    status: 'running',
    heap_size: 'undefined',
    stack_size: 'undefined',
    reductions: process.reductions,
  }
}

/** The linked processes of this node that do not trap exits: the crash takes them along. */
function neighboursOf(process: Process): readonly object[] {
  const neighbours: object[] = []
  for (const { process: linked } of listLinks(process.links)) {
    if (linked === undefined || linked.trapsExits) continue
    neighbours.push({ neighbour: neighbourInfo(linked) })
    if (neighbours.length === CRASH_REPORT_NEIGHBOURS) break
  }
  return neighbours
}

function neighbourInfo(process: Process): object {
  return {
    pid: process.pid,
    registered_name: process.rare?.name ?? [],
    initial_call: initialCallOf(process),
    ancestors: ancestorsOf(process),
    message_queue_len: process.messageCount,
    links: listLinks(process.links),
    trap_exit: process.trapsExits,
    status: 'waiting',
    heap_size: 'undefined',
    stack_size: 'undefined',
    reductions: process.reductions,
  }
}

/** The first `limit` of the messages that wait, as terms. */
function oldestMessages(process: Process, limit: number): readonly unknown[] {
  const { rare, waiting, first, more } = process
  const messages: unknown[] = []
  const take = (message: unknown) => messages.length < limit && messages.push(messageTerm(message))
  for (let i = 0; i < Math.min(rare?.aside?.size ?? 0, limit); i++) take(rare?.aside?.at(i))
  if (waiting > 0) take(first)
  for (let i = 0; i < Math.min(more?.size ?? 0, limit); i++) take(more?.at(i))
  return messages
}
