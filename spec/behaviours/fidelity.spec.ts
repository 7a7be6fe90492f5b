import t from 'tap'
import {
  type Context,
  type DownMessage,
  exit,
  type From,
  GenEvent,
  type GenServer,
  GenStatem,
  noreply,
  ok,
  type Pid,
  procLib,
  type Ref,
  type Report,
  type StateMachine,
  start,
  startLink,
  startMonitor,
  sys,
} from '../../lib/index.ts'
import { inProcess, keptNode } from '../support/in-process.ts'

/** Corners in which Erlang's own servers were asked what they do. */

interface DoApi {
  state: unknown
  init: [work: (this: Context) => unknown]
  call: { get(): unknown }
  cast: { do(work: (this: Context) => unknown): void }
}

const log: unknown[] = []

const Doer: GenServer<DoApi> = {
  async init(work) {
    await work.call(this as Context)
    return ok(0)
  },
  handleCall: { get: (_request, from, state) => noreply([from, state]) },
  handleCast: {
    async do(work, state) {
      await work.call(this as Context)
      return noreply(state)
    },
  },
  handleInfo(message, state) {
    log.push(['info', message])
    return noreply(state)
  },
  terminate(reason) {
    log.push(['terminate', reason])
  },
}

const forEver = (): Promise<never> => new Promise(() => {})

t.test('a start whose process ends before it has answered leaves no EXIT and no DOWN', async (t) => {
  const { node } = keptNode(t)
  const endings: Record<string, [work: (this: Context) => unknown, reason: unknown]> = {
    killed: [
      function () {
        const { self } = this
        this.spawn(function () {
          this.exit(self, 'kill')
        })
        return forEver()
      },
      'killed',
    ],
    'sent an exit signal': [
      function () {
        const { self } = this
        this.spawn(function () {
          this.exit(self, 'boom')
        })
        return forEver()
      },
      'boom',
    ],
    'a linked helper dies': [
      function () {
        this.spawnLink(() => exit('helper'))
        return forEver()
      },
      'helper',
    ],
  }
  await inProcess(node, async function () {
    this.trapExit(true)
    for (const [name, [work, reason]] of Object.entries(endings)) {
      for (const begin of [startLink, startMonitor, start]) {
        t.strictSame(await begin(this, Doer, [work]), ['error', reason], `${name}, ${begin.name}`)
      }
    }
    t.strictSame(await procLib.startLink(this, () => 'ok', []), ['error', 'normal'])
    t.equal(node.processInfo(this.self, 'message_queue_len')?.[1], 0, 'no message is left')
    t.strictSame(node.processInfo(this.self, 'links')?.[1], [])
  })
})

t.test("a server acts on its parent's exit that waits, also when it has stopped trapping exits", async (t) => {
  const { node } = keptNode(t)
  log.length = 0
  await inProcess(node, async function () {
    this.trapExit(true)
    const started = await startLink(this, Doer, [
      function () {
        this.trapExit(true)
      },
    ])
    const pid = started[1] as Pid<DoApi>
    const monitor = this.monitor(pid)
    this.cast(pid, 'do', async function () {
      await this.sleep(20)
      this.trapExit(false)
    })
    await this.sleep(5)
    this.exit(pid, 'shutdown')
    const down = await this.receive((m): m is DownMessage => (m as DownMessage).ref === monitor)
    t.equal(down.reason, 'shutdown')
    t.strictSame(log, [['terminate', 'shutdown']])
  })
})

t.test('demonitor with flush takes the DOWN, and nothing else that names the ref', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const [pid, ref] = this.spawnMonitor(async function () {
      await this.receive()
    })
    this.send(this.self, { type: 'answer', ref })
    this.send(pid, 'stop')
    await this.sleep(5)
    this.demonitor(ref, { flush: true })
    t.strictSame(await this.receive(undefined, { after: 0 }), { type: 'answer', ref })
    const request = this.spawnRequest(() => {}, { monitor: true })
    await this.sleep(5)
    this.demonitor(request, { flush: true })
    t.match(await this.receive(undefined, { after: 0 }), { type: 'spawn_reply', ref: request })
    t.equal(node.processInfo(this.self, 'message_queue_len')?.[1], 0)
  })
})

t.test('the last message of a server that crashes in its timeout is the timeout', async (t) => {
  const reports: Report[] = []
  const { node } = keptNode(t, { reporter: (report: Report) => reports.push(report) })
  await inProcess(node, async function () {
    const Timed: GenServer<{ state: null; call: object }> = {
      init: () => ok(null, { timeout: 1 }),
      handleCall: {},
      handleInfo: () => exit('boom'),
    }
    const pid = (await start(this, Timed, []))[1] as Pid
    const ref = this.monitor(pid)
    await this.receive((m): m is DownMessage => (m as DownMessage).ref === ref)
    t.match(reports[0], { label: ['gen_server', 'terminate'], details: { last_message: 'timeout' } })
  })
})

t.test('what sys counts and keeps already goes on when it is asked for again', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const pid = (await start(this, Doer, [() => {}]))[1] as Pid<DoApi>
    await sys.statistics(this, pid, true)
    await sys.log(this, pid, [true, 2])
    for (const message of [1, 2, 3]) this.send(pid, message)
    await sys.statistics(this, pid, true)
    await sys.log(this, pid, [true, 1])
    t.match(await sys.statistics(this, pid, 'get'), ['ok', { messages_in: 3 }])
    const [, events] = (await sys.log(this, pid, 'get')) as readonly [string, readonly unknown[]]
    t.equal(events.length, 2)
  })
})

t.test('the exit of a stop names its time', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const pid = (await start(this, Doer, [() => {}]))[1] as Pid<DoApi>
    this.cast(pid, 'do', async function () {
      await this.sleep(5)
      exit('oops')
    })
    const thrown = await sys.stop(this, pid, 'other', 1000).catch((error) => error)
    t.strictSame(thrown.reason, ['oops', ['sys', 'terminate', [pid, 'other', 1000]]])
  })
})

t.test('a machine that stops with a bad reply has the new data', async (t) => {
  const { node } = keptNode(t)
  const { keepStateAndData, reply, stopAndReply } = GenStatem
  const ended: unknown[] = []
  await inProcess(node, async function () {
    const module = {
      callbackMode: 'handle_event_function',
      init: () => GenStatem.ok('s0', 0),
      handleEvent: ({ type, from }: { type: string; from: From<string> }) =>
        type === 'call' ? stopAndReply('r', [reply(from, 'first'), 'bad'] as never, 'new') : keepStateAndData(),
      terminate: (...args: unknown[]) => ended.push(args),
    } as const
    const pid = (await GenStatem.start(this, module as never, [] as never))[1] as Pid
    t.equal(await GenStatem.call(this, pid as Pid<{ call: { go(): string } }>, 'go'), 'first')
    await this.sleep(5)
    t.match(ended, [[{ code: 'bad_reply_action_from_state_function' }, 's0', 'new']])
  })
})

t.test('the starter of a server that it monitors is its parent, whose exit is for none of its callbacks', async (t) => {
  const { node } = keptNode(t)
  const trapping = function (this: Context) {
    this.trapExit(true)
  }
  const Machine: StateMachine<{ state: 'on'; data: number }> = {
    callbackMode: 'handle_event_function',
    init() {
      this.trapExit(true)
      return GenStatem.ok('on', 0)
    },
    handleEvent: () => GenStatem.keepStateAndData(),
  }
  await inProcess(node, async function () {
    const starts = {
      GenServer: () => startMonitor(this, Doer, [trapping]),
      GenStatem: () => GenStatem.startMonitor(this, Machine, []),
      GenEvent: () => GenEvent.startMonitor(this),
    }
    for (const [name, begin] of Object.entries(starts)) {
      log.length = 0
      const [, [pid, ref]] = (await begin()) as readonly ['ok', readonly [Pid, Ref]]
      t.equal((await sys.getStatus(this, pid))[3][2], this.self, name)
      this.exit(pid, 'enough')
      const down = await this.receive((m): m is DownMessage => (m as DownMessage).ref === ref)
      t.equal(down.reason, 'enough', name)
      if (name === 'GenServer') t.same(log, [['terminate', 'enough']])
    }
    const alone = (await start(this, Doer, [trapping]))[1] as Pid<DoApi>
    log.length = 0
    this.exit(alone, 'enough')
    await sys.getState(this, alone)
    t.match(log, [['info', { type: 'EXIT', from: this.self, reason: 'enough' }]], 'one that was just started goes on')
  })
})

t.test('a node that was stopped refuses, and leaves nobody waiting', async (t) => {
  const { node } = keptNode(t)
  const pid = await node.start(Doer, [() => {}])
  await node.shutdown()
  await t.rejects(node.call(pid, 'get'), { code: 'node_stopped' })
  await t.rejects(node.start(Doer, [() => {}]), { code: 'node_stopped' })
  await t.rejects(node.sleep(1), { code: 'node_stopped' })
})
