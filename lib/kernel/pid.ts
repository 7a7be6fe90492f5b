import type { Process } from './process.ts'

/**
 * Who a node is: its name and its creation, a number that differs from one start of the node to the next, so that the
 * pids of a node that was restarted are never mistaken for those of the one before.
 */
export interface NodeAddress {
  readonly name: string
  readonly creation: number
}

const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')

/**
 * The address of a process, on this node or another. Pids are plain values: they can be kept, compared with
 * `equalTerms`, sent to any node, and used after the process has ended (messages to it are then dropped). The type
 * parameter is the protocol that the process answers; it exists for the compiler only.
 */
export class Pid<out P = unknown> {
  /** Never there: for the compiler only. */
  declare readonly protocol?: P
  readonly address: NodeAddress
  readonly id: number
  /** @internal The process, while it lives and if it lives here. */
  process: Process | undefined

  constructor(address: NodeAddress, id: number, process?: Process) {
    this.address = address
    this.id = id
    this.process = process
  }

  /** The name of the node that the process lives on. */
  get node(): string {
    return this.address.name
  }

  toString(): string {
    return `<${this.address.name}.${this.address.creation}.${this.id}>`
  }

  toJSON(): string {
    return this.toString()
  }

  /** @internal What Node shows of it: not the process behind it. */
  [INSPECT](): string {
    return this.toString()
  }
}

/** A value that no other node or call makes again: names a monitor, a timer, a request or an alias. */
export class Ref {
  /** For the compiler alone: a pid has all that a ref has, and is none. */
  declare private readonly isRef: true
  readonly address: NodeAddress
  readonly id: number

  constructor(address: NodeAddress, id: number) {
    this.address = address
    this.id = id
  }

  toString(): string {
    return `#Ref<${this.address.name}.${this.address.creation}.${this.id}>`
  }

  /** @internal */
  [INSPECT](): string {
    return this.toString()
  }
}

/** Whether both addresses name the same start of the same node. */
export function sameAddress(a: NodeAddress, b: NodeAddress): boolean {
  return a === b || (a.name === b.name && a.creation === b.creation)
}

/** Whether both are pids of the same process. */
export function samePid(a: Pid, b: Pid): boolean {
  return a === b || (a?.id === b?.id && a?.id !== undefined && sameAddress(a.address, b.address))
}
