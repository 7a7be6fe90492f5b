import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  type Context,
  createNode,
  type DownMessage,
  Exit,
  type ExitMessage,
  exit,
  type GenServer,
  loop,
  type Name,
  noreply,
  ok,
  type Pid,
  reply,
  TIMEOUT,
} from '../../lib/index.ts'
import { QUANTUM } from '../../lib/internal/limits.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'

interface AnyApi {
  state: unknown
  call: { x(): void }
}
const nobody: Name<AnyApi> = { name: 'nobody' }
const silent = { reporter: () => {} }

/** Runs `body` as a process of a new node and waits for its end; what it throws fails the test. */
async function inProcess(t: Test, body: (this: Context) => Promise<void>, node = createNode(silent)): Promise<void> {
  t.teardown(() => node.kill())
  await new Promise<void>((resolve, reject) => {
    node.spawn(async function () {
      try {
        await body.call(this)
        resolve()
      } catch (error) {
        reject(error)
      }
    })
  })
}

const isDown = (message: unknown): message is DownMessage => (message as DownMessage)?.type === 'DOWN'
const isExit = (message: unknown): message is ExitMessage => (message as ExitMessage)?.type === 'EXIT'

t.test('receive takes the earliest message that matches and leaves the others in order', async (t) => {
  await inProcess(t, async function () {
    for (const message of [1, 'a', 2, 'b', 3]) this.send(this.self, message)
    t.equal(await this.receive((m) => typeof m === 'string'), 'a')
    t.equal(await this.receive((m) => typeof m === 'string'), 'b')
    t.same([await this.receive(), await this.receive(), await this.receive()], [1, 2, 3])
    t.equal(await this.receive(undefined, { after: 0 }), TIMEOUT)
    this.sendAfter(20, this.self, 'late')
    t.equal(await this.receive((m) => m === 'never', { after: 5 }), TIMEOUT)
    t.equal(await this.receive(), 'late')
    await t.rejects(async () => this.receive(undefined, { after: -1 }), { code: 'timeout_value' })
  })
})

t.test('a message may be undefined, null, a symbol or NaN', async (t) => {
  await inProcess(t, async function () {
    const odd = [undefined, null, Number.NaN, Symbol.for('s'), 0, '']
    for (const message of odd) this.send(this.self, message)
    for (const message of odd) t.ok(Object.is(await this.receive(), message))
  })
})

t.test('messages between two processes keep their order, whatever is received meanwhile', async (t) => {
  await inProcess(t, async function () {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 60 }), fc.nat(3), async (messages, wanted) => {
        for (const [i, kind] of messages.entries()) this.send(this.self, [kind, i])
        const taken: unknown[] = []
        for (;;) {
          const message = await this.receive((m) => (m as number[])[0] === wanted, { after: 0 })
          if (message === TIMEOUT) break
          taken.push(message)
        }
        for (;;) {
          const message = await this.receive(undefined, { after: 0 })
          if (message === TIMEOUT) break
          taken.push(message)
        }
        const all = messages.map((kind, i) => [kind, i])
        t.same(taken, [...all.filter(([kind]) => kind === wanted), ...all.filter(([kind]) => kind !== wanted)])
      }),
      { numRuns: 30 },
    )
  })
})

t.test('a process that is killed in the middle of an await can do nothing more', async (t) => {
  const node = createNode(silent)
  t.teardown(() => node.kill())
  const seen: unknown[] = []
  const witness = node.spawn(loop((message: unknown) => seen.push(message), 0))
  const order: string[] = []
  let proceed = () => {}
  const gate = new Promise<void>((resolve) => {
    proceed = resolve
  })
  let ended = () => {}
  const zombieDone = new Promise<void>((resolve) => {
    ended = resolve
  })
  let aborted = false
  const victim = node.spawn(async function () {
    node.register('victim', this.self)
    this.signal.addEventListener('abort', () => {
      aborted = true
      order.push('abort')
    })
    this.own({ [Symbol.dispose]: () => order.push('first owned') })
    this.own({ [Symbol.dispose]: () => order.push('last owned') })
    this.send(witness, 'alive')
    await gate
    this.send(witness, 'from the grave')
    this.call(witness as Pid<AnyApi>, 'x').then(
      () => order.push('settled'),
      () => order.push('settled'),
    )
    this.receive().then(() => order.push('received'))
    t.throws(() => this.spawn(async () => {}), { code: 'process_exited' })
    t.ok(this.signal.aborted)
    ended()
  })
  await quiet()
  node.spawn(async function () {
    this.monitor(victim)
    const down = await this.receive(isDown)
    order.push(`down ${String(down.reason)} name ${String(node.whereis('victim'))}`)
  })
  await quiet()
  node.exit(victim, 'kill')
  t.notOk(node.isAlive(victim))
  t.ok(aborted)
  await quiet()
  t.same(order, ['abort', 'last owned', 'first owned', 'down killed name undefined'])
  proceed()
  await zombieDone
  await quiet()
  t.same(seen, ['alive'])
  t.equal(order.length, 4, 'nothing it waited for has settled')
})

t.test('what takes time to close is closed before links and monitors hear of the end', async (t) => {
  const node = createNode(silent)
  t.teardown(() => node.kill())
  let close = () => {}
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const owner = node.spawn(async function () {
    this.own({ [Symbol.asyncDispose]: () => closed })
    await this.receive()
  })
  let heard: unknown
  node.spawn(async function () {
    this.monitor(owner)
    heard = await this.receive(isDown)
  })
  await quiet()
  node.send(owner, 'end')
  await quiet()
  t.notOk(node.isAlive(owner))
  t.equal(heard, undefined)
  close()
  await quiet()
  t.match(heard, { reason: 'normal' })
})

t.test('a resource that never closes delays the news only so long', async (t) => {
  const host = new VirtualHost()
  const node = createNode({ ...silent, host })
  t.teardown(() => node.kill())
  const owner = node.spawn(async function () {
    this.own({ [Symbol.asyncDispose]: () => new Promise<void>(() => {}) })
    await this.receive()
  })
  let heard: unknown
  node.spawn(async function () {
    this.monitor(owner)
    heard = await this.receive(isDown)
  })
  await quiet(host)
  node.exit(owner, 'kill')
  host.advance(4999)
  await quiet(host)
  t.equal(heard, undefined)
  host.advance(1)
  await quiet(host)
  t.match(heard, { reason: 'killed' })
})

t.test('a call that nobody awaits ends the process that made it', async (t) => {
  const node = createNode(silent)
  t.teardown(() => node.kill())
  await inProcess(
    t,
    async function () {
      const [careless] = this.spawnMonitor(async function () {
        void this.call(nobody, 'x')
        await this.receive()
      })
      const down = await this.receive(isDown)
      t.same(down.object, careless)
      t.match(down.reason, ['noproc', ['gen_server', 'call', [nobody, 'x']]])
    },
    node,
  )
})

t.test('a chain of a hundred thousand links ends like a short one', async (t) => {
  const node = createNode(silent)
  t.teardown(() => node.kill())
  const idle = loop((_message: unknown, state: number) => state, 0)
  const pids: Pid[] = []
  await inProcess(
    t,
    async function () {
      let previous = this.spawn(idle)
      pids.push(previous)
      for (let i = 0; i < 100_000; i++) {
        const next = this.spawn(idle)
        const left = previous.process!
        left.link(next)
        pids.push(next)
        previous = next
      }
      const ref = this.monitor(previous)
      this.exit(pids[0]!, 'boom')
      const down = await this.receive(isDown)
      t.same([down.ref, down.reason], [ref, 'boom'])
      t.notOk(pids.some((pid) => node.isAlive(pid)))
    },
    node,
  )
})

t.test('an endless ping-pong and a caller without end leave timers their turn', async (t) => {
  const node = createNode(silent)
  t.teardown(() => node.kill())
  interface EchoApi {
    state: number
    call: { echo(n: number): number }
  }
  const Echo: GenServer<EchoApi> = { init: () => ok(0), handleCall: { echo: (n, _from, state) => reply(n, state) } }
  const pong = node.spawn(
    loop(function (this: Context, from: Pid, state: number) {
      this.send(from, this.self)
      return state
    }, 0),
  )
  node.send(
    pong,
    node.spawn(
      loop(function (this: Context, from: Pid) {
        this.send(from, this.self)
      }, undefined),
    ),
  )
  const echo = await node.start(Echo, [])
  let calls = 0
  let stop = false
  const calling = (async () => {
    while (!stop) calls += await node.call(echo, 'echo', 1)
  })()
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 5))
  stop = true
  await calling
  t.ok(calls > 0, 'both went on')
})

t.test('a raw process that never has to wait leaves timers and others their turn', async (t) => {
  const loops: Record<string, (this: Context) => Promise<void>> = {
    async 'feeds itself'() {
      this.send(this.self, 'again')
      for (;;) this.send(this.self, await this.receive())
    },
    async 'looks again and again'() {
      for (;;) await this.receive(undefined, { after: 0 })
    },
    async 'finds what it looks for among others'() {
      for (let i = 0; ; i++) {
        this.send(this.self, 'other')
        this.send(this.self, i)
        await this.receive((message) => message === i)
        await this.receive((message) => message === 'other')
      }
    },
  }
  for (const [name, body] of Object.entries(loops)) {
    const node = createNode(silent)
    let others = 0
    node.spawn(body)
    const other = node.spawn(
      loop(function (this: Context) {
        others++
      }, undefined),
    )
    for (let i = 0; i < 3; i++) {
      node.send(other, i)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    t.equal(others, 3, name)
    node.kill()
  }
})

t.test('a busy process does not keep the others waiting', async (t) => {
  const node = createNode(silent)
  t.teardown(() => node.kill())
  const order: string[] = []
  const record = (name: string) => loop((_message: unknown, _count: number) => order.push(name), 0)
  const busy = node.spawn(record('busy'))
  const quick = node.spawn(record('quick'))
  for (let i = 0; i < 5000; i++) node.send(busy, i)
  node.send(quick, 1)
  await quiet()
  t.equal(order.length, 5001)
  t.ok(order.indexOf('quick') <= QUANTUM, `after ${order.indexOf('quick')} messages of the busy one`)
})

t.test('a mailbox with a million messages does not slow the calls its owner makes', async (t) => {
  const node = createNode(silent)
  t.teardown(() => node.kill())
  interface Api {
    state: number
    call: { get(): number }
  }
  const Server: GenServer<Api> = { init: () => ok(7), handleCall: { get: (_r, _f, state) => reply(state, state) } }
  const server = await node.start(Server, [])
  await inProcess(
    t,
    async function () {
      for (let i = 0; i < 1_000_000; i++) this.send(this.self, i)
      // A scan of the mailbox for each reply would look at 10 thousand million messages.
      for (let i = 0; i < 10_000; i++) if ((await this.call(server, 'get')) !== 7) t.fail('wrong reply')
      t.equal(await this.receive(), 0, 'the messages are still there, in order')
    },
    node,
  )
})

t.test('names, timers and monitors of a process are gone when its end is known', async (t) => {
  const host = new VirtualHost()
  const node = createNode({ ...silent, host })
  t.teardown(() => node.kill())
  await inProcess(
    t,
    async function () {
      for (let i = 0; i < 200; i++) {
        const [pid] = this.spawnMonitor(async function () {
          node.register('worker', this.self)
          await this.receive()
        })
        await quiet(host)
        const timer = this.sendAfter(1000, pid, 'late')
        this.send('worker', 'end')
        await this.receive(isDown)
        t.equal(node.whereis('worker'), undefined)
        t.equal(this.readTimer(timer), false)
      }
    },
    node,
  )
  await quiet(host)
  t.equal(node.processCount, 0)
  t.equal(node.timers.size, 0)
})

t.test('the limit of processes is kept and named', async (t) => {
  const node = createNode({ ...silent, maxProcesses: 2 })
  t.teardown(() => node.kill())
  const idle = loop((_m: unknown, s: number) => s, 0)
  node.spawn(idle)
  node.spawn(idle)
  t.throws(() => node.spawn(idle), { code: 'system_limit' })
})

t.test('exit ends a process with any term; an error is the reason itself, with its stack', async (t) => {
  await inProcess(t, async function () {
    this.trapExit(true)
    const reasons: unknown[] = [{ why: [1] }, ['shutdown', 'x'], 42, null]
    for (const reason of reasons) {
      this.spawnLink(async () => exit(reason))
      t.same((await this.receive(isExit)).reason, reason)
    }
    const error = new TypeError('broken')
    this.spawnLink(async () => {
      throw error
    })
    t.equal((await this.receive(isExit)).reason, error)
  })
})

t.test('a node that is stopped ends its processes and fails the calls of the outside', async (t) => {
  const node = createNode(silent)
  interface Api {
    state: number
    call: { wait(): number }
  }
  const Server: GenServer<Api> = { init: () => ok(0), handleCall: { wait: (_r, _f, state) => noreply(state) } }
  const server = await node.start(Server, [])
  const waiting = node.call(server, 'wait')
  await quiet()
  node.kill()
  await t.rejects(waiting, Exit)
  t.equal(node.processCount, 0)
  t.throws(() => node.spawn(async () => {}), { code: 'node_stopped' })
})
