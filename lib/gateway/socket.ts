import type { Burst } from './burst.ts'
import { CloseCode } from './protocol.ts'
import { type Connection, checkClose, type Handlers, type HttpHead, type TransportLimits } from './transport.ts'

/** The part of a listener that its sockets look at. */
export interface SocketOwner<Session> {
  readonly handlers: Handlers<Session>
  readonly limits: TransportLimits
}

/** What a socket does in the same way on every transport: its session, its handlers, its cork and its end. */
export abstract class Socket<Session> implements Connection {
  protected readonly owner: SocketOwner<Session>
  #session: Session | undefined
  #opened = false
  #corked = false
  #closed = false
  /** What is to be done at the end of a cork: a socket must not go away within its own. */
  #ending: (() => void) | undefined

  constructor(owner: SocketOwner<Session>) {
    this.owner = owner
  }

  abstract readonly buffered: number
  abstract send(data: string | Uint8Array, binary?: boolean): void
  abstract sendBurst(burst: Burst): void
  /** Runs `run`, with what it sends gathered into one write. */
  protected abstract gather(run: () => void): void
  /** Sends a close frame; `closed` is called before the return. */
  protected abstract sendClose(code: number, reason: string): void
  /** Cuts the connection; `closed` is called before the return. */
  protected abstract destroy(): void

  cork(run: () => void): void {
    if (this.#corked || this.ended) {
      run()
      return
    }
    this.#corked = true
    try {
      this.gather(run)
    } finally {
      this.#corked = false
      this.#ending?.()
    }
  }

  close(code: number, reason = ''): void {
    checkClose(code, reason)
    this.#end(() => this.sendClose(code, reason))
  }

  terminate(): void {
    this.#end(() => this.destroy())
  }

  /** Whether nothing more is sent: the socket is closed, or will be when its cork ends. */
  protected get ended(): boolean {
    return this.#closed || this.#ending !== undefined
  }

  protected opened(head: HttpHead): void {
    this.#guard(() => {
      this.#session = this.owner.handlers.open(this, head)
      this.#opened = true
    })
  }

  protected received(data: Uint8Array, binary: boolean): void {
    if (this.ended) return
    const { messageBytes, messageTooLongCode } = this.owner.limits
    if (data.length > messageBytes) this.close(messageTooLongCode, 'The message is too long.')
    else this.#guard(() => this.owner.handlers.message(this.#session as Session, data, binary))
  }

  protected drained(): void {
    if (!this.ended) this.#guard(() => this.owner.handlers.drain?.(this.#session as Session))
  }

  protected closed(code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#opened) return
    try {
      this.owner.handlers.close(this.#session as Session, code, reason)
    } catch (error) {
      this.owner.handlers.failed(error)
    }
  }

  #end(ending: () => void): void {
    if (this.ended) return
    this.#ending = ending
    if (!this.#corked) ending()
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.owner.handlers.failed(error)
      this.close(CloseCode.INTERNAL_ERROR, 'Internal error.')
    }
  }
}
