import { fault } from '../internal/errors.ts'
import { type Body, type ReceiveOptions, TIMEOUT } from './context.ts'
import { BUSY, OBSERVED } from './flags.ts'
import { EMPTY } from './mailbox.ts'
import type { Arity } from './message-term.ts'
import { awaited, resumeObserved } from './observe.ts'
import { mustBeOptions, type OptionKinds, TIME } from './options.ts'
import { paced } from './pacing.ts'
import type { Process } from './process.ts'
import type { Program } from './program.ts'
import { TimerEntry } from './timer-wheel.ts'

/**
 * Raw processes: an async function that receives its own messages.
 *
 *     node.spawn(async function () {
 *       for (;;) {
 *         const message = await this.receive()
 *         ...
 *       }
 *     })
 *
 * While the function waits for something else than `receive`, its messages wait in the mailbox. When it returns, the
 * process ends with `normal`; what it throws is its reason.
 */
class RawProgram implements Program {
  start(process: Process): void {
    const { body, args } = process.state as { body: Body | undefined; args: readonly unknown[] }
    process.state = body
    if (body === undefined) throw fault('undef', 'the function to spawn is undefined')
    process.flags |= BUSY
    Promise.resolve(body.apply(process, [...args])).then(
      // It may have become another program's meanwhile (`enterLoop`).
      () => process.program === rawProgram && process.end('normal'),
      (thrown) => process.crash(thrown),
    )
  }

  /** Messages arrived while `receive` waits: is the awaited one among them? The others are put aside. */
  run(process: Process, quantum: number): number {
    const receiver = process.rare!.receiver!
    let taken = 0
    while (taken < quantum && process.waiting > 0) {
      taken++
      if (receiver.offer(process.take())) break
    }
    return taken
  }

  readonly hasCallbacks = false

  /** It has none: the function itself stands in the place of one. */
  stateOf(): undefined {
    return undefined
  }

  nameOf(process: Process): string {
    return bodyOf(process)?.name || 'fun'
  }

  /** A function and how many arguments it takes; Erlang names `erlang:apply/2` for every one. */
  initialCallOf(process: Process): Arity {
    return [this.nameOf(process), 'apply', bodyOf(process)?.length ?? 0]
  }
}

/** The function that a raw process runs: until it starts beside the arguments, from then on alone in its state. */
function bodyOf(process: Process): Body | undefined {
  const state = process.state as Body | { body: Body | undefined } | undefined
  return typeof state === 'object' ? state.body : state
}

export const rawProgram: Program = new RawProgram()

/** A `receive` that waits for a message. */
export class Receiver extends TimerEntry {
  readonly owner: Process
  readonly #match: ((message: unknown) => boolean) | undefined
  readonly #resolve: (message: unknown) => void

  constructor(process: Process, match: ((message: unknown) => boolean) | undefined, resolve: (m: unknown) => void) {
    super()
    this.owner = process
    this.#match = match
    this.#resolve = resolve
  }

  /** Takes `message`, or puts it aside when it is not the one that is waited for. */
  offer(message: unknown): boolean {
    if (this.#match !== undefined && !this.#match(message)) {
      this.owner.putAside(message)
      return false
    }
    this.#finish(message)
    return true
  }

  override expire(): void {
    if (!this.owner.ended) this.#finish(TIMEOUT)
  }

  #finish(message: unknown): void {
    const process = this.owner
    process.node.timers.stop(this)
    process.rare!.receiver = undefined
    process.flags |= BUSY
    if ((process.flags & OBSERVED) !== 0) resumeObserved(process, () => this.#resolve(message))
    else this.#resolve(message)
  }
}

/** What a `receive` gives that need not wait. */
function atOnce(process: Process, message: unknown): Promise<unknown> {
  const given = paced(process, Promise.resolve(message))
  return (process.flags & OBSERVED) === 0 ? given : awaited(process, given)
}

const RECEIVE: OptionKinds<ReceiveOptions> = { after: { ...TIME, code: 'timeout_value' } }

/** See `Context.receive`. The earliest message that matches is taken; the order of the others stays. */
export function receive(
  process: Process,
  match: ((message: unknown) => boolean) | undefined,
  options: ReceiveOptions | undefined,
): Promise<unknown> {
  if (process.program !== rawProgram) throw fault('badarg', 'receive is for raw processes; others have handlers')
  if (process.ended) return new Promise(() => {})
  if (options !== undefined) mustBeOptions('receive', options, RECEIVE)
  const after = options?.after ?? Number.POSITIVE_INFINITY
  if (process.rare?.receiver !== undefined) throw fault('badarg', 'a receive of this process is waiting already')
  if (match !== undefined && typeof match !== 'function') {
    throw fault('badarg', 'receive takes a function that tells whether a message is the one')
  }
  const message = process.takeFirst(match)
  if (message !== EMPTY) return atOnce(process, message)
  if (after === 0) return atOnce(process, TIMEOUT)
  return new Promise((resolve) => {
    const receiver = new Receiver(process, match, resolve)
    process.extra.receiver = receiver
    if (after !== Number.POSITIVE_INFINITY) process.node.timers.start(receiver, after)
    process.flags &= ~BUSY
  })
}
