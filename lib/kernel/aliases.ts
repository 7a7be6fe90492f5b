import { fault } from '../internal/errors.ts'
import { describe } from './exit.ts'
import type { Node } from './node.ts'
import { Ref } from './pid.ts'
import type { Process } from './process.ts'

/**
 * Process aliases: refs that can be sent to, until they are deactivated. A late answer to one that is no longer active
 * is dropped, so a client that has given up never finds it in its mailbox.
 *
 *     const alias = this.alias({ reply: true })
 *     this.send(server, ['ask', alias])
 *     const answer = await this.receive(isAnswer, { after: 100 })
 *     if (answer === TIMEOUT) this.unalias(alias)       // from now on an answer vanishes
 *
 * For requests to a server use `call`, which does all that by itself.
 *
 *     mode               active until
 *     explicit_unalias   unalias
 *     reply              unalias, or one message
 *     demonitor          unalias, demonitor, or the message of the monitor
 *     reply_demonitor    the same, or one message, which removes the monitor, too
 *
 * Every alias ends with its process. Messages that arrived while it was active stay in the mailbox.
 *
 * Rules: "Process Aliases", Erlang reference manual; erlang:alias/1, erlang:monitor/3.
 */
export type AliasMode = 'explicit_unalias' | 'reply' | 'demonitor' | 'reply_demonitor'

const OF_MONITORS: readonly AliasMode[] = ['explicit_unalias', 'demonitor', 'reply_demonitor']

/** @throws Fault `badarg` unless `mode` is one that a monitor's alias can have. */
export function checkAliasOfMonitor(mode: AliasMode): void {
  if (!OF_MONITORS.includes(mode)) {
    throw fault('badarg', `the alias of a monitor is one of ${OF_MONITORS.join(', ')}, not ${describe(mode)}`)
  }
}

interface Alias {
  readonly process: Process
  readonly mode: AliasMode
}

/** The active aliases of a node, by the ids of their refs. */
export class Aliases {
  readonly #node: Node
  readonly #active = new Map<number, Alias>()

  constructor(node: Node) {
    this.#node = node
  }

  get size(): number {
    return this.#active.size
  }

  /** @internal Each active alias with its process. */
  *owners(): Generator<readonly [id: number, process: Process]> {
    for (const [id, { process }] of this.#active) yield [id, process]
  }

  activate(process: Process, ref: Ref, mode: AliasMode): void {
    const extra = process.extra
    extra.aliases ??= new Set()
    extra.aliases.add(ref.id)
    this.#active.set(ref.id, { process, mode })
  }

  /** `erlang:unalias/1`: whether `ref` was an active alias of `process`. */
  unalias(process: Process, ref: Ref): boolean {
    if (!(ref instanceof Ref)) throw fault('badarg', 'unalias takes a ref')
    if (ref.address !== this.#node.address || this.#active.get(ref.id)?.process !== process) return false
    this.#deactivate(process, ref.id)
    return true
  }

  /** The monitor with this ref is gone, by `demonitor` or by its message. */
  monitorGone(process: Process, ref: Ref): void {
    const mode = this.#active.get(ref.id)?.mode
    if (mode === 'demonitor' || mode === 'reply_demonitor') this.#deactivate(process, ref.id)
  }

  /** The process has ended. */
  drop(ids: Iterable<number>): void {
    for (const id of ids) this.#active.delete(id)
  }

  /** A message to an alias of this node; dropped when it is not active. */
  deliver(id: number, message: unknown): void {
    const alias = this.#active.get(id)
    if (alias === undefined) return
    const { process, mode } = alias
    if (mode === 'reply' || mode === 'reply_demonitor') {
      this.#deactivate(process, id)
      if (mode === 'reply_demonitor') process.demonitor(new Ref(this.#node.address, id))
    }
    process.deliver(message)
  }

  #deactivate(process: Process, id: number): void {
    this.#active.delete(id)
    process.rare?.aliases?.delete(id)
  }
}
