import { OUTBOX_BUFFERED_BYTES, OUTBOX_WRITE_BYTES, OUTBOXES_PER_TURN } from '../internal/limits.ts'
import type { Host } from '../kernel/host.ts'
import { Burst } from './burst.ts'
import type { EventFrame } from './frame.ts'
import type { Resumable, ResumeWindow } from './resume-window.ts'
import type { Connection } from './transport.ts'

/**
 * Collects the outboxes that have something to write and writes them at the end of the turn of the event loop, after
 * all the input that was ready. That coalesces by load and by nothing else: an idle node writes an event as soon as the
 * code that published it has returned; a busy one finds ten events in an outbox and sends them in one segment, which
 * costs hardly more than one event does. No event waits for a timer.
 */
export class WriteTurn {
  #ready: Outbox[] = []
  #burst = new Burst([])
  readonly #host: Pick<Host, 'macrotask'>
  readonly #perTurn: number

  constructor(host: Pick<Host, 'macrotask'>, perTurn: number = OUTBOXES_PER_TURN) {
    this.#host = host
    this.#perTurn = perTurn
  }

  /** Has `outbox` flushed at the end of this turn. An outbox is added once until it has been flushed. */
  add(outbox: Outbox): void {
    if (this.#ready.push(outbox) === 1) this.#host.macrotask(this.#run)
  }

  /**
   * The `count` events after `sequence`, laid out to be sent. Sessions that look at the same guild send the same events
   * in the same turn, so the last burst is mostly the next one.
   */
  burst(window: ResumeWindow, sequence: number, count: number): Burst {
    if (this.#burst.events.length !== count || !window.matches(sequence, this.#burst.events)) {
      this.#burst = new Burst(Array.from({ length: count }, (_, index) => window.at(sequence + 1 + index)!))
    }
    return this.#burst
  }

  /** Beyond the bound of one turn the rest waits for the next, so that sockets are also read in between. */
  readonly #run = (): void => {
    const now = this.#ready
    this.#ready = now.length > this.#perTurn ? now.splice(this.#perTurn) : []
    if (this.#ready.length > 0) this.#host.macrotask(this.#run)
    for (const outbox of now) outbox.flush()
  }
}

/**
 * Sends a session's events to its connection, while it has one.
 *
 *     window    | 41  42  43  44  45  46  47 |
 *                         sent ^            ^ last
 *                               |  to send  |
 *
 * There is no queue of its own: what is to be sent is the part of the resume window behind a cursor. So a resume is an
 * `attach` with the cursor at the client's number, and the events it missed and the ones that happen meanwhile go the
 * same way, once and in order. A reader that is too slow makes the outbox hold back, not copy: events wait as
 * references until the socket has drained, and when the window gives up one that was not sent, the connection is cut,
 * since a stream with a hole must not be continued.
 */
export class Outbox {
  readonly #window: ResumeWindow
  readonly #turn: WriteTurn
  #connection: Connection | undefined
  #sent = 0
  /** Bytes of the events to be sent; infinite when it would have to be counted. */
  #unsentBytes = 0
  #queued = false

  constructor(window: ResumeWindow, turn: WriteTurn) {
    this.#window = window
    this.#turn = turn
  }

  /** Sequence number of the last event handed to a connection. */
  get sent(): number {
    return this.#sent
  }

  /**
   * Sends everything after `sequence` to this connection from now on, beginning at the end of the turn. When the answer
   * is not `yes`, nothing is attached and the client has to be told.
   */
  attach(connection: Connection, sequence: number): Resumable {
    const answer = this.#window.resumable(sequence)
    if (answer !== 'yes') return answer
    this.#connection = connection
    this.#sent = sequence
    const replay = sequence < this.#window.last
    this.#unsentBytes = replay ? Number.POSITIVE_INFINITY : 0
    if (replay) this.#queue()
    return answer
  }

  /** Sends nothing more; the window goes on collecting. */
  detach(): void {
    this.#connection = undefined
  }

  /**
   * Takes an event and returns its sequence number. It leaves at the end of this turn of the event loop, or at once
   * when so many bytes have come together that waiting saves nothing.
   * @throws sequence_exhausted as ResumeWindow.push does
   */
  push(event: EventFrame): number {
    const sequence = this.#window.push(event)
    if (this.#connection === undefined) return sequence
    this.#unsentBytes += event.length
    if (this.#unsentBytes >= OUTBOX_WRITE_BYTES || this.#window.first > this.#sent + 1) this.flush()
    else this.#queue()
    return sequence
  }

  /**
   * The client says that it has everything up to `sequence`: those events are given up. False, and nothing is given up,
   * when that number has never been sent.
   */
  ack(sequence: number): boolean {
    return sequence <= this.#sent && this.#window.ack(sequence)
  }

  /** Writes what is to be sent, as much as the connection takes. To be called when the connection has drained. */
  flush(): void {
    this.#queued = false
    let connection = this.#connection
    while (connection !== undefined && this.#sent < this.#window.last) {
      if (this.#window.first > this.#sent + 1) {
        this.#connection = undefined
        connection.terminate()
        return
      }
      if (connection.buffered > OUTBOX_BUFFERED_BYTES) return
      this.#write(connection)
      connection = this.#connection
    }
  }

  #queue(): void {
    if (this.#queued) return
    this.#queued = true
    this.#turn.add(this)
  }

  #write(connection: Connection): void {
    const unsent = this.#window.last - this.#sent
    const count = this.#unsentBytes <= OUTBOX_WRITE_BYTES ? unsent : this.#fitting(unsent)
    const burst = this.#turn.burst(this.#window, this.#sent, count)
    burst.number(this.#sent + 1)
    this.#sent += count
    this.#unsentBytes = count === unsent ? 0 : Number.POSITIVE_INFINITY
    connection.sendBurst(burst)
  }

  /** How many of the events to be sent go into one write: one at least. */
  #fitting(unsent: number): number {
    let count = 0
    for (let bytes = 0; count < unsent && bytes < OUTBOX_WRITE_BYTES; count++) {
      bytes += this.#window.at(this.#sent + count + 1)!.length
    }
    return count
  }
}
