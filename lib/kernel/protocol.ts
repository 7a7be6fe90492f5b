import type { Node } from './node.ts'
import type { Pid } from './pid.ts'

/**
 * What a process answers, said once, as an interface that only the compiler sees:
 *
 *     interface CounterApi {
 *       state: number
 *       init: [start: number]
 *       call: { add(request: { n: number }): number; label(): string }
 *       cast: { reset(): void }
 *     }
 */
export interface Protocol {
  state: unknown
  init?: readonly unknown[]
  call?: object
  cast?: object
  info?: unknown
  continue?: unknown
  codeChange?: readonly [oldVsn: unknown, state: unknown, extra: unknown]
}

/** The operations of one kind, by name. */
export type Operations<P, Kind extends 'call' | 'cast'> = unknown extends P
  ? Untyped
  : P extends { [K in Kind]: infer O }
    ? O
    : Record<never, never>

/** What can be asked of a destination without a protocol: nothing. Its one key is what the compiler says of that. */
interface Untyped {
  'this destination does not say what it answers: name(Module, text) does, or a typed pid or via': never
}

/** `Callbacks`: all of them needed when the protocol says something of `Part`, none otherwise. */
export type CallbacksFor<P, Part extends string, Callbacks> = [P] extends [{ [K in Part]: unknown }]
  ? Callbacks
  : Partial<Callbacks>

/** The request that an operation takes: its one parameter, or `undefined`. */
export type RequestOf<F> = F extends (request: infer R) => unknown ? (unknown extends R ? undefined : R) : undefined

/** What an operation answers. */
export type ReplyOf<F> = F extends (...request: never[]) => infer R ? R : never

/** The arguments that follow an operation's name in a call: the request if it takes one, then options. */
export type RequestArguments<F, Options> = F extends (...request: infer R) => unknown
  ? R extends []
    ? [request?: undefined, options?: Options]
    : R extends [infer Request]
      ? [request: Request, options?: Options]
      : R extends [(infer Request)?]
        ? [request?: Request, options?: Options]
        : [request: 'an operation takes one request: an object, where it has several parts']
  : never

/** A registered name: of this node, or with `node` of that one. The type parameter is for the compiler only. */
export interface Name<out P = unknown> {
  readonly name: string
  readonly node?: string
  readonly protocol?: P
}

/** A name kept by a registry of its own (OTP's `{via, Module, Name}`). */
export interface Via<out P = unknown> {
  readonly via: NameRegistry
  readonly key: unknown
  readonly protocol?: P
}

/** Keeps names in its own way. That a name ends with its process is up to it. */
export interface NameRegistry {
  /** What reports call it, with the key of a process. */
  readonly name?: string
  /**
   * The process that carries the name on `node`. A name nobody keeps is one nobody carries: it does not throw. A
   * registry that is not there may throw an `Exit`, which becomes that of the caller; a cast is then dropped.
   */
  whereisName(key: unknown, node: Node): Pid | undefined
  /** `false` when the key is taken. Called by the process that is to carry the name. */
  registerName(key: unknown, pid: Pid): boolean
}

/**
 * Whom to send to or to call: a pid, a name of this node (bare, or with its protocol), of another, or via. With types,
 * only one that has a protocol is called.
 */
export type Dest<P = unknown> = Pid<P> | Name<P> | Via<P> | string
