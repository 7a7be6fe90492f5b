import t, { type Test } from 'tap'
import {
  type Context,
  createNode,
  type Dest,
  exit,
  type From,
  failure,
  type GenServer,
  ignore,
  isAlreadyStarted,
  noreply,
  type OtpNode,
  ok,
  type Report,
  reply,
  start,
  startLink,
  stop,
  stopReply,
  sys,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'

interface StackApi {
  state: readonly number[]
  init: [stack: readonly number[]]
  call: { pop(): number | undefined; depth(): number; fail(): never; later(): string; exit(reason: unknown): never }
  cast: { push(n: number): void; quit(reason: unknown): void }
}

const waiting: From<string>[] = []
const ended: unknown[] = []

const Stack: GenServer<StackApi> = {
  init: (stack) => ok(stack),
  handleCall: {
    pop: (_request, _from, stack) => reply(stack.at(-1), stack.slice(0, -1)),
    async depth(_request, _from, stack) {
      await this.sleep(1)
      return reply(stack.length, stack)
    },
    fail() {
      throw new RangeError('broken')
    },
    later(_request, from, stack) {
      waiting.push(from)
      return noreply(stack)
    },
    exit: (reason) => exit(reason),
  },
  handleCast: {
    push: (n, stack) => noreply([...stack, n]),
    quit: (reason, stack) => stop(reason, stack),
  },
  terminate(reason, stack) {
    ended.push([reason, stack])
  },
}

function nodeFor(t: Test, options: Parameters<typeof createNode>[0] = {}): OtpNode {
  const node = createNode({ reporter: () => {}, ...options })
  t.teardown(() => node.kill())
  ended.length = 0
  return node
}

t.test('calls and casts are handled one after the other', async (t) => {
  const node = nodeFor(t)
  const stack = await node.start(Stack, [[1]])
  node.cast(stack, 'push', 2)
  const depth = node.call(stack, 'depth')
  node.cast(stack, 'push', 3)
  t.equal(await node.call(stack, 'pop'), 3)
  t.equal(await depth, 2, 'the one that took its time saw what came before it, and nothing else')
})

t.test('what a handler throws ends the server, and its caller sees why', async (t) => {
  const reports: Report[] = []
  const node = nodeFor(t, { reporter: (report) => reports.push(report) })
  const stack = await node.start(Stack, [[1, 2]])
  await exitsWith(t, node.call(stack, 'fail'), [RangeError, ['gen_server', 'call', [stack, 'fail']]])
  t.notOk(node.isAlive(stack))
  t.match(ended, [[RangeError, [1, 2]]])
  t.match(reports, [{ level: 'error', label: ['gen_server', 'terminate'], details: { last_message: 'fail' } }])
})

t.test('an orderly end is not reported', async (t) => {
  const reports: Report[] = []
  const node = nodeFor(t, { reporter: (report) => reports.push(report) })
  for (const reason of ['normal', 'shutdown', ['shutdown', 'done']]) {
    const stack = await node.start(Stack, [[]])
    await exitsWith(t, node.call(stack, 'exit', reason), [reason, ['gen_server', 'call']])
  }
  t.same(reports, [])
})

t.test('an unknown operation from an untyped caller ends the server as a missing clause does', async (t) => {
  const node = nodeFor(t)
  for (const operation of ['nothing', 'toString', '__proto__', 'constructor']) {
    const stack = await node.start(Stack, [[]])
    await exitsWith(t, node.call(stack, operation as never, ...([] as never)), [{ code: 'function_clause' }])
  }
})

t.test('a reply may come later, from anywhere, and counts once', async (t) => {
  const node = nodeFor(t)
  const stack = await node.start(Stack, [[]])
  const pending = node.call(stack, 'later')
  await quiet()
  const from = waiting.pop()!
  node.spawn(async function () {
    this.reply(from, 'first')
    this.reply(from, 'second')
  })
  t.equal(await pending, 'first')
  t.throws(() => node.reply({} as From<string>, 'x'), { code: 'function_clause' })
})

t.test('a call times out, and the late reply vanishes', async (t) => {
  const host = new VirtualHost()
  const node = nodeFor(t, { host })
  const stack = await node.start(Stack, [[]])
  const pending = node.call(stack, 'later')
  await quiet(host)
  host.advance(4999)
  let failed = false
  pending.catch(() => {
    failed = true
  })
  await quiet(host)
  t.notOk(failed)
  host.advance(1)
  await exitsWith(t, pending, ['timeout', ['gen_server', 'call', [stack, 'later']]])
  node.reply(waiting.pop()!, 'late')
  t.equal(await node.call(stack, 'pop'), undefined, 'the server goes on')
  t.equal(node.timers.size, 0)
})

t.test('the timeout of a result fires once, unless a message comes first', async (t) => {
  interface IdleApi {
    state: readonly string[]
    call: { seen(): readonly string[]; arm(ms: number): void }
    info: string
  }
  const Idle: GenServer<IdleApi> = {
    init: () => ok([], { timeout: 100 }),
    handleCall: {
      seen: (_request, _from, seen) => reply(seen, seen),
      arm: (timeout, _from, seen) => reply(undefined, seen, { timeout }),
    },
    handleInfo: (message, seen) => noreply([...seen, message]),
  }
  const host = new VirtualHost()
  const node = nodeFor(t, { host })
  const idle = await node.start(Idle, [])
  host.advance(99)
  await quiet(host)
  t.same(await node.call(idle, 'seen'), [], 'and this call cancels it')
  host.advance(1000)
  await quiet(host)
  t.same(await node.call(idle, 'seen'), [])
  await node.call(idle, 'arm', 50)
  host.advance(50)
  await quiet(host)
  t.same(await node.call(idle, 'seen'), ['timeout'])
  await node.call(idle, 'arm', 0)
  await quiet(host)
  t.same(await node.call(idle, 'seen'), ['timeout', 'timeout'])
  const bad = ['reply', undefined, ['timeout', 'timeout'], -1]
  await exitsWith(t, node.call(idle, 'arm', -1), [['bad_return_value', bad]])
})

t.test('every outcome of init', async (t) => {
  interface OddApi {
    state: number
    init: [outcome: () => unknown]
  }
  const Odd = { init: (outcome: () => unknown) => outcome(), handleCall: {} } as unknown as GenServer<OddApi>
  const node = nodeFor(t)
  const error = new Error('oops')
  const outcome = (init: () => unknown) => start(node, Odd, [init], { name: 'odd' })
  t.equal(await outcome(() => ignore()), 'ignore')
  t.same(await outcome(() => stop('why')), ['error', 'why'])
  t.same(await outcome(() => failure('why')), ['error', 'why'])
  t.same(await outcome(() => 'nonsense'), ['error', ['bad_return_value', 'nonsense']])
  t.same(await outcome(() => reply(1, 2)), ['error', ['bad_return_value', ['reply', 1, 2]]])
  t.same(await outcome(() => exit('bye')), ['error', 'bye'])
  t.same(
    await outcome(() => {
      throw error
    }),
    ['error', error],
  )
  t.same(await outcome(async () => Promise.reject(error)), ['error', error])
  t.equal(node.whereis('odd'), undefined, 'the name is free again')
  t.match(
    await outcome(() => {
      throw ok(1)
    }),
    ['ok'],
    'a result that is thrown counts as returned',
  )
  const taken = await outcome(() => ok(1))
  t.match(taken, ['error', ['already_started', node.whereis('odd')!]])
  t.same(
    [isAlreadyStarted(taken), isAlreadyStarted(['error', 'other']), isAlreadyStarted('ignore')],
    [true, false, false],
  )
  await exitsWith(t, node.start(Odd, [() => ignore()]), 'ignore')
  await exitsWith(t, node.start(Odd, [() => stop('why')]), 'why')
  t.throws(() => node.start({} as never, [] as never), { code: 'badarg' })
})

t.test('a start that takes too long is given up, and the process is killed', async (t) => {
  interface SlowApi {
    state: number
  }
  const Slow: GenServer<SlowApi> = { init: () => new Promise(() => {}), handleCall: {} }
  const host = new VirtualHost()
  const node = nodeFor(t, { host })
  const starting = start(node, Slow, [], { name: 'slow', timeout: 100 })
  await quiet(host)
  t.ok(node.whereis('slow'))
  host.advance(100)
  t.same(await starting, ['error', 'timeout'])
  t.equal(node.whereis('slow'), undefined)
  t.equal(node.processCount, 0)
})

t.test('stop waits for the end; terminate runs before the farewell reply', async (t) => {
  const order: string[] = []
  interface ByeApi {
    state: number
    call: { bye(): string }
  }
  const Bye: GenServer<ByeApi> = {
    init: () => ok(0),
    handleCall: { bye: (_request, _from, state) => stopReply('normal', 'farewell', state) },
    async terminate() {
      await this.sleep(1)
      order.push('terminate')
    },
  }
  const node = nodeFor(t)
  const first = await node.start(Bye, [])
  order.push(await node.call(first, 'bye'))
  const second = await node.start(Bye, [])
  await node.stop(second)
  t.notOk(node.isAlive(second))
  t.same(order, ['terminate', 'farewell', 'terminate'])
  await exitsWith(t, node.stop(second), 'noproc')
  const third = await node.start(Stack, [[]])
  await node.stop(third, 'custom')
  t.same(ended.at(-1), ['custom', []])
})

t.test('a suspended server answers system requests only, and loses nothing', async (t) => {
  const node = nodeFor(t)
  const stack = await node.start(Stack, [[]])
  await sys.suspend(node, stack)
  for (let n = 1; n <= 3; n++) node.cast(stack, 'push', n)
  const popped = node.call(stack, 'pop')
  await quiet()
  t.same(await sys.getState(node, stack), [])
  t.same(await sys.replaceState(node, stack, () => [9]), [9])
  const failing = sys.replaceState(node, stack, () => {
    throw new Error('no')
  })
  const cause = [
    ['gen_server', 'system_replace_state'],
    ['error', { message: 'no' }],
  ]
  await t.rejects(failing, { code: 'callback_failed', cause })
  await sys.resume(node, stack)
  t.equal(await popped, 3)
  t.same(await sys.getState(node, stack), [9, 1, 2])
})

t.test('a server that is killed in the middle of an async handler is gone at once', async (t) => {
  interface StuckApi {
    state: number
    call: { hang(): void }
  }
  let resume = () => {}
  const gate = new Promise<void>((resolve) => {
    resume = resolve
  })
  let after = 'nothing'
  const Stuck: GenServer<StuckApi> = {
    init: () => ok(0),
    handleCall: {
      async hang(_request, _from, state) {
        await gate
        after = this.signal.aborted ? 'aborted' : 'alive'
        return reply(undefined, state + 1)
      },
    },
    terminate: () => t.fail('terminate does not run on kill'),
  }
  const node = nodeFor(t)
  const stuck = await node.start(Stuck, [])
  const hanging = node.call(stuck, 'hang')
  await quiet()
  node.exit(stuck, 'kill')
  t.notOk(node.isAlive(stuck))
  await exitsWith(t, hanging, ['killed'])
  resume()
  await quiet()
  t.equal(after, 'aborted')
})

t.test('a parent that does not trap exits ends with the reason of a child that could not start', async (t) => {
  const node = nodeFor(t)
  const parent = node.spawn(async function (this: Context) {
    await startLink(this, Stack, [[]])
    const Bad: GenServer<StackApi> = { ...Stack, init: () => stop('no') }
    await startLink(this, Bad, [[]])
    t.fail('goes on')
  })
  const reason = await new Promise((resolve) => {
    node.spawn(async function () {
      this.monitor(parent)
      resolve(((await this.receive()) as { reason: unknown }).reason)
    })
  })
  t.equal(reason, 'no')
  await quiet()
  t.equal(node.processCount, 0, 'its other child ended with it')
})

t.test('a cast drops what the registry of a via throws, a call fails with it', async (t) => {
  const node = nodeFor(t)
  const broken = new RangeError('no registry')
  const to = {
    via: {
      registerName: () => 'yes',
      unregisterName: () => true,
      whereisName: () => {
        throw broken
      },
    },
    key: 'k',
  } as unknown as Dest<StackApi>
  node.cast(to, 'push', 1)
  t.match(await node.call(to, 'pop').catch((thrown) => thrown), { reason: [broken, ['gen_server', 'call', []]] })
  const pid = node.spawn(async function () {
    this.cast(to, 'push', 1)
    this.sendAfter(1, to, 'late')
    await this.receive()
  })
  await node.sleep(10)
  t.ok(node.isAlive(pid), 'nor does it end a process, or a timer')
})
