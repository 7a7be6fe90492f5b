import { Fault, fault } from '../internal/errors.ts'
import { BATCH_BYTES, BATCH_ELEMENTS, FRAME_BYTES, LINK_CLOSE_MS, TICKS_MISSED } from '../internal/limits.ts'
import type { TimerHandle } from '../kernel/host.ts'
import type { Node } from '../kernel/node.ts'
import type { NodeAddress } from '../kernel/pid.ts'
import type { Signal } from '../kernel/remote-signals.ts'
import { TimerEntry } from '../kernel/timer-wheel.ts'
import { Codec } from './codec.ts'
import { type Control, controlFrame, FrameReader, PING, PONG, TICK } from './frames.ts'
import type { Socket, SocketHandler } from './transport.ts'

export interface LinkLimits {
  /** Milliseconds. */
  readonly tickInterval: number
  /** Bytes that wait for the other node. */
  readonly softBytes: number
  readonly hardBytes: number
}

export interface LinkHandler {
  signal(from: NodeAddress, signal: Signal): void
  /** Once, and never from within a call of the link's functions. */
  down(link: Link, why: Fault): void
  pong(link: Link): void
}

/**
 * The connection to one start of another node.
 *
 *     send ──> batch ──end of the turn, or the batch is full──> frame ──> socket
 *     socket ──> frames ──> signals, in order
 *
 * What cannot be carried any more is lost together with the connection, never alone. A link without anything to say
 * sends ticks; whether the other end is silent is counted in intervals, so that a node that was itself asleep looks at
 * what has arrived before it judges.
 */
export class Link extends TimerEntry implements SocketHandler {
  readonly peer: NodeAddress
  readonly #node: Node
  readonly #socket: Socket
  readonly #limits: LinkLimits
  readonly #handler: LinkHandler
  readonly #codec: Codec
  readonly #reader: FrameReader
  #batch: Signal[] = []
  #batchBytes = 0
  #batchElements = 0
  #scheduled = false
  #closed = false
  #wrote = true
  #heard = true
  #missed = 0
  #patience: TimerHandle | undefined
  readonly #flush = () => {
    this.#scheduled = false
    this.#write()
  }

  constructor(node: Node, socket: Socket, peer: NodeAddress, limits: LinkLimits, handler: LinkHandler) {
    super()
    this.peer = peer
    this.#node = node
    this.#socket = socket
    this.#limits = limits
    this.#handler = handler
    this.#codec = new Codec(node, peer)
    this.#reader = new FrameReader({
      frame: (bytes) => this.#receive(bytes),
      control: (control) => this.#control(control),
    })
    socket.handler = this
    node.timers.start(this, limits.tickInterval)
  }

  /** Whether so much waits for the other node that whoever can should not add to it. */
  get busy(): boolean {
    return this.#batchBytes + this.#socket.buffered > this.#limits.softBytes
  }

  /** Takes a signal that has passed a gate, which has measured it. */
  send(signal: Signal, bytes: number, elements: number): void {
    if (this.#closed) return
    this.#batch.push(signal)
    this.#batchBytes += bytes
    this.#batchElements += elements
    if (this.#batchBytes >= BATCH_BYTES || this.#batchElements >= BATCH_ELEMENTS) this.#write()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#node.host.macrotask(this.#flush)
    }
  }

  /** Asks for a sign of life, to be told by `pong`. */
  probe(): void {
    if (!this.#closed) this.#socket.write(controlFrame(PING))
  }

  /** Closes the connection at once; what waits is lost. */
  cut(why: Fault): void {
    if (this.#closed) return
    this.#end(why)
    this.#socket.destroy()
  }

  /** Closes the connection once what waits is written, which may take LINK_CLOSE_MS. */
  close(why: Fault): void {
    this.#write()
    if (this.#closed) return
    this.#end(why)
    this.#socket.end()
    // A timer of the host: those of a node end with it, and the socket must not stay open for a peer that never reads.
    if (this.#socket.buffered === 0) return
    this.#patience = this.#node.host.startTimer(() => this.#socket.destroy(), LINK_CLOSE_MS)
  }

  opened(): void {}

  data(bytes: Uint8Array): void {
    if (this.#closed) return
    this.#heard = true
    try {
      this.#reader.push(bytes)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.cut(error)
    }
  }

  closed(cause: Error | undefined): void {
    if (this.#patience !== undefined) this.#node.host.stopTimer(this.#patience)
    if (this.#closed) return
    this.#end(fault('connection_lost', cause?.message, cause === undefined ? undefined : { cause }))
  }

  override expire(): void {
    this.#missed = this.#heard ? 0 : this.#missed + 1
    this.#heard = false
    if (this.#missed >= TICKS_MISSED) {
      return this.cut(fault('peer_silent', `${this.#missed} intervals of ${this.#limits.tickInterval} ms`))
    }
    if (!this.#wrote) this.#socket.write(controlFrame(TICK))
    this.#wrote = false
    this.#node.timers.start(this, this.#limits.tickInterval)
  }

  #write(): void {
    if (this.#closed || this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    this.#batchElements = 0
    this.#wrote = true
    let frame: Uint8Array
    try {
      frame = this.#codec.encode(batch)
    } catch (error) {
      return this.cut(fault('unencodable', 'it was changed after it was sent', { cause: error }))
    }
    if (frame.length > FRAME_BYTES) return this.cut(fault('signal_too_large', 'it was changed after it was sent'))
    this.#socket.write(frame)
    const { buffered } = this.#socket
    if (buffered > this.#limits.hardBytes) this.cut(fault('link_overflow', `${buffered} bytes wait for it`))
  }

  #receive(bytes: Uint8Array): void {
    for (const signal of this.#codec.decode(bytes)) {
      this.#handler.signal(this.peer, signal)
      if (this.#closed) return
    }
  }

  #control(control: Control): void {
    if (control === PING && !this.busy) this.#socket.write(controlFrame(PONG))
    else if (control === PONG) this.#handler.pong(this)
  }

  #end(why: Fault): void {
    this.#closed = true
    this.#batch = []
    this.#reader.stop()
    this.#node.timers.stop(this)
    this.#node.host.microtask(() => this.#handler.down(this, why))
  }
}
