import fc from 'fast-check'
import t from 'tap'
import {
  type Context,
  equalTerms,
  type GenServer,
  loop,
  noreply,
  ok,
  type Pid,
  type ProcessInfo,
  reply,
} from '../../lib/index.ts'
import { quiet } from '../../lib/testing/index.ts'
import { inProcess, keptNode } from '../support/in-process.ts'

t.test('put, get and erase answer with the old value or undefined', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    t.equal(this.put('k', 1), undefined)
    t.equal(this.put('k', 2), 1)
    t.equal(this.get('k'), 2)
    this.put(['a', { b: 1 }], 'by shape')
    t.equal(this.get(['a', { b: 1 }]), 'by shape', 'keys are terms')
    t.strictSame(this.get(), [
      ['k', 2],
      [['a', { b: 1 }], 'by shape'],
    ])
    this.put('other', 2)
    t.strictSame(this.getKeys(2), ['k', 'other'])
    t.strictSame(this.getKeys(undefined), [], 'undefined is a value like any other')
    t.equal(this.getKeys().length, 3)
    t.equal(this.erase('k'), 2)
    t.equal(this.erase('k'), undefined)
    t.equal(this.erase().length, 2)
    t.strictSame(this.get(), [])
  })
})

t.test('a dictionary behaves as a map of terms', async (t) => {
  const key = fc.oneof(fc.nat(3), fc.constantFrom('a', 'b'), fc.tuple(fc.nat(1), fc.constantFrom('a', 'b')))
  const step = fc.record({ what: fc.constantFrom('put', 'erase', 'get'), key, value: fc.nat(3) })
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    fc.assert(
      fc.property(fc.array(step), (script) => {
        this.erase()
        let model: (readonly [unknown, unknown])[] = []
        return script.every(({ what, key, value }) => {
          const at = model.findIndex(([known]) => equalTerms(known, key))
          const expected = model[at]?.[1]
          if (what === 'get') return this.get(key) === expected
          if (what === 'erase') model = model.filter((_, i) => i !== at)
          else model = at < 0 ? [...model, [key, value]] : model.with(at, [key, value])
          const answer = what === 'erase' ? this.erase(key) : this.put(key, value)
          return answer === expected && equalTerms(this.get(), model)
        })
      }),
    )
  })
  t.pass()
})

t.test('a child does not inherit the dictionary, but the group leader, and it knows its parent', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    this.put('k', 1)
    t.equal(this.groupLeader(), node.groupLeader)
    node.setGroupLeader(this.self, this.self)
    const seen = new Promise<readonly unknown[]>((resolve) => {
      this.spawn(function () {
        resolve([this.get('k'), this.groupLeader(), node.processInfo(this.self, 'parent')])
      })
    })
    t.strictSame(await seen, [undefined, this.self, ['parent', this.self]])
    t.throws(() => node.setGroupLeader('leader' as never, this.self), { code: 'badarg' })
    const outside = node.spawn(loop((state) => state, undefined))
    t.strictSame(node.processInfo(outside, 'parent'), ['parent', 'undefined'])
  })
})

interface Api {
  state: number
  init: []
  call: { later(): number; now(): number }
}
const Adder: GenServer<Api> = {
  init: () => ok(0),
  handleCall: {
    async later(_request, _from, state) {
      await this.sleep(1000)
      return reply(state, state)
    },
    now: (_request, _from, state) => reply(state + 1, state + 1),
  },
  handleInfo: (_message, state) => noreply(state),
}

t.test('the items of a process tell what it is and does', async (t) => {
  const { node } = keptNode(t)
  const pid = await node.start(Adder, [])
  t.strictSame(node.processInfo(pid, 'status'), ['status', 'waiting'])
  t.strictSame(node.processInfo(pid, 'initial_call'), ['initial_call', ['gen_server', 'init', 1]])
  t.strictSame(node.processInfo(pid, 'current_function'), ['current_function', ['gen_server', 'loop']])
  const [, before] = node.processInfo(pid, 'reductions') as ['reductions', number]
  await node.call(pid, 'now')
  const [, after] = node.processInfo(pid, 'reductions') as ['reductions', number]
  t.equal(after - before, 2, 'a turn, and a message in it')
  const pending = node.call(pid, 'later')
  node.send(pid, 'm')
  t.strictSame(node.processInfo(pid, 'status'), ['status', 'runnable'])
  t.match(node.processInfo(pid, 'messages'), ['messages', [['$gen_call', {}, 'later'], 'm']])
  await quiet()
  t.strictSame(node.processInfo(pid, 'status'), ['status', 'waiting'], 'for a promise')
  t.strictSame(node.processInfo(pid, 'current_function'), ['current_function', ['gen_server', 'handle']])
  t.strictSame(node.processInfo(pid, ['message_queue_len', 'registered_name', 'priority']), [
    ['message_queue_len', 1],
    ['registered_name', []],
    ['priority', 'normal'],
  ])
  node.exit(pid, 'kill')
  t.equal(node.processInfo(pid, 'status'), undefined)
  t.equal(node.processInfo(pid, ['status']), undefined)
  t.equal(node.processInfo(pid), undefined)
  pending.catch(() => {})
})

t.test('without an item there are the sixteen of OTP, and the name of one that has one before them', async (t) => {
  const { node } = keptNode(t)
  const pid = node.spawn(loop((state) => state, undefined))
  const keys = () => node.processInfo(pid)?.map(([key]) => key)
  t.equal(keys()?.length, 16)
  node.register('me', pid)
  t.strictSame(keys()?.slice(0, 2), ['registered_name', 'current_function'])
  const absent: (keyof ProcessInfo)[] = ['memory', 'heap_size', 'total_heap_size', 'stack_size', 'garbage_collection']
  t.strictSame(
    node.processInfo(pid, absent),
    absent.map((item) => [item, 'undefined']),
  )
  t.throws(() => node.processInfo(pid, 'nonsense' as never), { code: 'badarg' })
  t.throws(() => node.processInfo(pid, ['status', 'toString'] as never), { code: 'badarg' })
  t.throws(() => node.processInfo('me' as never, 'status'), { code: 'badarg' })
})

t.test('who runs is running; who has ended and whose resources are being closed is exiting', async (t) => {
  const { node } = keptNode(t)
  let seen: unknown
  const self = loop(function (this: Context, _message: unknown, state: unknown) {
    seen = node.processInfo(this.self, 'status')
    return state
  }, undefined)
  node.send(node.spawn(self), 'look')
  await quiet()
  t.strictSame(seen, ['status', 'running'])
  let close: (() => void) | undefined
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const pid = node.spawn(async function () {
    this.own({ [Symbol.asyncDispose]: () => closed })
    await this.receive()
  })
  await quiet()
  t.strictSame(node.processInfo(pid, 'current_function'), ['current_function', ['fun', 'receive']])
  node.exit(pid, 'kill')
  t.strictSame(node.processInfo(pid, 'status'), ['status', 'exiting'])
  t.equal(node.processInfo(pid, 'links'), undefined)
  close?.()
  await quiet()
  t.equal(node.processInfo(pid, 'status'), undefined)
})

t.test('monitors, monitored_by, label and dictionary', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const me = this.self
    const other = this.spawn(async function worker(this: Context) {
      this.setLabel(['worker', 7])
      await this.receive()
    })
    await quiet()
    this.monitor(other)
    this.monitor(other)
    this.monitor({ name: 'nobody' })
    const info = <K extends keyof ProcessInfo>(pid: Pid, item: K) => node.processInfo(pid, item)?.[1]
    t.strictSame(info(me, 'monitors'), [
      ['process', other],
      ['process', other],
    ])
    t.strictSame(info(other, 'monitored_by'), [me, me])
    t.strictSame(info(other, 'label'), ['worker', 7])
    t.strictSame(info(me, 'label'), 'undefined')
    t.strictSame(info(other, 'dictionary'), [['$process_label', ['worker', 7]]])
    t.strictSame(info(other, 'initial_call'), ['worker', 'apply', 0])
  })
})

t.test('one entry of the dictionary is an item of its own', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const me = this.self
    this.put(['k', 1], 'by shape')
    t.strictSame(node.processInfo(me, { dictionary: ['k', 1] }), [['dictionary', ['k', 1]], 'by shape'])
    t.strictSame(node.processInfo(me, { dictionary: 'none' }), [['dictionary', 'none'], undefined])
    t.strictSame(node.processInfo(me, ['trap_exit', { dictionary: ['k', 1] }]), [
      ['trap_exit', false],
      [['dictionary', ['k', 1]], 'by shape'],
    ])
    t.throws(() => node.processInfo(me, { dict: 1 } as never), { code: 'badarg' })
    t.throws(() => node.processInfo(me, [{ dict: 1 }] as never), { code: 'badarg' })
    const gone = this.spawn(() => {})
    this.monitor(gone)
    await this.receive()
    t.equal(node.processInfo(gone, { dictionary: 'k' }), undefined)
  })
})

t.test('a flag is set with what it was as the answer, and an unknown one refused', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    t.equal(this.processFlag('trap_exit', true), false)
    t.equal(this.trapExit(false), true)
    t.equal(this.processFlag('priority', 'high'), 'normal')
    t.equal(this.processFlag('priority', 'normal'), 'high')
    t.throws(() => this.processFlag('priority', 'urgent' as never), { code: 'badarg' })
    t.throws(() => this.processFlag('trap_exit', 1 as never), { code: 'badarg' })
    t.throws(() => this.processFlag('save_calls' as never, 1 as never), { code: 'badarg' })
    t.throws(() => this.processFlag('toString' as never, 1 as never), { code: 'badarg' })
  })
})
