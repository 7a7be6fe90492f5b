import type { CallKind, Request } from './calls.ts'
import { Call, detach } from './calls.ts'
import type { From } from './context.ts'
import type { Reason } from './exit.ts'
import { OBSERVED } from './flags.ts'
import type { NodeAddress, Pid } from './pid.ts'
import type { Process } from './process.ts'
import type { Remote } from './remote.ts'
import { CALL_FAILED } from './remote-signals.ts'
import type { Monitor, Watcher } from './signals.ts'

/** A caller on another node that this node may answer. */
export class RemoteFrom implements From {
  readonly address: NodeAddress
  readonly pid: Pid | undefined
  readonly ref: number
  readonly alias: boolean

  constructor(address: NodeAddress, pid: Pid | undefined, ref: number, alias: boolean) {
    this.address = address
    this.pid = pid
    this.ref = ref
    this.alias = alias
  }
}

/** A request whose caller is on another node, in the mailbox of a server here. */
export class RemoteRequest implements Request {
  readonly kind: CallKind
  readonly operation: string
  readonly request: unknown
  readonly from: RemoteFrom
  acknowledged = false
  server: Process | undefined = undefined
  previousCall: Request | undefined = undefined
  nextCall: Request | undefined = undefined
  readonly #remote: Remote
  readonly #peer: Peer

  constructor(remote: Remote, peer: Peer, from: RemoteFrom, kind: CallKind, operation: string, request: unknown) {
    this.#remote = remote
    this.#peer = peer
    this.from = from
    this.kind = kind
    this.operation = operation
    this.request = request
  }

  get pid(): Pid | undefined {
    return this.from.pid
  }

  get alias(): boolean {
    return this.from.alias
  }

  settle(value: unknown): void {
    const { server } = this
    if (server !== undefined && (server.flags & OBSERVED) !== 0) server.node.replied(server, this.pid, value)
    this.#remote.reply(this.from, value)
    this.forget()
  }

  fail(why: Reason): void {
    this.forget()
    const { address, ref } = this.from
    this.#remote.carry(address, [CALL_FAILED, ref, why, this.acknowledged])
  }

  /** Nobody waits for an answer of this server any more. */
  forget(): void {
    detach(this)
    this.#peer.requests.delete(this.from.ref)
  }
}

/** Whether a message is a request, from this node or another. */
export function isRequest(message: unknown): message is Request {
  return message instanceof Call || message instanceof RemoteRequest
}

/** A monitor that a process of another node has set on one here. */
export class RemoteWatcher implements Watcher {
  readonly target: Process
  readonly pid: Pid | undefined
  readonly #tell: (reason: Reason) => void

  constructor(target: Process, pid: Pid | undefined, tell: (reason: Reason) => void) {
    this.target = target
    this.pid = pid
    this.#tell = tell
  }

  down(reason: Reason): void {
    this.#tell(reason)
  }
}

/** What this node and another have between them, to be undone when the connection is lost. */
export class Peer {
  readonly linked: Set<Process> = new Set()
  /** Those that processes here have set on processes there, by their ref. */
  readonly monitors: Map<number, Monitor> = new Map()
  /** Those that processes there have set on processes here, by the ref they chose. */
  readonly watchers: Map<number, RemoteWatcher> = new Map()
  /** Its calls that are not answered, by the ref it chose. */
  readonly requests: Map<number, RemoteRequest> = new Map()
}
