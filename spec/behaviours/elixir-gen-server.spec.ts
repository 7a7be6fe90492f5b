import t, { type Test } from 'tap'
import {
  abcast,
  type ChildSpec,
  type Context,
  child,
  type Dest,
  Exit,
  type GenServer,
  multiCall,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  Registry,
  reply,
  type StartResult,
  start,
  startLink,
  sys,
} from '../../lib/index.ts'
import { exitsWith } from '../support/exits.ts'
import { nodeWithReports } from '../support/kid.ts'
import { inTestProcess } from '../support/test-process.ts'

interface StackApi {
  state: readonly string[]
  init: [stack: readonly string[]]
  call: { pop(): string | undefined; silence(): never; stopSelf(): unknown; self(): Pid }
  cast: { push(item: string): void }
}

const Stack: GenServer<StackApi> = {
  init: (stack) => ok(stack),
  handleCall: {
    pop: (_request, _from, [head, ...rest]) => reply(head, rest),
    silence: (_request, _from, stack) => noreply(stack),
    async stopSelf(_request, _from, stack) {
      const thrown: unknown = await sys.stop(this, this.self).catch((error: unknown) => error)
      return reply(thrown instanceof Exit ? thrown.reason : 'no exit', stack)
    },
    self(_request, _from, stack) {
      return reply(this.self, stack)
    },
  },
  handleCast: { push: (item, stack) => noreply([item, ...stack]) },
}

const elsewhere = 'foo@bar'

function pidOf(started: StartResult<StackApi>): Pid<StackApi> {
  if (started === 'ignore' || started[0] === 'error') throw new Error('not started', { cause: started })
  return started[1]
}

function linksOf(process: Context): readonly Pid[] {
  return process.node.processInfo(process.self, 'links')?.[1] ?? []
}

async function nodeWithRegistry(t: Test): Promise<{ node: OtpNode; names: Registry<string> }> {
  const { node } = nodeWithReports(t)
  const names = new Registry<string>('names', { keys: 'unique' })
  await node.supervise({ children: [names.child()] })
  return { node, names }
}

t.test('gen_server_test: generates child_spec/1', async (t) => {
  const { node } = nodeWithReports(t)
  const spec = child(Stack, [['hello']], { name: 'Stack' })
  t.match(spec, { id: 'Stack', start: Function })
  for (const key of ['restart', 'shutdown', 'type']) t.notHas(spec, key)
  await node.supervise({ children: [spec] })
  t.equal(await node.call<StackApi, 'pop'>('Stack', 'pop'), 'hello')
  const over = { id: 'id', restart: 'temporary', shutdown: Number.POSITIVE_INFINITY } as const
  const start: ChildSpec['start'] = () => 'ignore'
  t.match({ ...child(Stack, [['hello']], over), start }, { ...over, start })
})

t.test('gen_server_test: start_link/3', async (t) => {
  const { node } = nodeWithReports(t)
  await inTestProcess(
    t,
    async function () {
      const before = node.processCount
      for (const name of [5, { invalid: 'tuple' }, { via: 'Via', key: 'my_gen_server_name' }]) {
        const refused = { code: 'badarg', message: /a string, name\(\.\.\.\), or a via/ }
        await t.rejects(startLink(this, Stack, [['hello']], { name: name as never }), refused)
      }
      t.equal(node.processCount, before)
      t.same(linksOf(this), [])
    },
    node,
  )
})

t.test('gen_server_test: start_link/3 with via, with local', async (t) => {
  const { node, names } = await nodeWithRegistry(t)
  await inTestProcess(
    t,
    async function () {
      for (const name of [names.via<StackApi>('via_stack'), 'stack']) {
        await startLink(this, Stack, [['hello']], { name })
        t.equal(await this.call<StackApi, 'pop'>(name, 'pop'), 'hello')
      }
    },
    node,
  )
})

t.test('gen_server_test: start_link/2, call/2 and cast/2', async (t) => {
  const { node, names } = await nodeWithRegistry(t)
  await inTestProcess(
    t,
    async function () {
      const pid = pidOf(await startLink(this, Stack, [['hello']]))
      t.ok(linksOf(this).includes(pid))
      t.equal(await this.call(pid, 'pop'), 'hello')
      this.cast(pid, 'push', 'world')
      t.equal(await this.call(pid, 'pop'), 'world')
      await sys.stop(this, pid)
      const stray = new Registry<string>('not started', { keys: 'unique' })
      const absent: readonly Dest<StackApi>[] = [
        pid,
        'foo',
        { name: 'foo', node: elsewhere },
        names.via('foo'),
        stray.via('foo'),
      ]
      for (const to of absent) t.doesNotThrow(() => this.cast(to, 'push', 'world'))
    },
    node,
  )
})

t.test('gen_server_test: call/3 exit messages', async (t) => {
  const { node, names } = await nodeWithRegistry(t)
  await inTestProcess(
    t,
    async function () {
      node.register('self', this.self)
      names.register(this, 'self')
      const pid = pidOf(await startLink(this, Stack, [['hello']]))
      const stopped = pidOf(await start(this, Stack, [['hello']]))
      await sys.stop(this, stopped)
      const bogus = { name: 'stack', node: 'bogus@node' }
      const wrong: readonly (readonly [Dest<StackApi>, 'pop' | 'silence', number, unknown])[] = [
        ['self', 'pop', 5000, 'calling_self'],
        [{ name: 'self' }, 'pop', 5000, 'calling_self'],
        [names.via('self'), 'pop', 5000, 'calling_self'],
        [this.self as Pid<StackApi>, 'pop', 5000, 'calling_self'],
        [pid, 'silence', 1, 'timeout'],
        ['nil', 'pop', 5000, 'noproc'],
        [stopped, 'pop', 5000, 'noproc'],
        [bogus, 'pop', 5000, ['nodedown', 'bogus@node']],
        [undefined as never, 'pop', 5000, { code: 'function_clause' }],
      ]
      for (const [to, operation, timeout, why] of wrong) {
        const called = this.call(to, operation, undefined, { timeout })
        await exitsWith(t, called, [why, ['gen_server', 'call', [to, operation, timeout]]])
      }
      t.equal(await this.call(pid, 'pop'), 'hello', 'a caller that has given up leaves the server as it is')
    },
    node,
  )
})

t.test('gen_server_test: nil name', async (t) => {
  const { node } = nodeWithReports(t)
  await inTestProcess(
    t,
    async function () {
      const pid = pidOf(await startLink(this, Stack, [['hello']], { name: undefined as never }))
      t.same(node.processInfo(pid, 'registered_name'), [])
    },
    node,
  )
})

t.test('gen_server_test: start/2', async (t) => {
  const { node } = nodeWithReports(t)
  await inTestProcess(
    t,
    async function () {
      const pid = pidOf(await start(this, Stack, [['hello']]))
      t.same(linksOf(this), [])
      await sys.stop(this, pid)
      t.notOk(node.isAlive(pid))
    },
    node,
  )
})

t.test('gen_server_test: abcast/3', async (t) => {
  const { node } = nodeWithReports(t)
  await node.start(Stack, [[]], { name: 'stack' })
  t.equal(abcast<StackApi, 'push'>(node, undefined, 'stack', 'push', 'hello'), 'abcast')
  t.equal(await node.call<StackApi, 'pop'>({ name: 'stack', node: node.name }, 'pop'), 'hello')
  t.equal(abcast<StackApi, 'push'>(node, [node.name, elsewhere], 'stack', 'push', 'world'), 'abcast')
  t.equal(await node.call<StackApi, 'pop'>('stack', 'pop'), 'world')
})

t.test('gen_server_test: multi_call/4', async (t) => {
  const { node } = nodeWithReports(t)
  await node.start(Stack, [['hello', 'world']], { name: 'stack' })
  t.same(await multiCall<StackApi, 'pop'>(node, undefined, 'stack', 'pop'), [[[node.name, 'hello']], []])
  t.same(await multiCall<StackApi, 'pop'>(node, [node.name, elsewhere], 'stack', 'pop'), [
    [[node.name, 'world']],
    [elsewhere],
  ])
})

t.test('gen_server_test: whereis/1', async (t) => {
  const { node, names } = await nodeWithRegistry(t)
  const pid = await node.start(Stack, [[]], { name: 'stack' })
  t.equal(node.whereis('stack'), pid)
  t.equal(await node.call<StackApi, 'self'>({ name: 'stack', node: node.name }, 'self'), pid)
  t.equal(await node.call(pid, 'self'), pid)
  const away = { name: 'stack', node: elsewhere }
  await exitsWith(t, node.call<StackApi, 'self'>(away, 'self'), [
    ['nodedown', elsewhere],
    ['gen_server', 'call', [away, 'self']],
  ])
  t.equal(node.whereis('nobody'), undefined)
  const listed = await node.start(Stack, [[]], { name: names.via('stack') })
  t.equal(names.whereis(node, 'stack'), listed)
  t.equal(names.whereis(node, 'nobody'), undefined)
  t.not(listed, pid, 'a key of a registry is no name of the node')
})

t.test('gen_server_test: stop/3', async (t) => {
  const { node } = nodeWithReports(t)
  const pid = await node.start(Stack, [[]])
  t.equal(await sys.stop(node, pid, 'normal'), undefined)
  for (const gone of [pid, 'nil']) await exitsWith(t, sys.stop(node, gone), /^noproc$/)
  await exitsWith(t, sys.stop(node, undefined as never), [{ code: 'function_clause' }, ['sys', 'terminate', Array]])
  const other = await node.start(Stack, [[]])
  const itself = ['calling_self', ['sys', 'terminate', [other, 'normal', 'infinity']]]
  t.same(await node.call(other, 'stopSelf'), itself)
  t.ok(node.isAlive(other))
  await node.start(Stack, [[]], { name: 'stack' })
  t.equal(await sys.stop(node, 'stack', 'normal'), undefined)
  t.equal(node.whereis('stack'), undefined)
})
