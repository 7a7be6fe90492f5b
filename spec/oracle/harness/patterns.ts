import { type DownMessage, type ExitMessage, equalTerms, type Pid, type Ref } from '../../../lib/index.ts'

/**
 * What the clauses of a `receive` match, as predicates for `this.receive`:
 *
 *     receive {'DOWN', M, _, _, W} -> W end       (await this.receive(downOf(m))).reason
 */
type Pattern<T> = (message: unknown) => message is T

function field(message: unknown, key: string): unknown {
  return typeof message === 'object' && message !== null ? Reflect.get(message, key) : undefined
}

/** `{'DOWN', Ref, _, _, _}`, or with another tag in the place of `'DOWN'` */
export function downOf(ref: Ref, tag = 'DOWN'): Pattern<DownMessage> {
  return (message): message is DownMessage => field(message, 'type') === tag && equalTerms(field(message, 'ref'), ref)
}

/** `{'EXIT', Pid, _}` */
export function exitOf(pid: Pid): Pattern<ExitMessage> {
  return (message): message is ExitMessage => isExit(message) && equalTerms(message.from, pid)
}

/** `{'EXIT', _, _}` */
export function isExit(message: unknown): message is ExitMessage {
  return field(message, 'type') === 'EXIT'
}

/** A record of this type about this ref. */
export function about<T>(type: string, ref: Ref): Pattern<T> {
  return (message): message is T => field(message, 'type') === type && equalTerms(field(message, 'ref'), ref)
}

/** `{Tag, _}` */
export function tagged<T>(tag: string): Pattern<readonly [tag: string, value: T]> {
  return (message): message is readonly [string, T] => Array.isArray(message) && message[0] === tag
}

/** An atom. */
export function atom(text: string): Pattern<string> {
  return (message): message is string => message === text
}
