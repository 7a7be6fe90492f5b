import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { Burst } from '../../lib/gateway/burst.ts'
import { chooseTransport } from '../../lib/gateway/choose.ts'
import { encodeEvent } from '../../lib/gateway/frame.ts'
import type { HttpReply } from '../../lib/gateway/reply.ts'
import type {
  Connection,
  Handlers,
  HttpHead,
  HttpRequest,
  Listener,
  Transport,
  TransportLimits,
} from '../../lib/gateway/transport.ts'
import { Fault } from '../../lib/internal/errors.ts'
import { clientFrame, closeOf, nextMessage, RawClient, serverFrames, UPGRADE, upgraded, websocket } from './clients.ts'

interface Peer {
  readonly connection: Connection
  readonly head: HttpHead
  readonly messages: string[]
  closed: { code: number; reason: string } | undefined
}

/** A listener whose handlers note what happens and do what the test wants. */
class Bench {
  listener!: Listener
  readonly peers: Peer[] = []
  readonly failures: unknown[] = []
  answer: (request: HttpRequest) => HttpReply | Promise<HttpReply> = () => ({ status: 200, body: 'ok' })
  refuse: (head: HttpHead) => HttpReply | undefined = () => undefined
  onOpen: (connection: Connection) => void = () => {}
  onMessage: (peer: Peer, text: string, binary: boolean) => void = () => {}
  onDrain: (peer: Peer) => void = () => {}
  onClose: (peer: Peer) => void = () => {}

  static async listen(t: Test, transport: Transport, limits: Partial<TransportLimits> = {}): Promise<Bench> {
    const bench = new Bench()
    const handlers: Handlers<Peer> = {
      request: (request) => bench.answer(request),
      upgrade: (head) => bench.refuse(head),
      open: (connection, head) => {
        bench.onOpen(connection)
        const peer: Peer = { connection, head, messages: [], closed: undefined }
        bench.peers.push(peer)
        return peer
      },
      message: (peer, data, binary) => {
        const text = Buffer.from(data).toString()
        peer.messages.push(text)
        bench.onMessage(peer, text, binary)
      },
      drain: (peer) => bench.onDrain(peer),
      close: (peer, code, reason) => {
        if (peer.closed !== undefined) bench.failures.push(new Error('closed twice'))
        peer.closed = { code, reason }
        bench.onClose(peer)
      },
      failed: (error) => bench.failures.push(error),
    }
    bench.listener = await transport.listen({ host: '127.0.0.1', port: 0, handlers, limits })
    t.teardown(() => bench.listener.close())
    return bench
  }

  get port(): number {
    return this.listener.port
  }

  /** Settles when the peer's `close` was called. */
  closing(): Promise<Peer> {
    return new Promise((resolve) => {
      this.onClose = resolve
    })
  }

  http(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init)
  }
}

const code = (error: unknown): unknown => (error instanceof Fault ? error.code : error)
const uwsLoads = ((): boolean => {
  try {
    createRequire(import.meta.url)('uWebSockets.js')
    return true
  } catch {
    return false
  }
})()

t.test('choose', async (t) => {
  t.equal(chooseTransport('ws').transport.name, 'ws')
  const { transport, reason } = chooseTransport()
  if (uwsLoads) {
    t.equal(transport.name, 'uWebSockets.js')
    t.match(reason, 'loads on this system')
    t.equal(chooseTransport('uws').transport.name, 'uWebSockets.js')
  } else {
    t.equal(transport.name, 'ws')
    t.match(reason, 'uWebSockets.js does not load: ', 'says why')
    t.throws(() => chooseTransport('uws'), { code: 'transport_unavailable' })
  }
  t.throws(() => chooseTransport('tcp' as 'ws'), { code: 'badarg' })
})

const transports = [chooseTransport('ws').transport, ...(uwsLoads ? [chooseTransport('uws').transport] : [])]
for (const transport of transports) {
  t.test(transport.name, async (t) => {
    t.test('requests', (t) => requests(t, transport))
    t.test('bodies', (t) => bodies(t, transport))
    t.test('clients that go away', (t) => aborts(t, transport))
    t.test('hostile HTTP', (t) => hostileHttp(t, transport))
    t.test('sockets', (t) => sockets(t, transport))
    t.test('the end of a socket', (t) => ends(t, transport))
    t.test('hostile sockets', (t) => hostileSockets(t, transport))
    t.test('writes', (t) => writes(t, transport))
    t.test('slow readers', (t) => slowReaders(t, transport))
    t.test('listening', (t) => listening(t, transport))
  })
}

async function requests(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport)

  t.test('the parts of a request and of its reply', async (t) => {
    const heads: HttpRequest[] = []
    bench.answer = (request) => {
      heads.push(request)
      return { status: 201, headers: { 'X-Answer': 'yes', 'Content-Type': 'application/json' }, body: '{"a":"ü"}' }
    }
    const headers = { 'X-Mixed-Case': 'Kept', Accept: 'a/b' }
    const response = await bench.http('/a%20b/c?d=e&f=%20', { method: 'PATCH', headers, body: 'x' })
    t.equal(response.status, 201)
    t.equal(response.statusText, 'Created')
    t.equal(response.headers.get('x-answer'), 'yes')
    t.same(await response.json(), { a: 'ü' })
    const [head] = heads
    t.match(head, { method: 'PATCH', path: '/a%20b/c', query: 'd=e&f=%20', remoteAddress: '127.0.0.1' })
    t.match(head?.headers, { 'x-mixed-case': 'Kept', accept: 'a/b', 'content-length': '1' })
  })

  t.test('a repeated header is joined', async () => {
    bench.answer = ({ headers }) => ({ status: 200, body: `<${headers['x-a']}>` })
    const client = new RawClient(bench.port).write('GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\n\r\n')
    await client.until(({ text }) => text.endsWith('<1, 2>'))
    client.destroy()
  })

  t.test('a connection serves one request after another', async (t) => {
    bench.answer = async ({ path }) => ({ status: 200, body: `<${path}>` })
    const client = new RawClient(bench.port)
    for (const path of ['/1', '/2', '/3']) {
      await client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).until(({ text }) => text.endsWith(`<${path}>`))
    }
    t.notOk(client.socket.closed)
    client.destroy()
  })

  t.test('requests sent ahead are answered in order', async (t) => {
    bench.answer = ({ path }) => ({ status: 200, body: `<${path}>` })
    const ahead = ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('')
    const client = await new RawClient(bench.port).write(ahead).until(({ text }) => text.endsWith('</3>'))
    t.same(client.text.match(/<\/\d>/g), ['</1>', '</2>', '</3>'])
    client.destroy()
  })

  t.test('HEAD and 204 have no body', async (t) => {
    bench.answer = ({ path }) => (path === '/empty' ? { status: 204 } : { status: 200, body: 'seven b' })
    const head = await bench.http('/', { method: 'HEAD' })
    t.equal(head.headers.get('content-length'), '7')
    t.equal(await head.text(), '')
    const client = new RawClient(bench.port).write('DELETE /empty HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.until(({ text }) => text.includes('\r\n\r\n'))
    t.match(client.text, /^HTTP\/1.1 204 No Content\r\n/)
    t.notMatch(client.text.toLowerCase(), 'content-length')
    await client
      .clear()
      .write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
      .until(({ text }) => text.includes('\r\n\r\n'))
    t.ok(client.text.endsWith('\r\n\r\n'), 'the next reply follows at once')
    client.destroy()
  })

  t.test('a handler that throws or answers nonsense', async (t) => {
    const answers: (() => HttpReply | Promise<HttpReply>)[] = [
      () => {
        throw new Error('thrown')
      },
      () => Promise.reject(new Error('rejected')),
      () => ({ status: 200, headers: { 'X-A': 'b\r\nX-Injected: 1' } }),
      async () => ({ status: 99 }),
    ]
    for (const wrong of answers) {
      bench.answer = wrong
      const response = await bench.http('/')
      t.equal(response.status, 500)
      t.notOk(response.headers.has('x-injected'))
      t.same(await response.json(), { message: '500: Internal Server Error', code: 0 })
    }
    t.equal(bench.failures.splice(0).length, answers.length, 'each was reported')
  })

  t.test('too many at a time', async (t) => {
    const small = await Bench.listen(t, transport, { requests: 1 })
    const held = new Promise<(reply: HttpReply) => void>((resolve) => {
      small.answer = () => new Promise(resolve)
    })
    const first = small.http('/')
    const release = await held
    t.equal((await small.http('/')).status, 503)
    release({ status: 200 })
    t.equal((await first).status, 200)
    small.answer = () => ({ status: 202 })
    t.equal((await small.http('/')).status, 202, 'there is room again')
  })
}

async function bodies(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport, { bodyBytes: 1000 })
  bench.answer = async (request) => {
    const body = await request.body()
    t.equal(await request.body(), body, 'the same at every call')
    return { status: 200, body: `${body.length} ${Buffer.from(body).toString('latin1', 0, 3)}` }
  }
  const post = (body: string): Promise<Response> => bench.http('/', { method: 'POST', body })

  t.test('of any length up to the bound', async (t) => {
    t.equal(await (await bench.http('/')).text(), '0 ')
    t.equal(await (await post('abc')).text(), '3 abc')
    t.equal(await (await post('x'.repeat(1000))).text(), '1000 xxx')
  })

  t.test('in pieces', async () => {
    const client = new RawClient(bench.port).write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n')
    for (const piece of ['ab', 'cd', 'ef']) {
      client.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await client.until(({ text }) => text.endsWith('6 abc'))
    const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n'
    await client
      .clear()
      .write(chunked)
      .until(({ text }) => text.endsWith('7 abc'))
    client.destroy()
  })

  t.test('beyond the bound', async (t) => {
    const response = await post('x'.repeat(1001))
    t.equal(response.status, 413)
    t.same(await response.json(), { message: 'Request entity too large', code: 40005 })
    const chunk = `200\r\n${'x'.repeat(512)}\r\n`
    const client = new RawClient(bench.port)
    client.write(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`)
    await client.until(({ text }) => text.includes('40005'))
    t.match(client.text, /^HTTP\/1.1 413 Payload Too Large\r\n/)
    client.destroy()
    t.same(bench.failures, [], 'that is not a failure')
    t.equal(await (await post('abc')).text(), '3 abc', 'others are served')
  })

  t.test('that nobody reads', async (t) => {
    const bench = await Bench.listen(t, transport)
    t.equal(await (await bench.http('/', { method: 'POST', body: 'abc' })).text(), 'ok')
    t.equal(await (await bench.http('/', { method: 'POST', body: 'x'.repeat(2_000_000) })).text(), 'ok')
  })
}

async function aborts(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport)
  const firstRequest = (): Promise<HttpRequest> =>
    new Promise((resolve) => {
      bench.answer = (request) => {
        resolve(request)
        return new Promise((settle) => {
          request.signal.addEventListener('abort', () => settle({ status: 200, body: 'too late' }))
        })
      }
    })

  t.test('in the middle of the body', async (t) => {
    const first = firstRequest()
    const client = new RawClient(bench.port).write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc')
    const request = await first
    const body = request.body()
    client.destroy()
    await t.rejects(body, { code: 'request_aborted' })
    t.ok(request.signal.aborted)
    t.equal(code(request.signal.reason), 'request_aborted')
  })

  t.test('while the answer is awaited', async (t) => {
    const first = firstRequest()
    const client = new RawClient(bench.port).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const request = await first
    t.notOk(request.signal.aborted)
    client.destroy()
    await once(request.signal, 'abort')
  })

  t.test('the handler learns it by its read', async (t) => {
    const settled = new Promise<unknown>((resolve) => {
      bench.answer = async (request) => {
        const body = request.body()
        body.catch(resolve)
        return { status: 200, body: await body }
      }
    })
    const client = new RawClient(bench.port)
    await once(client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc').socket, 'connect')
    client.socket.end()
    t.equal(code(await settled), 'request_aborted')
  })

  t.test('that is no failure, and others are served', async (t) => {
    t.same(bench.failures, [])
    bench.answer = () => ({ status: 200, body: 'served' })
    t.equal(await (await bench.http('/')).text(), 'served')
  })
}

async function hostileHttp(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport)
  const garbage = [
    '\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n',
    'GET\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  ]
  for (const text of garbage) {
    const client = new RawClient(bench.port).write(text)
    await client.ended
    t.notMatch(client.text, /^HTTP\/1.1 [123]/, 'is refused or cut')
  }
  const large = new RawClient(bench.port).write(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`)
  await large.until(({ text }) => text.includes('\r\n'))
  t.match(large.text, /^HTTP\/1.1 431 /)
  large.destroy()
  t.equal((await bench.http('/')).status, 200, 'others are served')
}

async function sockets(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport, { sockets: 3 })

  t.test('carry text and bytes both ways', async (t) => {
    bench.onMessage = (peer, text, binary) => peer.connection.send(binary ? Buffer.from(text) : text, binary)
    const client = await websocket(bench.port, '/gateway?v=10')
    t.match(bench.peers[0]?.head, { method: 'GET', path: '/gateway', query: 'v=10', remoteAddress: '127.0.0.1' })
    t.equal(bench.peers[0]?.head.headers.upgrade, 'websocket')
    for (const message of ['', 'zwölf', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(4096)]) {
      client.send(message)
      t.equal(await nextMessage(client), message)
    }
    client.send(Buffer.from([0, 255]))
    const [data, binary] = await once(client, 'message')
    t.ok(binary)
    t.same(data, Buffer.from(Buffer.from([0, 255]).toString()))
    client.terminate()
  })

  t.test('carry messages of every length to the client', async (t) => {
    const client = await websocket(bench.port)
    const { connection } = bench.peers.at(-1)!
    for (const length of [0, 125, 126, 65_535, 65_536, 200_000]) {
      connection.send('x'.repeat(length))
      t.equal((await nextMessage(client)).length, length)
    }
    client.terminate()
  })

  t.test('a message in fragments is one message', async (t) => {
    const client = await upgraded(bench.port)
    client.write(Buffer.concat([clientFrame(1, 'he', false), clientFrame(9, 'ping'), clientFrame(0, 'llo')]))
    await client.until(({ text }) => text.includes('ping') && text.includes('hello'))
    t.same(bench.peers.at(-1)?.messages, ['hello'])
    client.destroy()
  })

  t.test('are refused before the handshake', async (t) => {
    bench.refuse = ({ path }) =>
      path === '/gateway' ? { status: 403, headers: { 'X-Why': 'so' }, body: 'no' } : undefined
    const open = bench.peers.length
    const client = new RawClient(bench.port).write(UPGRADE)
    await client.until(({ text }) => text.endsWith('no'))
    t.match(client.text, /^HTTP\/1.1 403 Forbidden\r\n(.*\r\n)*x-why: so\r\n/i)
    client.destroy()
    bench.refuse = () => {
      throw new Error('thrown')
    }
    const other = new RawClient(bench.port).write(UPGRADE)
    await other.until(({ text }) => text.includes('\r\n\r\n'))
    t.match(other.text, /^HTTP\/1.1 500 /)
    other.destroy()
    bench.refuse = () => undefined
    t.equal(bench.peers.length, open)
    t.equal(bench.failures.splice(0).length, 1)
  })

  t.test('garbage in place of a handshake opens none', async (t) => {
    const open = bench.peers.length
    for (const [from, to] of [
      ['dGhlIHNhbXBsZSBub25jZQ==', 'short'],
      ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 7'],
      ['GET', 'POST'],
    ] as const) {
      const client = new RawClient(bench.port).write(UPGRADE.replace(from, to))
      await client.until(({ text }) => text.includes('\r\n'))
      t.notMatch(client.text, /^HTTP\/1.1 101/)
      client.destroy()
    }
    t.equal(bench.peers.length, open)
  })

  t.test('as many as the bound', async (t) => {
    const bench = await Bench.listen(t, transport, { sockets: 2 })
    const open = await Promise.all([websocket(bench.port), websocket(bench.port)])
    const third = new RawClient(bench.port).write(UPGRADE)
    await third.until(({ text }) => text.includes('\r\n'))
    t.match(third.text, /^HTTP\/1.1 503 /)
    third.destroy()
    const closing = bench.closing()
    open[0].close()
    await closing
    await closeOf(open[0])
    t.equal((await websocket(bench.port)).readyState, WebSocket.OPEN, 'there is room again')
  })
}

async function ends(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport)

  t.test('by the server', async (t) => {
    const client = await websocket(bench.port)
    const peer = bench.peers.at(-1)!
    const closed = closeOf(client)
    const last = nextMessage(client)
    peer.connection.send('last words')
    peer.connection.close(4004, 'Authentication failed.')
    t.same(peer.closed, { code: 4004, reason: 'Authentication failed.' }, 'within the call')
    peer.connection.send('unheard')
    peer.connection.close(4000)
    peer.connection.terminate()
    peer.connection.cork(() => peer.connection.send('unheard'))
    t.equal(peer.connection.buffered, 0)
    t.equal(await last, 'last words')
    t.same(await closed, { code: 4004, reason: 'Authentication failed.' })
  })

  t.test('by a cut', async (t) => {
    const client = await websocket(bench.port)
    const peer = bench.peers.at(-1)!
    const closed = closeOf(client)
    peer.connection.terminate()
    t.same(peer.closed, { code: 1006, reason: '' })
    t.equal((await closed).code, 1006)
  })

  t.test('by the client', async (t) => {
    for (const [end, code] of [
      [(client: WebSocket) => client.close(4200, 'zombie'), 4200],
      [(client: WebSocket) => client.close(), 1005],
      [(client: WebSocket) => client.terminate(), 1006],
    ] as const) {
      const closing = bench.closing()
      end(await websocket(bench.port))
      t.equal((await closing).closed?.code, code)
    }
  })

  t.test('in its own handlers', async (t) => {
    bench.onOpen = (connection) => connection.close(1012, 'Restart.')
    const client = new WebSocket(`ws://127.0.0.1:${bench.port}`)
    t.same(await closeOf(client), { code: 1012, reason: 'Restart.' })
    bench.onOpen = () => {}
    bench.onMessage = (peer) => {
      peer.connection.close(4001, 'Unknown opcode.')
      t.same(peer.closed, { code: 4001, reason: 'Unknown opcode.' })
    }
    const other = await websocket(bench.port)
    other.send('one')
    other.send('two')
    t.equal((await closeOf(other)).code, 4001)
    t.same(bench.peers.at(-1)?.messages, ['one'], 'nothing is heard after the close')
  })

  t.test('by a throw in a handler', async (t) => {
    bench.onMessage = () => {
      throw new Error('in message')
    }
    const bystander = await websocket(bench.port)
    const client = await websocket(bench.port)
    client.send('x')
    t.equal((await closeOf(client)).code, 1011)
    bench.onOpen = () => {
      throw new Error('in open')
    }
    const peers = bench.peers.length
    t.equal((await closeOf(new WebSocket(`ws://127.0.0.1:${bench.port}`))).code, 1011)
    t.equal(bench.peers.length, peers)
    t.equal(bystander.readyState, WebSocket.OPEN)
    t.same(
      bench.failures.splice(0).map((error) => (error as Error).message),
      ['in message', 'in open'],
    )
    bench.onOpen = () => {}
    bench.onClose = () => {
      throw new Error('in close')
    }
    bench.peers.findLast(({ closed }) => closed === undefined)?.connection.terminate()
    t.match(bench.failures.splice(0), [{ message: 'in close' }])
    bench.onClose = () => {}
  })

  t.test('not with what a close frame cannot carry', async (t) => {
    const client = await websocket(bench.port)
    const { connection } = bench.peers.at(-1)!
    for (const code of [0, 999, 1005, 1006, 1015, 2999, 5000, Number.NaN]) {
      t.throws(() => connection.close(code), { code: 'badarg' })
    }
    t.throws(() => connection.close(4000, 'ü'.repeat(62)), { code: 'badarg' })
    t.equal(bench.peers.at(-1)?.closed, undefined)
    client.terminate()
  })
}

async function hostileSockets(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport)
  bench.onMessage = (peer, text) => peer.connection.send(text)
  const bystander = await websocket(bench.port)

  t.test('a message that is too long', async (t) => {
    const frames = [
      clientFrame(1, 'x'.repeat(4097)),
      clientFrame(2, 'x'.repeat(60_000)),
      Buffer.concat([clientFrame(1, 'x'.repeat(4096), false), clientFrame(0, 'x')]),
    ]
    for (const frame of frames) {
      const closing = bench.closing()
      const client = (await upgraded(bench.port)).write(frame)
      t.same((await closing).closed, { code: 4002, reason: 'The message is too long.' })
      await client.until(({ bytes }) => bytes.length >= 4)
      t.equal(client.bytes[0], 0x88, 'a close frame')
      t.equal(client.bytes.readUInt16BE(2), 4002)
      client.destroy()
    }
    const other = await Bench.listen(t, transport, { messageBytes: 10, messageTooLongCode: 1009 })
    const client = await websocket(other.port)
    client.send('12345678901')
    t.equal((await closeOf(client)).code, 1009)
  })

  t.test('a broken protocol', async (t) => {
    const frames = {
      'text that is not UTF-8': clientFrame(1, Buffer.from([0xff, 0xfe])),
      'an unknown opcode': clientFrame(3, 'x'),
      'a continuation of nothing': clientFrame(0, 'x'),
      'a control frame in fragments': clientFrame(9, 'x', false),
      'reserved bits': Buffer.from([0xf1, 0x80, 0, 0, 0, 0]),
      'far too long': clientFrame(1, 'x'.repeat(100_000)),
    }
    for (const [name, frame] of Object.entries(frames)) {
      const closing = bench.closing()
      const client = (await upgraded(bench.port)).write(frame)
      const peer = await closing
      t.same(peer.messages, [], name)
      t.ok([1002, 1006, 1007, 1009].includes(peer.closed?.code ?? 0), `${name}: ${peer.closed?.code}`)
      client.destroy()
    }
  })

  t.test('disturbs nobody else', async (t) => {
    bystander.send('still here')
    t.equal(await nextMessage(bystander), 'still here')
    t.same(bench.failures, [])
  })
}

async function writes(t: Test, transport: Transport): Promise<void> {
  const bench = await Bench.listen(t, transport)
  const words = Array.from({ length: 50 }, (_, index) => `word ${index}`)

  t.test('of a cork arrive in one piece', async (t) => {
    const client = await upgraded(bench.port)
    const { connection } = bench.peers.at(-1)!
    const corked = (): void =>
      connection.cork(() => {
        for (const word of words) connection.send(word)
        connection.cork(() => connection.send('nested'))
      })
    corked()
    await client.until(({ bytes }) => serverFrames(bytes).length === words.length + 1)
    t.same(serverFrames(client.bytes), [...words, 'nested'])
    t.equal(client.chunks.length, 1)
    bench.onMessage = corked
    await client
      .clear()
      .write(clientFrame(1, 'go'))
      .until(({ text }) => text.includes('nested'))
    t.equal(client.chunks.length, 1, 'also in a handler')
    client.destroy()
  })

  t.test('beyond the buffer of a cork arrive, too', async (t) => {
    const client = await websocket(bench.port)
    const { connection } = bench.peers.at(-1)!
    const long = [70_000, 10, 30_000, 40_000, 5].map((length, index) => String(index).repeat(length))
    const received: string[] = []
    const all = new Promise<void>((resolve) => {
      client.on('message', (data) => received.push(String(data)) === long.length && resolve())
    })
    connection.cork(() => {
      for (const message of long) connection.send(message)
    })
    await all
    t.ok(received.every((message, index) => message === long[index]))
    client.terminate()
  })

  t.test('copy what they are given', async (t) => {
    const client = await upgraded(bench.port)
    const { connection } = bench.peers.at(-1)!
    const bytes = Buffer.from('first')
    connection.send(bytes)
    bytes.write('third')
    connection.cork(() => {
      connection.send(bytes)
      bytes.fill('x')
    })
    await client.until((read) => serverFrames(read.bytes).length === 2)
    t.same(serverFrames(client.bytes), ['first', 'third'])
    client.destroy()
  })

  t.test('in a cork go before its close', async (t) => {
    const client = await websocket(bench.port)
    const peer = bench.peers.at(-1)!
    const received: string[] = []
    client.on('message', (data) => received.push(String(data)))
    const closed = closeOf(client)
    peer.connection.cork(() => {
      peer.connection.send('before')
      peer.connection.close(4009, 'Session timed out.')
      peer.connection.send('after')
      t.equal(peer.closed, undefined, 'the close waits')
    })
    t.equal(peer.closed?.code, 4009)
    t.equal((await closed).code, 4009)
    t.same(received, ['before'])
  })

  t.test('of a burst', async (t) => {
    const clients = [await upgraded(bench.port), await upgraded(bench.port)]
    const [one, two] = bench.peers.slice(-2)
    const burst = new Burst(['{"a":1}', `"${'ü'.repeat(300)}"`, 'null'].map((json) => encodeEvent('TEST', json)))
    burst.number(9)
    one!.connection.sendBurst(burst)
    burst.number(123_456_789)
    two!.connection.cork(() => {
      two!.connection.send('before')
      two!.connection.sendBurst(burst)
    })
    await Promise.all(clients.map((client) => client.until(({ bytes }) => serverFrames(bytes).length >= 3)))
    const numbers = clients.map(({ bytes }) =>
      serverFrames(bytes).map((text) => text.match(/"s": *(\d+),/)?.[1] ?? text),
    )
    t.same(numbers, [
      ['9', '10', '11'],
      ['before', '123456789', '123456790', '123456791'],
    ])
    t.same(JSON.parse(serverFrames(clients[0]!.bytes)[1]!), { op: 0, s: 10, t: 'TEST', d: 'ü'.repeat(300) })
    t.ok(
      clients.every(({ chunks }) => chunks.length === 1),
      'each in one piece',
    )
    for (const client of clients) client.destroy()
  })
}

async function slowReaders(t: Test, transport: Transport): Promise<void> {
  const kilobyte = 'x'.repeat(1024)

  t.test('are cut at the bound, and others are not', async (t) => {
    const bench = await Bench.listen(t, transport, { backpressureBytes: 100_000 })
    const slow = await upgraded(bench.port)
    const peer = bench.peers.at(-1)!
    const other = await websocket(bench.port)
    slow.socket.pause()
    let largest = 0
    while (peer.closed === undefined) {
      peer.connection.send(kilobyte)
      largest = Math.max(largest, peer.connection.buffered)
    }
    t.equal(peer.closed.code, 1006)
    t.ok(largest > 90_000 && largest < 110_000, `${largest} bytes waited at most`)
    bench.peers.at(-1)!.connection.send('still here')
    t.equal(await nextMessage(other), 'still here')
    slow.destroy()
  })

  t.test('are cut within a cork, too', async (t) => {
    const bench = await Bench.listen(t, transport, { backpressureBytes: 100_000 })
    const slow = await upgraded(bench.port)
    const peer = bench.peers.at(-1)!
    slow.socket.pause()
    peer.connection.cork(() => {
      for (let count = 0; count < 20_000; count++) peer.connection.send(kilobyte)
      t.equal(peer.closed, undefined)
    })
    t.equal(peer.closed?.code, 1006)
    slow.destroy()
  })

  t.test('get everything in order when they catch up, and the server hears of it', async (t) => {
    const bench = await Bench.listen(t, transport, { backpressureBytes: 10_000_000 })
    const slow = await upgraded(bench.port)
    const { connection } = bench.peers.at(-1)!
    slow.socket.pause()
    const burst = new Burst(Array.from({ length: 10 }, () => encodeEvent('TEST', `"${kilobyte}"`)))
    let sent = 0
    while (connection.buffered < 200_000) {
      burst.number(sent + 1)
      connection.sendBurst(burst)
      sent += burst.events.length
      connection.send(`"between"`)
    }
    burst.number(1)
    const drained = new Promise<void>((resolve) => {
      bench.onDrain = () => resolve()
    })
    slow.socket.resume()
    await drained
    t.equal(connection.buffered, 0)
    connection.send('the end')
    await slow.until(({ chunks }) => chunks.at(-1)!.includes('the end'))
    const frames = serverFrames(slow.bytes)
    const numbers = frames.flatMap((text) => (text.startsWith('{') ? [(JSON.parse(text) as { s: number }).s] : []))
    t.same(
      numbers,
      Array.from({ length: sent }, (_, index) => index + 1),
    )
    t.equal(frames.length, sent + sent / burst.events.length + 1)
    slow.destroy()
  })
}

async function listening(t: Test, transport: Transport): Promise<void> {
  const handlers = {
    request: () => ({ status: 200 }),
    open: (connection: Connection) => connection,
    message: () => {},
    close: () => {},
    failed: () => {},
  }
  const listen = (host: string, port: number): Promise<Listener> => transport.listen({ host, port, handlers })

  t.test('on a port in use', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await t.rejects(listen('127.0.0.1', port), { code: 'port_in_use', message: `127.0.0.1:${port}` })
    other.close()
    const first = await listen('127.0.0.1', 0)
    await t.rejects(listen('127.0.0.1', first.port), { code: 'port_in_use' }, 'also by one of our own')
    await first.close()
  })

  t.test('where nobody can', async (t) => {
    await t.rejects(listen('203.0.113.9', 0), { code: 'host_unavailable', message: '203.0.113.9' })
    await t.rejects(listen('127.0.0.1', 65_536), { code: 'badarg' })
    await t.rejects(listen('127.0.0.1', 1.5), { code: 'badarg' })
  })

  t.test('ends with everything that is open', async (t) => {
    const bench = await Bench.listen(t, transport)
    t.match(bench.listener, { name: transport.name, host: '127.0.0.1' })
    const pending = new Promise<HttpRequest>((resolve) => {
      bench.answer = (request) => {
        resolve(request)
        return new Promise(() => {})
      }
    })
    const http = new RawClient(bench.port).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const { signal } = await pending
    const clients = [await websocket(bench.port), await websocket(bench.port)]
    bench.peers[0]?.connection.close(4000)
    const closed = clients.map(closeOf)
    const aborted = signal.aborted ? undefined : once(signal, 'abort')
    await Promise.all([bench.listener.close(), bench.listener.close(), http.ended, aborted, ...closed])
    t.same(
      bench.peers.map((peer) => peer.closed?.code),
      [4000, 1006],
    )
    const late = new RawClient(bench.port)
    const [error] = await once(late.socket, 'error')
    t.match(error, { code: 'ECONNREFUSED' }, 'nobody listens there any more')
  })

  t.test('keeps no process alive once it has ended', async (t) => {
    const child = fork(fileURLToPath(new URL('./listens-and-closes.ts', import.meta.url)), [transport.name])
    const [status] = await once(child, 'exit')
    t.equal(status, 0)
  })
}
