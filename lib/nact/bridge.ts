import { ownerOf } from '../behaviours/caller.ts'
import { fault } from '../internal/errors.ts'
import { NACT_QUERY_MS, NACT_REFS } from '../internal/limits.ts'
import { oncePer } from '../internal/once-per.ts'
import { CALL, Cast, type Request, STOP } from '../kernel/calls.ts'
import type { Caller } from '../kernel/context.ts'
import { DEST_FORMS, isDest } from '../kernel/destination.ts'
import type { Node } from '../kernel/node.ts'
import { Pid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import type { Program } from '../kernel/program.ts'
import type { Dest } from '../kernel/protocol.ts'
import { isRequest } from '../kernel/remote-peer.ts'
import { termKey } from '../kernel/term-key.ts'
import {
  type Actor,
  actorOf,
  type Concrete,
  dispatch,
  query,
  type Ref,
  type System,
  startSystem,
  stop,
} from './nact.ts'

/**
 * Both ways over the fence. A message is handed over as it is; a request gets the form that nact's actors use among
 * each other, with a `sender` to dispatch the answer to.
 *
 *     nact's side                      this side
 *     dispatch(toRef(pid), message)    the process receives `message`
 *     query(toRef(pid), f, timeout)    the process receives f(ref), and answers with dispatch(ref, value)
 *
 *     the actor receives `message`     send(toPid(ref), message)
 *     { type, request }                cast(toPid(ref), type, request)
 *     { type, request, sender }        call(toPid(ref), type, request): resolves with what is dispatched to `sender`
 *
 * Order holds from one sender to one receiver. As in nact, what is sent to an actor that has stopped is dropped.
 */

const bridges = new WeakMap<Node, Bridge>()

/**
 * A reference that nact's functions take, for a process, by pid or name, here or on another node. The same destination
 * gives the same reference. `stop` of it asks the process to end with `shutdown`.
 * @throws Fault `badarg` for what is no destination, `system_limit` beyond NACT_REFS destinations on a node.
 */
export function toRef<M = unknown>(caller: Caller, to: Dest): Ref<M> {
  if (!isDest(to)) throw fault('badarg', DEST_FORMS)
  const { node } = ownerOf(caller)
  let bridge = bridges.get(node)
  if (bridge === undefined || bridge.ended) {
    bridge = new Bridge(node)
    bridges.set(node, bridge)
  }
  return bridge.refTo(to) as Ref<M>
}

/** A nact system of a node that has no actors, only references to processes. */
class Bridge {
  ended = false
  readonly #node: Node
  readonly #system: System = startSystem([])
  readonly #refs = new Map<unknown, object>()
  readonly #targets = new Map<string, Concrete>()

  constructor(node: Node) {
    this.#node = node
    const found = this.#system.find.bind(this.#system)
    this.#system.find = (ref) => this.#targets.get((ref as { name?: string }).name ?? '') ?? found(ref)
    // The references live as long as the node: this process ends with it.
    const end = (): void => {
      this.ended = true
      stop(this.#system.reference)
    }
    node.spawn(async function () {
      this.own({ [Symbol.dispose]: end })
      await this.receive(() => false)
    })
  }

  refTo(to: Dest): object {
    const key = termKey(to)
    const known = this.#refs.get(key)
    if (known !== undefined) return known
    if (this.#refs.size >= NACT_REFS)
      throw fault('system_limit', `${NACT_REFS} references of nact on ${this.#node.name}`)
    const name = `p${this.#refs.size}`
    const path = this.#system.path.createChildPath(name)
    const ref = { type: 'actor', name, path, parent: this.#system.reference, system: { name: this.#system.name } }
    this.#refs.set(key, ref)
    this.#targets.set(name, this.#targetOf(to))
    return ref
  }

  #targetOf(to: Dest): Concrete {
    const node = this.#node
    return {
      dispatch: (message) => node.sendQuietly(to, message),
      query: (message, timeout) => this.#query(to, message, timeout),
      stop: () => {
        const pid = to instanceof Pid ? to : node.resolve(to).pid
        if (pid !== undefined) node.exit(pid, 'shutdown')
      },
    }
  }

  /** As nact's own actors answer a query: through a reference that stands for its promise. */
  async #query(to: Dest, message: unknown, timeout: number): Promise<unknown> {
    const node = this.#node
    const answerTo = { type: 'temp', system: { name: this.#system.name }, id: node.makeRef().id }
    const answered = new Promise((resolve) => this.#system.addTempReference(answerTo, { resolve }))
    const tooLate = node.sleep(timeout).then(() => {
      throw new Error('Query Timeout')
    })
    try {
      node.sendQuietly(to, typeof message === 'function' ? message(answerTo) : message)
      return await Promise.race([answered, tooLate])
    } finally {
      tooLate.catch(() => {})
      this.#system.removeTempReference(answerTo)
    }
  }
}

/** The processes that stand for an actor, one on each node; they end with it. */
const standInsOf = oncePer((actor: Actor) => {
  const pids = new Map<Node, Pid>()
  endWith(actor, pids)
  return pids
})

/**
 * The process that stands for an actor on the caller's node: what is sent to it is dispatched to the actor, and it ends
 * with `normal` when the actor stops, alone or with its parent, its system or its host, so links and monitors see that.
 * Killing it does not stop the actor; the next who asks for it gets a new one.
 * @throws Fault `noproc` when the actor has stopped.
 */
export function toPid(caller: Caller, ref: Ref<unknown>): Pid {
  const actor = actorOf(ref)
  if (actor?.afterStop === undefined) throw fault('noproc', 'the reference leads to no actor of a system that is known')
  const { node } = ownerOf(caller)
  const pids = standInsOf(actor)
  const known = pids.get(node)
  if (known?.process !== undefined) return known
  const pid = node.spawn(new StandIn(ref))
  pids.set(node, pid)
  return pid
}

/** Ends the processes of `pids`, whichever there are by then, when the actor stops. */
function endWith(actor: Actor, pids: ReadonlyMap<Node, Pid>): void {
  const { afterStop } = actor
  actor.afterStop = (state, context) => {
    for (const pid of pids.values()) pid.process?.end('normal')
    return afterStop.call(actor, state, context)
  }
}

/** Hands on, in order, whatever reaches its mailbox. */
class StandIn implements Program {
  readonly #ref: Ref<unknown>

  constructor(ref: Ref<unknown>) {
    this.#ref = ref
  }

  start(): void {}

  run(process: Process, quantum: number): number {
    let handled = 0
    for (; handled < quantum && process.waiting > 0; handled++) {
      const message = process.take()
      if (isRequest(message)) this.#request(process, message)
      else if (message instanceof Cast) dispatch(this.#ref, { type: message.operation, request: message.request })
      else dispatch(this.#ref, message)
    }
    return handled
  }

  #request(process: Process, call: Request): void {
    if (call.kind === STOP) {
      call.acknowledged = true
      process.end((call.request as readonly unknown[])[0])
    } else if (call.kind !== CALL) call.settle(['error', ['unknown_system_msg', call.operation]])
    else {
      const { operation: type, request } = call
      query(this.#ref, (sender: Ref<unknown>) => ({ type, request, sender }), NACT_QUERY_MS).then(
        (answer) => call.settle(answer),
        (error) => call.fail(error),
      )
    }
  }
}
