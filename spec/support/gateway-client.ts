import type { GatewayParser } from '../../actors/gateway-parser.ts'
import type { House } from '../../actors/house.ts'
import { type OpenConnection, openConnection } from '../../actors/open-connection.ts'
import { gatewayParser } from '../../lib/api/opcodes.ts'
import type { Burst } from '../../lib/gateway/burst.ts'
import type { Connection } from '../../lib/gateway/transport.ts'
import type { Account } from './chat.ts'

export interface Frame {
  readonly op: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the event has
  readonly d: any
  readonly s: number | null
  readonly t: string | null
}

/** A client of the gateway without a network: what the server sends is recorded, and can be waited for. */
export class GatewayClient {
  readonly account: Account
  readonly frames: Frame[] = []
  closeCode: number | undefined
  #house: House
  #socket: FakeSocket | undefined
  #open: OpenConnection | undefined
  #waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = []

  constructor(house: House, account: Account) {
    this.#house = house
    this.account = account
  }

  /** Opens a socket, on another node if told so. */
  connect(house: House = this.#house, version = 10, parser: GatewayParser = gatewayParser): void {
    this.#house = house
    this.closeCode = undefined
    const socket = new FakeSocket(
      (frame) => this.#received(socket, frame),
      (code) => this.#closed(socket, code),
    )
    this.#socket = socket
    const options = { parser, version, resumeUrl: 'ws://127.0.0.1' }
    this.#open = openConnection(house.node, house, socket, options)
    socket.open = this.#open
  }

  send(op: number, d: unknown): void {
    this.sendText(JSON.stringify({ op, d }))
  }

  sendText(text: string): void {
    this.#open!.message(Buffer.from(text))
  }

  /** Cuts the socket without a word. */
  cut(): void {
    this.#socket!.terminate()
  }

  /** Closes it as a client does. */
  close(code: number): void {
    this.#socket!.closedBy(code)
  }

  /** How much the socket claims to have in hand. */
  set buffered(bytes: number) {
    this.#socket!.buffered = bytes
    if (bytes === 0) this.#open!.drained()
  }

  identify(intents: number, more: object = {}): void {
    this.send(2, { token: this.account.token, intents, properties: {}, ...more })
  }

  resume(sequence: number = this.sequence, sessionId: string = this.ready.d.session_id): void {
    this.send(6, { token: this.account.token, session_id: sessionId, seq: sequence })
  }

  /** Logs in and waits for `guilds` guilds to be there. */
  async login(intents: number, guilds: number): Promise<this> {
    this.connect()
    this.identify(intents)
    await this.until(() => {
      if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode}`)
      return this.of('GUILD_CREATE').length >= guilds && this.of('READY').length > 0
    })
    return this
  }

  get ready(): Frame {
    return this.of('READY').at(-1)!
  }

  get sequence(): number {
    return this.frames.findLast((frame) => frame.s !== null)?.s ?? 0
  }

  of(event: string): Frame[] {
    return this.frames.filter((frame) => frame.t === event)
  }

  contents(): string[] {
    return this.of('MESSAGE_CREATE').map((frame) => frame.d.content)
  }

  /** The names of the events, in order. */
  events(): (string | null)[] {
    return this.frames.filter((frame) => frame.op === 0).map((frame) => frame.t)
  }

  /** Resolves when `test` is true, looked at after each frame and close. */
  until(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const look = () => {
        try {
          return test()
        } catch (error) {
          reject(error)
          return true
        }
      }
      this.#waiting.push({ test: look, resolve })
    })
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closeCode !== undefined)
  }

  untilEvent(event: string, count = 1): Promise<void> {
    return this.until(() => this.of(event).length >= count)
  }

  #received(socket: FakeSocket, frame: Frame): void {
    if (socket !== this.#socket) return
    this.frames.push(frame)
    this.#look()
  }

  #closed(socket: FakeSocket, code: number): void {
    if (socket !== this.#socket) return
    this.closeCode = code
    this.#look()
  }

  #look(): void {
    const ready = this.#waiting.filter(({ test }) => test())
    this.#waiting = this.#waiting.filter((entry) => !ready.includes(entry))
    for (const { resolve } of ready) resolve()
  }
}

/** The server's end of a socket whose other end is the client object. */
class FakeSocket implements Connection {
  buffered = 0
  open: OpenConnection | undefined
  #isClosed = false
  readonly #received: (frame: Frame) => void
  readonly #closed: (code: number) => void

  constructor(received: (frame: Frame) => void, closed: (code: number) => void) {
    this.#received = received
    this.#closed = closed
  }

  send(data: string | Uint8Array): void {
    if (!this.#isClosed) this.#received(JSON.parse(Buffer.from(data as Uint8Array).toString()) as Frame)
  }

  sendBurst(burst: Burst): void {
    for (const message of burst.messages) this.send(message)
  }

  cork(run: () => void): void {
    run()
  }

  close(code: number): void {
    this.closedBy(code)
  }

  terminate(): void {
    this.closedBy(1006)
  }

  closedBy(code: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closed(code)
    this.open?.closed(code)
  }
}
