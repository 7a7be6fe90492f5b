import type { Context, OtpNode } from '../../lib/index.ts'
import * as library from '../../lib/index.ts'
import * as nactLibrary from '../../lib/nact/index.ts'
import * as testingLibrary from '../../lib/testing/index.ts'

/** A value as a JavaScript user without types has it: what there is is known, what it takes is not. */
export type Untyped<T> = T extends abstract new (
  ...args: never
) => infer I
  ? new (
      ...args: readonly unknown[]
    ) => Untyped<I>
  : T extends (...args: never) => unknown
    ? (...args: readonly unknown[]) => unknown
    : T extends object
      ? { readonly [K in keyof T]: Untyped<T[K]> }
      : T

/** Everything that `import ... from 'guildhall'` gives, without types. */
export const js: Untyped<typeof library> = library as unknown as Untyped<typeof library>

/** The same of `guildhall/testing` and `guildhall/nact`. */
export const testing: Untyped<typeof testingLibrary> = testingLibrary as unknown as Untyped<typeof testingLibrary>
export const nact: Untyped<typeof nactLibrary> = nactLibrary as unknown as Untyped<typeof nactLibrary>

export type Node = Untyped<OtpNode>
export type Self = Untyped<Context>

/** Misuses are run in a process, `self`, that traps exits; `node` is its node, where nothing else is but a bystander. */
export type Misuse = readonly [
  what: string,
  /** The code of a Fault, or OTP's own reason. */
  code: string,
  /** A part of what is said: in the message, in the reason, or in the report about the process that ended over it. */
  says: string,
  run: (node: Node, self: Self) => unknown,
]

/** A server that takes part in misuses, with callbacks that do what they should not. */
export const Counter = {
  moduleName: 'counter',
  init: (start: unknown) => js.ok(start ?? 0),
  handleCall: {
    add: (n: number, _from: unknown, count: number) => js.reply(count + n, count + n),
    nothing: () => undefined,
    stateless: () => js.reply(1),
    bare: (n: number, _from: unknown, count: number) => ({ reply: count + n }),
    never: (_request: unknown, _from: unknown, count: number) => js.noreply(count),
    badTimeout: (_request: unknown, _from: unknown, count: number) => js.reply(1, count, { timeout: -1 }),
    myself(this: Self, _request: unknown, _from: unknown, count: number) {
      return Promise.resolve(this.call(this.self, 'add', 1)).then((n) => js.reply(n, count))
    },
  },
  handleCast: {
    reset: () => js.noreply(0),
    nothing: () => undefined,
    stateless: () => js.noreply(),
    text() {
      throw 'no room'
    },
  },
  handleInfo: () => undefined,
  handleContinue: () => 'done',
}

/** A Counter that runs. */
export async function counter(node: Node): Promise<unknown> {
  return node.start(Counter, [0])
}

/** What a start function answered, without the `'ok'`. */
export async function started(starting: unknown): Promise<unknown> {
  const [outcome, value] = (await starting) as readonly [string, unknown]
  if (outcome !== 'ok') throw new Error('not started', { cause: value })
  return value
}

/** The reason that a server ends with, which should not run on. */
export async function endOf(self: Self, module: unknown): Promise<readonly ['error', unknown]> {
  await js.startMonitor(self, module, [])
  return ['error', ((await self.receive()) as { readonly reason: unknown }).reason]
}

/** Runs through an async iterable. */
export async function exhaust(iterable: unknown): Promise<void> {
  for await (const _ of iterable as AsyncIterable<unknown>);
}
