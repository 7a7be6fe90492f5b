import { once } from 'node:events'
import type { Test } from 'tap'
import type { HttpReply } from '../../lib/gateway/reply.ts'
import type { HttpRequest, Transport } from '../../lib/gateway/transport.ts'
import { Fault } from '../../lib/internal/errors.ts'
import { RawClient } from './clients.ts'
import { TestListener } from './test-listener.ts'

/** What HTTP does on every transport. */
export function httpConformance(t: Test, transport: Transport): void {
  t.test('requests', (t) => requests(t, transport))
  t.test('bodies', (t) => bodies(t, transport))
  t.test('clients that go away', (t) => aborts(t, transport))
  t.test('hostile HTTP', (t) => hostileHttp(t, transport))
}

const code = (error: unknown): unknown => (error instanceof Fault ? error.code : error)
async function requests(t: Test, transport: Transport): Promise<void> {
  const bench = await TestListener.listen(t, transport)

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
    const small = await TestListener.listen(t, transport, { requests: 1 })
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
  const bench = await TestListener.listen(t, transport, { bodyBytes: 1000 })
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
    const bench = await TestListener.listen(t, transport)
    t.equal(await (await bench.http('/', { method: 'POST', body: 'abc' })).text(), 'ok')
    t.equal(await (await bench.http('/', { method: 'POST', body: 'x'.repeat(2_000_000) })).text(), 'ok')
  })
}

async function aborts(t: Test, transport: Transport): Promise<void> {
  const bench = await TestListener.listen(t, transport)
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
  const bench = await TestListener.listen(t, transport)
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
