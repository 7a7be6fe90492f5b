import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  type Context,
  exit,
  type GenServer,
  name,
  noreply,
  ok,
  type Pid,
  reply,
  type SystemMonitorMessage,
  startLink,
  stop,
  sys,
} from '../../lib/index.ts'
import { JumpingHost, quiet, VirtualHost } from '../../lib/testing/index.ts'
import { inProcess, keptNode } from '../support/in-process.ts'
import { eventsOf, keeper } from '../support/keeper.ts'

interface Api {
  state: number
  init: []
  call: { add(n: number): number; later(): void }
  cast: { reset(): void }
}
const Adder: GenServer<Api> = {
  init: () => ok(0),
  handleCall: {
    add: (n, _from, state) => reply(state + n, state + n),
    async later(_request, _from, state) {
      await this.sleep(10)
      return reply(undefined, state + 100)
    },
  },
  handleCast: { reset: () => noreply(0) },
  handleInfo: (_message, state) => noreply(state),
}

t.test('a trace tells in order what a server receives, runs, changes and answers', async (t) => {
  const { node } = keptNode(t)
  const { pid: tracer, got } = keeper(node)
  const server = await node.start(Adder, [])
  node.trace(server, tracer, ['receive', 'send', 'call', 'state'])
  await node.call(server, 'add', 2)
  node.cast(server, 'reset')
  node.send(server, 'info')
  await quiet()
  t.match(got[0], { type: 'trace', pid: server })
  t.match(eventsOf(got), [
    ['receive', ['$gen_call', {}, ['add', 2]]],
    ['call', ['gen_server', 'handleCall.add', [2, {}, 0]]],
    ['send', ['reply', 2], undefined],
    ['state', 2],
    ['receive', ['$gen_cast', 'reset']],
    ['receive', 'info'],
    ['call', ['gen_server', 'handleCast.reset', [undefined, 2]]],
    ['state', 0],
    ['call', ['gen_server', 'handleInfo', ['info', 0]]],
  ])
  t.equal(got.length, 9)
  got.length = 0
  node.trace(server, false, ['receive', 'send', 'call'])
  await node.call(server, 'later')
  await quiet()
  t.strictSame(eventsOf(got), [['state', 100]], 'of an async callback, when it is settled')
  node.trace(server, false, ['state'])
  await node.call(server, 'add', 1)
  await quiet()
  t.equal(got.length, 1)
})

t.test(
  'what no message leads to is traced, too: a timeout, a continuation, the end; a void timeout is not',
  async (t) => {
    const { node } = keptNode(t, { host: new JumpingHost() })
    const { pid: tracer, got } = keeper(node)
    interface WaiterApi {
      state: number
      init: []
      cast: { wait(): void; waitNot(): void; done(): void }
      continue: string
    }
    const Waiter: GenServer<WaiterApi> = {
      init: () => ok(0),
      handleCall: {},
      handleCast: {
        wait: (_request, state) => noreply(state, { timeout: 5 }),
        waitNot: (_request, state) => noreply(state, { timeout: 0 }),
        done: (_request, state) => noreply(state, { continue: 'on' }),
      },
      handleContinue: (_what, state) => stop('normal', state),
      handleInfo: (_message, state) => noreply(state + 1),
      terminate() {},
    }
    const server = await node.start(Waiter, [])
    node.trace(server, tracer, ['receive', 'call', 'state'])
    node.cast(server, 'wait')
    await node.sleep(10)
    node.trace(server, false, ['receive'])
    node.cast(server, 'waitNot')
    node.cast(server, 'done')
    await node.sleep(10)
    t.strictSame(eventsOf(got), [
      ['receive', ['$gen_cast', 'wait']],
      ['call', ['gen_server', 'handleCast.wait', [undefined, 0]]],
      ['receive', 'timeout'],
      ['call', ['gen_server', 'handleInfo', ['timeout', 0]]],
      ['state', 1],
      ['call', ['gen_server', 'handleCast.waitNot', [undefined, 1]]],
      ['call', ['gen_server', 'handleCast.done', [undefined, 1]]],
      ['call', ['gen_server', 'handleContinue', ['on', 1]]],
      ['call', ['gen_server', 'terminate', ['normal', 1]]],
    ])
  },
)

t.test('the life of a process is traced as OTP does', async (t) => {
  const { node } = keptNode(t)
  const { pid: tracer, got } = keeper(node)
  const other = node.spawn(async () => new Promise(() => {}))
  let child: Pid | undefined
  const traced = node.spawn(async function () {
    await this.receive((message) => message === 'go')
    this.send(other, 'hello')
    child = this.spawn(function born() {})
    this.link(other)
    this.unlink(other)
    node.register('rr', this.self)
    this.send(this.self, 'own')
    await this.receive((message) => message === 'own')
    exit('bye')
  })
  await quiet()
  node.trace(traced, tracer, ['send', 'receive', 'procs'])
  node.send(traced, 'go')
  await quiet()
  t.strictSame(eventsOf(got), [
    ['receive', 'go'],
    ['send', 'hello', other],
    ['spawn', child, ['born', 'apply', 0]],
    ['link', other],
    ['unlink', other],
    ['register', 'rr'],
    ['send', 'own', traced],
    ['receive', 'own'],
    ['exit', 'bye'],
    ['unregister', 'rr'],
  ])
})

t.test('what others do to it, what it asks for, and its children', async (t) => {
  const { node } = keptNode(t)
  const { pid: tracer, got } = keeper(node)
  await inProcess(node, async function () {
    const server = await node.start(Adder, [])
    const traced = this.spawn(async function () {
      await this.receive((message) => message === 'go')
      await this.call(server, 'add', 1)
      this.cast(server, 'reset')
      this.spawn(function () {
        this.send(tracer, 'from the child')
      })
      await this.receive((message) => message === 'never')
    })
    node.trace(traced, tracer, ['send', 'procs', 'set_on_spawn'])
    this.link(traced)
    this.unlink(traced)
    this.send(traced, 'go')
    await quiet()
    const events = eventsOf(got.filter((message) => typeof message === 'object'))
    t.match(events, [
      ['getting_linked', this.self],
      ['getting_unlinked', this.self],
      ['send', ['$gen_call', traced, ['add', 1]], server],
      ['send', ['$gen_cast', 'reset'], server],
      ['spawn', {}, ['fun', 'apply', 0]],
      ['send', 'from the child', tracer],
      ['exit', 'normal'],
    ])
    t.equal(events.length, 7)
  })
})

t.test('a suspended server runs no callback for what it puts aside', async (t) => {
  const { node } = keptNode(t)
  const { pid: tracer, got } = keeper(node)
  const server = await node.start(Adder, [])
  await sys.suspend(node, server)
  node.trace(server, tracer, ['call'])
  node.cast(server, 'reset')
  await quiet()
  t.strictSame(got, [])
  await sys.resume(node, server)
  await quiet()
  t.match(eventsOf(got).at(-1), ['call', ['gen_server', 'handleCast.reset', [undefined, 0]]])
})

t.test('one tracer at a time, not oneself, no dead process, no unknown flag', async (t) => {
  const { node } = keptNode(t)
  const { pid: tracer } = keeper(node)
  const { pid: second, got } = keeper(node)
  const { pid } = keeper(node)
  const { pid: dead } = keeper(node)
  node.exit(dead, 'kill')
  t.throws(() => node.trace(pid, pid, ['send']), { code: 'badarg' })
  t.throws(() => node.trace(dead, tracer, ['send']), { code: 'badarg' })
  t.throws(() => node.trace(pid, tracer, ['sendx' as never]), { code: 'badarg' })
  t.throws(() => node.trace(pid, 'tracer' as never, ['send']), { code: 'badarg' })
  node.trace(pid, tracer, ['receive'])
  t.throws(() => node.trace(pid, second, ['receive']), { code: 'badarg' })
  node.exit(tracer, 'kill')
  node.send(pid, 'unseen')
  node.trace(pid, second, ['receive'])
  node.send(pid, 'seen')
  await quiet()
  t.strictSame(eventsOf(got), [['receive', 'seen']])
})

t.test('tracers that trace each other do not trace traces', async (t) => {
  const { node } = keptNode(t)
  const a = keeper(node)
  const b = keeper(node)
  node.trace(a.pid, b.pid, ['receive'])
  node.trace(b.pid, a.pid, ['receive'])
  node.send(a.pid, 'once')
  await quiet()
  t.equal(b.got.length, 1)
  t.strictSame(a.got, ['once'])
})

t.test('a long schedule names the process, the callback and the time', async (t) => {
  const host = new VirtualHost()
  const { node } = keptNode(t, { host })
  const { pid: monitor, got } = keeper(node)
  t.equal(node.systemMonitor(monitor, { longSchedule: 20 }), undefined)
  const server = await node.start(
    {
      ...Adder,
      handleCast: {
        reset: () => {
          host.stall(30)
          return noreply(0)
        },
      },
    },
    [],
  )
  node.cast(server, 'reset')
  await node.call(server, 'add', 1)
  const raw = node.spawn(async function worker(this: Context) {
    await this.receive()
    host.stall(50)
    await this.receive(() => false)
  })
  await quiet(host)
  node.send(raw, 'work')
  await quiet(host)
  const info = (pid: Pid, timeout: number, what: string): SystemMonitorMessage => ({
    type: 'monitor',
    pid,
    event: 'long_schedule',
    info: { timeout, in: what },
  })
  t.strictSame(got, [info(server, 30, 'gen_server:handleCast.reset'), info(raw, 50, 'worker')])
  t.strictSame(node.systemMonitor(undefined), { pid: monitor, options: { longSchedule: 20 } })
  node.cast(server, 'reset')
  await quiet(host)
  t.equal(got.length, 2, 'nobody is told any more')
})

t.test('what runs long after an await of the kernel is told, by the callback that awaited', async (t) => {
  const host = new JumpingHost()
  const { node } = keptNode(t, { host })
  const { pid: monitor, got } = keeper(node)
  node.systemMonitor(monitor, { longSchedule: 20 })
  const adder = await node.start(Adder, [])
  interface SlowApi {
    state: number
    init: []
    call: { slept(): void; called(): void; failed(): void; started(): void; helped(): void }
  }
  const slow = (milliseconds: number) => {
    host.stall(milliseconds)
    return reply(undefined, 0)
  }
  const Slow: GenServer<SlowApi> = {
    init: () => ok(0),
    handleCall: {
      async slept() {
        await this.sleep(1)
        return slow(31)
      },
      async called() {
        await this.call(adder, 'add', 1)
        return slow(32)
      },
      async failed() {
        await this.call(name(Adder, 'nobody'), 'add', 1).catch(() => slow(33))
        return reply(undefined, 0)
      },
      async started() {
        await startLink(this, Adder, [])
        return slow(34)
      },
      async helped() {
        await this.sleep(1)
        await (async () => {
          await this.sleep(1)
          host.stall(35)
        })()
        return reply(undefined, 0)
      },
    },
  }
  const server = await node.start(Slow, [])
  for (const operation of ['slept', 'called', 'failed', 'started', 'helped'] as const) {
    await node.call(server, operation)
  }
  const steps: Record<string, (this: Context) => Promise<unknown>> = {
    sleep: function () {
      return this.sleep(1)
    },
    call: function () {
      return this.call(adder, 'add', 1)
    },
    receive: function () {
      return this.receive()
    },
    after: function () {
      return this.receive(() => false, { after: 0 })
    },
  }
  const raws: Pid[] = []
  for (const step of Object.values(steps)) {
    const raw = node.spawn(async function worker(this: Context) {
      await this.sleep(1)
      await step.call(this)
      host.stall(40)
    })
    node.send(raw, 'is there already')
    raws.push(raw)
  }
  await node.sleep(1000)
  const seen = (got as SystemMonitorMessage[]).map(({ pid, info }) => [pid.id, info])
  t.strictSame(seen.slice(0, 5), [
    [server.id, { timeout: 31, in: 'gen_server:handleCall.slept' }],
    [server.id, { timeout: 32, in: 'gen_server:handleCall.called' }],
    [server.id, { timeout: 33, in: 'gen_server:handleCall.failed' }],
    [server.id, { timeout: 34, in: 'gen_server:handleCall.started' }],
    [server.id, { timeout: 35, in: 'gen_server:handleCall.helped' }],
  ])
  t.same(new Map(seen.slice(5) as []), new Map(raws.map((raw) => [raw.id, { timeout: 40, in: 'worker' }])))
})

t.test('a large mailbox is told once, and again when it was emptied by half', async (t) => {
  const { node } = keptNode(t)
  const { pid: monitor, got } = keeper(node)
  await inProcess(node, async function () {
    const full = this.spawn(async () => new Promise(() => {}))
    for (let i = 0; i < 5; i++) this.send(full, i)
    const steps: (() => void)[] = []
    const pid = this.spawn(async function () {
      for (;;) {
        await new Promise<void>((resolve) => steps.push(resolve))
        await this.receive()
      }
    })
    await quiet()
    node.systemMonitor(monitor, { largeMailbox: 4 })
    const send = (times: number) => {
      for (let i = 0; i < times; i++) this.send(pid, i)
    }
    const take = async (times: number) => {
      for (let i = 0; i < times; i++) {
        steps.shift()?.()
        await quiet()
      }
    }
    send(6)
    await take(2)
    send(1)
    await take(4)
    send(3)
    await quiet()
    const found = got as SystemMonitorMessage[]
    t.strictSame(
      found.map((message) => [message.pid, message.event, message.info]),
      [
        [full, 'large_mailbox', { messages: 5 }],
        [pid, 'large_mailbox', { messages: 4 }],
        [pid, 'large_mailbox', { messages: 4 }],
      ],
    )
  })
})

t.test('the monitor is none once its process has ended, and bounds are checked', async (t) => {
  const { node } = keptNode(t)
  const { pid } = keeper(node)
  t.throws(() => node.systemMonitor(pid, { longSchedule: 0 }), { code: 'badarg' })
  t.throws(() => node.systemMonitor(pid, { largeMailbox: 1.5 }), { code: 'badarg' })
  t.throws(() => node.systemMonitor('monitor' as never, { busyLink: true }), { code: 'badarg' })
  node.systemMonitor(pid, { largeMailbox: 1 })
  node.exit(pid, 'kill')
  t.equal(node.systemMonitor(undefined), undefined)
  const { pid: other, got } = keeper(node)
  node.send(other, 1)
  await quiet()
  t.strictSame(got, [1])
})

t.test('a callback that still runs is told on standard error by another thread', async (t) => {
  const stop = join(t.testdir(), 'stop')
  const child = fork(new URL('./blocking-node.ts', import.meta.url), [stop], { silent: true })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stderr!, 'data')) as [Buffer]
  t.match(`${line}`, /long_schedule node=busy@here process=2 in=spin:handleInfo timeout=\d{3,} still running/)
  writeFileSync(stop, '')
  const [message] = (await once(child.stdout!, 'data')) as [Buffer]
  t.match(`${message}`, /"event":"long_schedule","info":\{"timeout":\d{3,},"in":"spin:handleInfo"\}/)
})
