import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import WebSocket from 'ws'

/** A TCP connection that sends what it is told and keeps what it gets. */
export class RawClient {
  readonly socket: Socket
  /** What has been read, in the pieces in which it came. */
  readonly chunks: Buffer[] = []
  /** Settles when the connection has ended, whichever way. */
  readonly ended: Promise<void>
  #hear: () => void = () => {}

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk) => {
      this.chunks.push(chunk)
      this.#hear()
    })
    this.ended = new Promise((resolve) => this.socket.once('close', () => resolve()))
    this.socket.once('close', () => this.#hear())
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  get text(): string {
    return this.bytes.toString('latin1')
  }

  /** Waits until what has been read satisfies `test`; fails when the connection ends before. */
  async until(test: (client: this) => boolean): Promise<this> {
    while (!test(this)) {
      if (this.socket.closed) throw new Error(`the connection ended after ${JSON.stringify(this.text)}`)
      await new Promise<void>((resolve) => {
        this.#hear = resolve
      })
    }
    return this
  }

  write(data: string | Uint8Array): this {
    this.socket.write(data)
    return this
  }

  /** Forgets what has been read. */
  clear(): this {
    this.chunks.length = 0
    return this
  }

  destroy(): void {
    this.socket.destroy()
  }
}

export const UPGRADE: string = [
  'GET /gateway?v=10&encoding=json HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '',
  '',
].join('\r\n')

/** A raw client that has shaken hands, with nothing read after that yet. */
export async function upgraded(port: number): Promise<RawClient> {
  const client = await new RawClient(port).write(UPGRADE).until(({ text }) => text.includes('\r\n\r\n'))
  if (!client.text.startsWith('HTTP/1.1 101')) throw new Error(client.text)
  return client.clear()
}

/** A client's frame, masked with zeros. */
export function clientFrame(opcode: number, payload: string | Uint8Array, final = true): Buffer {
  const body = Buffer.from(payload)
  const first = (final ? 0x80 : 0) | opcode
  const header =
    body.length < 126
      ? Buffer.from([first, 0x80 | body.length])
      : body.length < 65_536
        ? Buffer.from([first, 0x80 | 126, body.length >> 8, body.length & 0xff])
        : Buffer.from([
            first,
            0x80 | 127,
            0,
            0,
            0,
            0,
            0,
            body.length >> 16,
            (body.length >> 8) & 0xff,
            body.length & 0xff,
          ])
  return Buffer.concat([header, Buffer.alloc(4), body])
}

/** The payloads of the server's whole frames in `bytes`. */
export function serverFrames(bytes: Buffer): string[] {
  const frames: string[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const short = bytes[at + 1]! & 0x7f
    const header = short < 126 ? 2 : short === 126 ? 4 : 10
    if (at + header > bytes.length) break
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    if (at + header + length > bytes.length) break
    frames.push(bytes.toString('utf8', at + header, at + header + length))
    at += header + length
  }
  return frames
}

/** The `ws` package's client, opened. */
export async function websocket(port: number, path = '/'): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  client.on('error', () => {})
  await once(client, 'open')
  return client
}

export async function nextMessage(client: WebSocket): Promise<string> {
  const [data] = await once(client, 'message')
  return String(data)
}

export async function closeOf(client: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await once(client, 'close')
  return { code, reason: String(reason) }
}
