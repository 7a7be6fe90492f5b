import { once } from 'node:events'
import type { Test } from 'tap'
import WebSocket from 'ws'
import type { Transport } from '../../lib/gateway/transport.ts'
import { clientFrame, closeOf, nextMessage, RawClient, UPGRADE, upgraded, websocket } from './clients.ts'
import { TestListener } from './test-listener.ts'

/** What a WebSocket does on every transport, from its handshake to its end. */
export function socketConformance(t: Test, transport: Transport): void {
  t.test('sockets', (t) => sockets(t, transport))
  t.test('the end of a socket', (t) => ends(t, transport))
  t.test('hostile sockets', (t) => hostileSockets(t, transport))
}

async function sockets(t: Test, transport: Transport): Promise<void> {
  const bench = await TestListener.listen(t, transport, { sockets: 3 })

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
    const bench = await TestListener.listen(t, transport, { sockets: 2 })
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
  const bench = await TestListener.listen(t, transport)

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
  const bench = await TestListener.listen(t, transport)
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
    const other = await TestListener.listen(t, transport, { messageBytes: 10, messageTooLongCode: 1009 })
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
