import type { Test } from 'tap'
import { Burst } from '../../lib/gateway/burst.ts'
import { encodeEvent } from '../../lib/gateway/frame.ts'
import type { Transport } from '../../lib/gateway/transport.ts'
import { clientFrame, closeOf, nextMessage, serverFrames, upgraded, websocket } from './clients.ts'
import { TestListener } from './test-listener.ts'

/** How messages leave on every transport: gathered, copied, and held to a bound. */
export function writeConformance(t: Test, transport: Transport): void {
  t.test('writes', (t) => writes(t, transport))
  t.test('slow readers', (t) => slowReaders(t, transport))
}

async function writes(t: Test, transport: Transport): Promise<void> {
  const bench = await TestListener.listen(t, transport)
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
    const bench = await TestListener.listen(t, transport, { backpressureBytes: 100_000 })
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
    const bench = await TestListener.listen(t, transport, { backpressureBytes: 100_000 })
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
    const bench = await TestListener.listen(t, transport, { backpressureBytes: 10_000_000 })
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
