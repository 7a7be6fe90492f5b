import { describe, Exit, Fault, NoCatch, type Report } from '../../lib/index.ts'
import { exhaust } from '../misuse/untyped.ts'
import { argumentsOf, type Door, type Knock, RIGHT } from './door.ts'
import { Fixture } from './fixture.ts'
import { Hostility } from './hostile.ts'

export type Callable = (this: unknown, ...args: readonly unknown[]) => unknown

type Outcome = readonly ['returned' | 'thrown' | 'waits', unknown]

/** What was rejected and is awaited by nobody, or was thrown where nobody catches, since it was last looked at. */
const strays: unknown[] = []
export function watchStrays(): void {
  process.on('unhandledRejection', (reason) => strays.push(reason))
  process.on('uncaughtException', (error) => strays.push(error))
}

/** What is wrong with what comes of a knock: nothing, or why it is no legitimate answer. */
export async function wrongWith(fn: Callable, door: Door, knock: Knock): Promise<string[]> {
  const f = new Fixture()
  await f.open()
  const bystander = await f.counter()
  const args = await argumentsOf(door, knock, f)
  const receiver = await door.of?.(f)
  await f.node.quiet()
  const before = f.node.processes() as readonly unknown[]
  const earlier = f.reports.length
  strays.length = 0
  const outcome = await outcomeOf(f, door, () => Reflect.apply(fn, receiver, args))
  const lost = before.filter((pid) => !f.node.isAlive(pid))
  const answers = await isAnswering(f, bystander)
  f.node.kill()
  if (isStoppable(outcome[1])) outcome[1].kill()
  return [
    mistakeOf(outcome, door, knock),
    lost.length > 0 && !door.ends && !knock.ends ? `${lost.length} others ended` : undefined,
    ...strays.filter((reason) => !isOwn(reason)).map((reason) => `nobody awaits ${describe(reason)}`),
    ...f.reports.slice(earlier).map(crashIn),
    answers || door.stops ? undefined : 'the node works no more',
  ].filter((one) => one !== undefined)
}

/** Calls, and lets time pass for what waits; what waits on is left alone. */
async function outcomeOf(f: Fixture, door: Door, call: () => unknown): Promise<Outcome> {
  let outcome: Outcome = ['waits', undefined]
  void settled(call).then((result) => {
    outcome = result
  })
  await f.node.quiet()
  if (outcome[0] === 'waits' && !door.outside) await f.node.advance(6000)
  return outcome
}

async function settled(call: () => unknown): Promise<Outcome> {
  try {
    const returned = await call()
    if (Symbol.asyncIterator in Object(returned)) await exhaust(returned)
    return ['returned', returned]
  } catch (thrown) {
    return ['thrown', thrown]
  }
}

function isStoppable(value: unknown): value is { kill(): void } {
  return typeof (value as { kill?: unknown } | null | undefined)?.kill === 'function'
}

async function isAnswering(f: Fixture, bystander: unknown): Promise<boolean> {
  const answer = settled(() => f.node.call(bystander, 'add', 0))
  const [how] = await Promise.race([answer, waitsOn(f)])
  return how === 'returned'
}

async function waitsOn(f: Fixture): Promise<Outcome> {
  await f.node.quiet()
  return ['waits', undefined]
}

function mistakeOf(outcome: Outcome, door: Door, knock: Knock): string | undefined {
  const [how, what] = outcome
  const raw = rawIn(what)
  if (raw !== undefined) return `uncoded: ${raw.stack?.split('\n').slice(0, 3).join(' ')}`
  if (how === 'thrown' && !isCoded(what)) return `no error: ${describe(what)}`
  if (knock === RIGHT && !door.refuses && isRefusal(outcome)) return `refused: ${describe(what, 9)}`
  if (knock.isWrong && !isRefusal(outcome)) return `not refused, but ${how} ${describe(what, 2)}`
  return undefined
}

function isCoded(thrown: unknown): boolean {
  return thrown instanceof Fault || thrown instanceof Exit || isOwn(thrown)
}

/** An error of the hostile code itself, or one that somebody asked for. */
function isOwn(thrown: unknown): boolean {
  if (thrown instanceof NoCatch || thrown instanceof Hostility) return true
  return thrown instanceof Error && thrown.message === 'crashed by a test'
}

function isRefusal([how, what]: Outcome): boolean {
  return how === 'thrown' || (how === 'returned' && Array.isArray(what) && ['error', 'EXIT'].includes(what[0]))
}

function crashIn({ label, details }: Report): string | undefined {
  const raw = rawIn([label, details])
  return raw && `reported: ${describe(raw)}`
}

/** The first error in a term that has no code. */
function rawIn(term: unknown, depth = 8): Error | undefined {
  if (depth === 0 || typeof term !== 'object' || term === null) return undefined
  if (term instanceof Exit) return rawIn(term.reason, depth - 1)
  if (term instanceof Error) return term instanceof Fault || isOwn(term) ? undefined : term
  for (const part of partsOf(term)) {
    const found = rawIn(part, depth - 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Those of a list or a plain object; no getter is asked. */
function partsOf(term: object): readonly unknown[] {
  const prototype = Object.getPrototypeOf(term)
  if (!Array.isArray(term) && prototype !== Object.prototype && prototype !== null) return []
  return Object.values(Object.getOwnPropertyDescriptors(term)).map(({ value }) => value)
}
