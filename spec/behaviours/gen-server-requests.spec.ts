import t, { type Test } from 'tap'
import { distribute } from '../../lib/distribution/index.ts'
import {
  abcast,
  type Context,
  checkResponse,
  createNode,
  type From,
  type GenServer,
  multiCall,
  name,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  type RequestId,
  type ResponseMessage,
  receiveResponse,
  reply,
  reqidsAdd,
  reqidsNew,
  reqidsSize,
  reqidsToList,
  sendRequest,
  stop,
  sys,
  TIMEOUT,
  waitResponse,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { SECRET } from '../distribution/members.ts'

interface EchoApi {
  state: readonly unknown[]
  call: { echo(text: string): string; later(): string; end(reason: string): never }
  cast: { note(text: string): void }
}

const waiting: From<string>[] = []

const Echo: GenServer<EchoApi> = {
  init: () => ok([]),
  handleCall: {
    echo: (text, _from, noted) => reply(text, noted),
    later(_request, from, noted) {
      waiting.push(from)
      return noreply(noted)
    },
    end: (reason, _from, noted) => stop(reason, noted),
  },
  handleCast: { note: (text, noted) => noreply([...noted, text]) },
}

function nodeFor(t: Test, options: Parameters<typeof createNode>[0] = {}): OtpNode {
  const node = createNode({ reporter: () => {}, ...options })
  t.teardown(() => node.kill())
  waiting.length = 0
  return node
}

/** Runs `body` in a raw process and resolves with what it returns. */
function inProcess<T>(node: OtpNode, body: (this: Context) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    node.spawn(async function () {
      await body.call(this).then(resolve, reject)
    })
  })
}

t.test('a request is answered while the process goes on', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  await inProcess(node, async function () {
    const ids = ['a', 'b', 'c'].map((text) => sendRequest(this, echo, 'echo', text))
    const responses = []
    for (const id of ids.reverse()) responses.push(await receiveResponse(this, id))
    t.same(responses, [
      ['reply', 'c'],
      ['reply', 'b'],
      ['reply', 'a'],
    ])
    t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT, 'nothing is left in the mailbox')
  })
})

t.test('outside any process a response is kept until it is awaited', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  const id = sendRequest(node, echo, 'echo', 'kept')
  await quiet()
  t.same(await waitResponse(node, id, 0), ['reply', 'kept'])
  await t.rejects(waitResponse(node, id, 0), { code: 'badarg' }, 'once')
})

t.test('a response that nobody awaits is a message, in its turn', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  await inProcess(node, async function () {
    this.send(this.self, 'before')
    const id = sendRequest(this, echo, 'echo', 'hi')
    await this.sleep(1)
    this.send(this.self, 'after')
    t.equal(await this.receive(), 'before')
    const message = await this.receive<ResponseMessage>()
    t.match(message, { type: 'response', request: id, response: ['reply', 'hi'] })
    t.equal(checkResponse(message, sendRequest(this, echo, 'echo', 'other')), 'no_reply')
    t.equal(checkResponse('after', id), 'no_reply')
    t.same(checkResponse(message, id), ['reply', 'hi'])
    await t.rejects(receiveResponse(this, id), { code: 'badarg' }, 'it has been taken')
  })
})

t.test('a server handles other messages until the response comes', async (t) => {
  interface HubApi {
    state: { readonly id?: RequestId<string>; readonly from?: From<unknown>; readonly seen: readonly unknown[] }
    call: { ask(): unknown }
  }
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  const Hub: GenServer<HubApi> = {
    init: () => ok({ seen: [] }),
    handleCall: {
      ask(_request, from, state) {
        return noreply({ ...state, from, id: sendRequest(this, echo, 'later') })
      },
    },
    handleInfo(message, state) {
      const response = state.id === undefined ? 'no_reply' : checkResponse(message, state.id)
      if (response === 'no_reply') return noreply({ ...state, seen: [...state.seen, message] })
      this.reply(state.from!, [response, state.seen])
      return noreply(state)
    },
  }
  const hub = await node.start(Hub, [])
  const answer = node.call(hub, 'ask')
  node.send(hub, 'meanwhile')
  await quiet()
  node.reply(waiting.pop()!, 'at last')
  t.same(await answer, [['reply', 'at last'], ['meanwhile']])
})

t.test('an async callback awaits a response without losing the order of its mailbox', async (t) => {
  interface AskerApi {
    state: readonly unknown[]
    call: { ask(): unknown; seen(): readonly unknown[] }
  }
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  const Asker: GenServer<AskerApi> = {
    init: () => ok([]),
    handleCall: {
      async ask(_request, _from, seen) {
        const [a, b] = [sendRequest(this, echo, 'echo', 'a'), sendRequest(this, echo, 'echo', 'b')]
        await this.sleep(1) // both are in the mailbox by now, between other messages
        return reply([await receiveResponse(this, b), await receiveResponse(this, a)], seen)
      },
      seen: (_request, _from, seen) => reply(seen, seen),
    },
    handleInfo: (message, seen) => noreply([...seen, message]),
  }
  const asker = await node.start(Asker, [])
  const asked = node.call(asker, 'ask')
  for (const n of [1, 2]) node.send(asker, n)
  await quiet()
  node.send(asker, 3)
  t.same(await asked, [
    ['reply', 'b'],
    ['reply', 'a'],
  ])
  t.same(await node.call(asker, 'seen'), [1, 2, 3])
})

t.test('waitResponse keeps the request, receiveResponse gives it up', async (t) => {
  const host = new VirtualHost()
  const node = nodeFor(t, { host })
  const echo = await node.start(Echo, [])
  const outcomes: unknown[] = []
  const done = inProcess(node, async function () {
    const kept = sendRequest(this, echo, 'later')
    outcomes.push(await waitResponse(this, kept, 10))
    outcomes.push(await waitResponse(this, kept, 10))
    const given = sendRequest(this, echo, 'later')
    outcomes.push(await receiveResponse(this, given, 10))
    outcomes.push(await this.receive(undefined, { after: 100 }))
  })
  await quiet(host)
  host.advance(10)
  await quiet(host)
  node.reply(waiting.shift()!, 'kept')
  await quiet(host)
  host.advance(10)
  await quiet(host)
  node.reply(waiting.shift()!, 'too late')
  await quiet(host)
  host.advance(100)
  await done
  t.same(outcomes, ['timeout', ['reply', 'kept'], 'timeout', TIMEOUT])
  t.equal(node.timers.size, 0)
})

t.test('a server that is gone, ends, or is named by what is no name is an error of the response', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  await inProcess(node, async function () {
    t.same(await receiveResponse(this, sendRequest(this, echo, 'end', 'over')), ['error', ['over', echo]])
    t.same(await receiveResponse(this, sendRequest(this, echo, 'echo', 'x')), ['error', ['noproc', echo]])
    const nobody = sendRequest<EchoApi, 'echo'>(this, 'nobody', 'echo', 'x')
    t.same(await receiveResponse(this, nobody), ['error', ['noproc', 'nobody']])
    const wrong = sendRequest<EchoApi, 'echo'>(this, 5 as never, 'echo', 'x')
    t.match(await receiveResponse(this, wrong), ['error', [{ code: 'badarg' }, 5]])
    const away = { name: 'echo', node: 'away@here' }
    const far = sendRequest<EchoApi, 'echo'>(this, away, 'echo', 'x')
    t.same(await receiveResponse(this, far), ['error', ['noconnection', away]])
  })
})

t.test('a server may send a request to itself', async (t) => {
  interface LoneApi {
    state: RequestId<string> | undefined
    call: { echo(text: string): string }
    cast: { ask(): void }
  }
  const seen: unknown[] = []
  const Lone: GenServer<LoneApi> = {
    init: () => ok(undefined),
    handleCall: { echo: (text, _from, state) => reply(text, state) },
    handleCast: {
      ask() {
        return noreply(sendRequest(this, this.self, 'echo', 'me'))
      },
    },
    handleInfo(message, id) {
      seen.push(checkResponse(message, id!))
      return noreply(id)
    },
  }
  const node = nodeFor(t)
  node.cast(await node.start(Lone, []), 'ask')
  await quiet()
  t.same(seen, [['reply', 'me']])
})

t.test('only who sent a request may await its response', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  const id = sendRequest(node, echo, 'later')
  await inProcess(node, async function () {
    await t.rejects(receiveResponse(this, id), { code: 'badarg' })
    await t.rejects(receiveResponse(this, {} as RequestId, 1), { code: 'badarg' })
  })
  await t.rejects(waitResponse(node, id, -1), { code: 'bad_timeout' })
})

t.test('what a process that has ended asked for is forgotten', async (t) => {
  const host = new VirtualHost()
  const node = nodeFor(t, { host })
  const echo = await node.start(Echo, [])
  let asked = false
  const pid = node.spawn(async function () {
    const id = sendRequest(this, echo, 'later')
    asked = true
    await receiveResponse(this, id, 1000)
  })
  while (!asked) await quiet(host)
  await quiet(host)
  node.exit(pid, 'kill')
  t.equal(node.timers.size, 0)
  node.reply(waiting.pop()!, 'to nobody')
  t.same(await sys.getState(node, echo), [])
})

t.test('a collection: the response of any request, with its label', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  await inProcess(node, async function () {
    const empty = reqidsNew()
    t.equal(await receiveResponse(this, empty, 10, true), 'no_request')
    t.equal(checkResponse('x', empty, true), 'no_request')
    const first = sendRequest(this, echo, 'later')
    const ids = reqidsAdd(sendRequest(this, echo, 'echo', 'b'), 2, reqidsAdd(first, 'one', empty))
    t.same([reqidsSize(empty), reqidsSize(ids)], [0, 2])
    t.match(reqidsToList(ids), [
      [first, 'one'],
      [{}, 2],
    ])
    const kept = await waitResponse(this, ids, 1000, false)
    if (typeof kept === 'string') throw new Error(kept)
    t.same([kept[0], kept[1], reqidsSize(kept[2])], [['reply', 'b'], 2, 2])
    const left = ids === kept[2] ? reqidsAdd(first, 'one', empty) : empty
    t.equal(await waitResponse(this, left, 0, true), 'timeout')
    this.node.reply(waiting.pop()!, 'a')
    const taken = await receiveResponse(this, left, 1000, true)
    t.match(taken, [['reply', 'a'], 'one', { size: 0 }])
  })
})

t.test('a collection: responses that are there come in the order they arrived; a timeout gives all up', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  const ask = async (caller: Context | OtpNode): Promise<unknown[]> => {
    let ids = reqidsAdd(sendRequest(caller, echo, 'later'), 'slow', reqidsNew()) as ReturnType<typeof reqidsAdd>
    for (const text of ['a', 'b', 'c']) ids = reqidsAdd(sendRequest(caller, echo, 'echo', text), text, ids)
    await caller.sleep(1)
    const labels: unknown[] = []
    for (;;) {
      const next = await receiveResponse(caller, ids, 1, true)
      if (typeof next === 'string') return [...labels, next]
      labels.push(next[1])
      ids = next[2]
    }
  }
  t.same(await ask(node), ['a', 'b', 'c', 'timeout'])
  await inProcess(node, async function () {
    t.same(await ask(this), ['a', 'b', 'c', 'timeout'])
    for (const from of waiting) this.node.reply(from, 'late')
    t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT)
  })
})

t.test('responses may be waited for until a point in time, all of them together', async (t) => {
  const host = new VirtualHost()
  const node = nodeFor(t, { host })
  const echo = await node.start(Echo, [])
  const until = ['abs', host.monotonic() + 99.5] as const
  const [slow, slower] = [sendRequest(node, echo, 'later'), sendRequest(node, echo, 'later')]
  const first = receiveResponse(node, slow, until)
  await quiet(host)
  host.advance(60)
  node.reply(waiting[0]!, 'a')
  t.same(await first, ['reply', 'a'])
  const second = waitResponse(node, slower, until)
  await quiet(host)
  host.advance(39)
  await quiet(host)
  host.advance(1)
  t.equal(await second, 'timeout')
  t.equal(await waitResponse(node, slower, ['abs', -5]), 'timeout', 'one that is past')
  node.reply(waiting[1]!, 'b')
  t.same(await receiveResponse(node, slower, ['abs', -5]), ['reply', 'b'], 'what is there is taken all the same')
  for (const wrong of [['abs', Number.NaN], ['abs', Number.POSITIVE_INFINITY], ['abs'], ['at', 5], []]) {
    await t.rejects(waitResponse(node, slower, wrong as never), { code: 'bad_timeout' })
  }
})

t.test('a collection in handleInfo', async (t) => {
  const node = nodeFor(t)
  const echo = await node.start(Echo, [])
  await inProcess(node, async function () {
    const ids = reqidsAdd(sendRequest(this, echo, 'echo', 'a'), 'label', reqidsNew())
    const message = await this.receive()
    t.equal(checkResponse('other', ids, true), 'no_reply')
    t.match(checkResponse(message, ids, true), [['reply', 'a'], 'label', { size: 0 }])
    t.match(checkResponse(message, ids, false), [['reply', 'a'], 'label', { size: 1 }])
  })
})

async function pair(t: Test, host?: VirtualHost): Promise<readonly [OtpNode, OtpNode]> {
  const [a, b] = [nodeFor(t, { name: 'a@here', ...(host && { host }) }), nodeFor(t, { name: 'b@here' })]
  const listen = { host: '127.0.0.1', port: 0 }
  const first = await distribute(a, { listen, secret: SECRET })
  t.teardown(() => first[Symbol.asyncDispose]())
  const peers = [{ name: a.name, host: first.host, port: first.port }]
  const second = await distribute(b, { listen, secret: SECRET, peers })
  t.teardown(() => second[Symbol.asyncDispose]())
  while (a.nodes().length === 0) await quiet(host)
  return [a, b]
}

t.test('multiCall and abcast reach the servers of this name on all nodes', async (t) => {
  const [a, b] = await pair(t)
  const echo = name(Echo, 'echo')
  t.same(await multiCall(a, undefined, echo, 'echo', 'x'), [[], ['a@here', 'b@here']], 'none is there')
  await a.start(Echo, [], { name: echo })
  await b.start(Echo, [], { name: echo })
  t.same(await multiCall(a, undefined, echo, 'echo', 'x'), [
    [
      ['a@here', 'x'],
      ['b@here', 'x'],
    ],
    [],
  ])
  t.same(await multiCall<EchoApi, 'echo'>(b, ['c@here', 'a@here'], 'echo', 'echo', 'y'), [
    [['a@here', 'y']],
    ['c@here'],
  ])
  t.same(await multiCall(a, [], echo, 'echo', 'x'), [[], []])
  await t.rejects(multiCall(a, ['a@here'], echo, 'echo', 'x', { timeout: -1 }), { code: 'bad_timeout' })
  t.equal(abcast(a, undefined, echo, 'note', 'to all'), 'abcast')
  t.equal(abcast(b, ['b@here', 'c@here'], echo, 'note', 'to b'), 'abcast')
  await multiCall(a, undefined, echo, 'echo', 'behind it')
  t.same(await sys.getState(a, { ...echo, node: 'a@here' }), ['to all'])
  t.same([...(await sys.getState<string[]>(b, 'echo'))].sort(), ['to all', 'to b'])
})

t.test('multiCall: who does not answer in time, or ends, is a bad node; late replies vanish', async (t) => {
  const host = new VirtualHost()
  const [a, b] = await pair(t, host)
  const echo = name(Echo, 'echo')
  await a.start(Echo, [], { name: echo })
  const there = await b.start(Echo, [], { name: echo })
  await inProcess(a, async function () {
    const result = multiCall(this, undefined, echo, 'later', undefined, { timeout: 50 })
    while (waiting.length < 2) await quiet(host)
    const local = waiting.findIndex(({ pid }) => pid === this.self)
    a.reply(waiting[local]!, 'in time')
    await quiet(host)
    host.advance(50)
    t.same(await result, [[['a@here', 'in time']], ['b@here']])
    b.reply(waiting[1 - local]!, 'late')
    t.same(await receiveResponse(this, sendRequest(this, there, 'echo', 'behind it')), ['reply', 'behind it'])
    t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT)
    const ended = multiCall(this, ['b@here'], echo, 'end', 'over')
    t.same(await ended, [[], ['b@here']])
  })
})

t.test('requests to another node: replies, an end, a lost connection, what cannot travel', async (t) => {
  const [a, b] = await pair(t)
  const there = await b.start(Echo, [], { name: 'echo' })
  const far = { name: 'echo', node: 'b@here' }
  const ask = <K extends 'echo' | 'later' | 'end'>(operation: K, request?: unknown) =>
    sendRequest<EchoApi, 'echo'>(a, far, operation as 'echo', request as never)
  t.same(await receiveResponse(a, ask('echo', 'hi')), ['reply', 'hi'])
  t.match(
    await receiveResponse(
      a,
      ask('echo', () => {}),
    ),
    ['error', [{ code: 'unencodable' }, far]],
  )
  const lost = ask('later')
  const ended = ask('end', 'over')
  t.same(await receiveResponse(a, ended), ['error', ['over', far]])
  t.same(await receiveResponse(a, lost), ['error', ['over', far]])
  t.notOk(b.isAlive(there))
  await b.start(Echo, [], { name: 'echo' })
  const cut = ask('later')
  while (waiting.length < 2) await quiet()
  b.kill()
  const [outcome, [reason, server]] = (await receiveResponse(a, cut)) as readonly [string, readonly [string, unknown]]
  t.same([outcome, server], ['error', far])
  t.ok(['noproc', 'killed', 'noconnection'].includes(reason), reason)
})

t.test('a state that cannot travel is an error for who asked, and the server goes on', async (t) => {
  const [a, b] = await pair(t)
  interface HolderApi {
    state: { readonly run: () => void }
  }
  const Holder: GenServer<HolderApi> = { init: () => ok({ run: () => {} }), handleCall: {} }
  const there: Pid<HolderApi> = await b.start(Holder, [], { name: 'holder' })
  await t.rejects(sys.getState(a, { name: 'holder', node: 'b@here' }), { code: 'unencodable' })
  t.ok(b.isAlive(there))
})
