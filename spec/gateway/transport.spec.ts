import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { chooseTransport } from '../../lib/gateway/choose.ts'
import type { Connection, HttpRequest, Listener, Transport } from '../../lib/gateway/transport.ts'
import { closeOf, RawClient, websocket } from './clients.ts'
import { httpConformance } from './http-conformance.ts'
import { socketConformance } from './socket-conformance.ts'
import { TestListener } from './test-listener.ts'
import { writeConformance } from './write-conformance.ts'

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
    httpConformance(t, transport)
    socketConformance(t, transport)
    writeConformance(t, transport)
    t.test('listening', (t) => listening(t, transport))
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
    const bench = await TestListener.listen(t, transport)
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
