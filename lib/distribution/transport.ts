/**
 * The sockets port: ordered streams of bytes between addresses. TCP is one (tcp.ts); a simulation puts its own network
 * in its place. Nothing is called back from within a call of these functions.
 */
export interface Transport {
  /** Resolves when connections are accepted; port 0 takes a free one. Rejects with a coded error. */
  listen(host: string, port: number, accept: (socket: Socket) => void): Promise<Listener>
  /** Begins to connect; `handler.opened` or `handler.closed` tells what came of it. */
  connect(host: string, port: number, handler: SocketHandler): Socket
}

export interface Listener {
  readonly host: string
  readonly port: number
  /** Accepts no more; sockets that are open stay so. */
  close(): Promise<void>
}

export interface Socket {
  /** The other end's address, for people. */
  readonly remote: string
  /** Bytes written that the system has not taken yet. */
  readonly buffered: number
  /** Who hears of it; an accepted socket has none until it is set, which must be done before `accept` returns. */
  handler: SocketHandler
  /** Takes the bytes over: they must not be changed afterwards. */
  write(bytes: Uint8Array): void
  /** Closes when all that was written is out. */
  end(): void
  /** Closes now. */
  destroy(): void
}

export interface SocketHandler {
  /** A connection that was begun here is there. */
  opened(): void
  data(bytes: Uint8Array): void
  /** Once, whoever closed it and also when it could never be opened; nothing is called afterwards. */
  closed(cause: Error | undefined): void
}
