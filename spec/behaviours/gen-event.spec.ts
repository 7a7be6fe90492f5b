import t, { type Test } from 'tap'
import {
  type Context,
  checkResponse,
  DynamicSupervisor,
  type EventHandler,
  exit,
  failure,
  GenEvent,
  type HandlerRef,
  type LabelledResponse,
  type OtpNode,
  ok,
  Registry,
  type RequestIds,
  receiveResponse,
  reply,
  reqidsAdd,
  reqidsNew,
  sys,
  waitResponse,
} from '../../lib/index.ts'
import { EVENT_HANDLERS } from '../../lib/internal/limits.ts'
import { exitsWith } from '../support/exits.ts'
import { down, gate, nodeWithReports } from '../support/kid.ts'

/** What happened in the handlers, in order. */
type Told = unknown[]

interface DummyApi {
  state: Told
  args: unknown
  event: unknown
  call: { hello(): unknown; do(run: () => unknown): unknown }
  info: unknown
}

/** A handler whose callbacks do what they are told; `args` is its diary, or a function that init is. */
function dummy(moduleName: string): EventHandler<DummyApi> {
  const obey = (name: string, what: unknown, told: Told) => {
    if (typeof what === 'function') return what(told)
    told.push([moduleName, name, what])
    return ok(told)
  }
  return {
    moduleName,
    init(args) {
      if (typeof args === 'function') return args() as never
      const [told, left] = args as [unknown, unknown]
      if (!Array.isArray(told) || left === undefined) return ok(args as Told)
      told.push([moduleName, 'heir of', left])
      return ok(told)
    },
    handleEvent: (event, told) => obey('event', event, told) as never,
    handleInfo: (message, told) => obey('info', message, told) as never,
    handleCall: {
      hello: (_request, told) => reply(['ok', 'hi'], told),
      do: (run) => run() as never,
    },
    terminate(why, told) {
      told.push([moduleName, 'terminate', why])
      return why === 'return_hi' ? 'return_hi' : 'ok'
    },
    codeChange: (vsn, told, extra) => ok([...(told as Told), ['code_change', vsn, extra]]),
    formatStatus: (status) => ({ ...status, state: 'formatted' }),
  }
}

const dummyH = dummy('dummy_h')
const dummy1H = dummy('dummy1_h')
const M = { name: 'm' }

interface Stage {
  readonly node: OtpNode
  readonly reports: ReturnType<typeof nodeWithReports>['reports']
  readonly told: Told
  read(): Told
  handlers(): Promise<readonly unknown[]>
}

async function stage(t: Test): Promise<Stage> {
  const { node, reports } = nodeWithReports(t)
  await GenEvent.start(node, M)
  const told: Told = []
  const handlers = () => GenEvent.whichHandlers(node, 'm')
  return { node, reports, told, handlers, read: () => told.splice(0) }
}

/** Runs `body` as a process that traps exits; resolves with what it returns. */
function asProcess<T>(node: OtpNode, body: (this: Context) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    node.spawn(async function () {
      this.trapExit(true)
      await body.call(this).then(resolve, reject)
    })
  })
}

async function next(self: Context): Promise<unknown> {
  return self.receive()
}

t.test('gen_event_SUITE: start', async (t) => {
  const { node } = nodeWithReports(t)
  const names = new Registry<string>('names', { keys: 'unique' })
  await node.supervise({ children: [names.child()] })
  await asProcess(node, async function () {
    for (const start of [GenEvent.start, GenEvent.startLink]) {
      for (const options of [undefined, M, { name: names.via<GenEvent.EventManagerApi>('x') }]) {
        const started = await start(this, options)
        t.equal(started[0], 'ok')
        const to = options?.name ?? (started[1] as GenEvent.EventManager)
        t.same(await GenEvent.whichHandlers(this, to), [])
        if (options !== undefined) {
          t.match(await GenEvent.start(this, options), ['error', ['already_started', started[1]]])
          t.match(await GenEvent.startLink(this, options), ['error', ['already_started', started[1]]])
        }
        await sys.stop(this, to)
        if (start === GenEvent.startLink) t.same(await next(this), { type: 'EXIT', from: started[1], reason: 'normal' })
        t.notOk(node.isAlive(started[1] as GenEvent.EventManager))
      }
    }
    const [, monitored] = (await GenEvent.startMonitor(this)) as readonly [
      'ok',
      readonly [GenEvent.EventManager, unknown],
    ]
    await sys.stop(this, monitored[0], 'shutdown', 1000)
    t.match(await next(this), { type: 'DOWN', ref: monitored[1], reason: 'shutdown' })
    const linked = (await GenEvent.startLink(this, M))[1] as GenEvent.EventManager
    this.exit(linked, 'shutdown')
    t.same(await next(this), { type: 'EXIT', from: linked, reason: 'shutdown' }, 'the parent tells it to end')
  })
})

t.test('gen_event_SUITE: add_handler', async (t) => {
  const { node, told, handlers } = await stage(t)
  t.same(await GenEvent.addHandler(node, 'm', dummyH, () => failure('my_error')), ['error', 'my_error'])
  t.same(await handlers(), [])
  t.equal(await GenEvent.addHandler(node, 'm', dummyH, told), 'ok')
  t.same(await GenEvent.addHandler(node, 'm', [dummyH, 'id'], () => failure('my_error')), ['error', 'my_error'])
  t.strictSame(await handlers(), [dummyH])
  t.equal(await GenEvent.addHandler(node, 'm', [dummyH, ['any', 'term']], told), 'ok')
  t.strictSame(await handlers(), [[dummyH, ['any', 'term']], dummyH])
  t.throws(() => GenEvent.addHandler(node, 'm', {} as never), { code: 'badarg' })
  t.throws(
    () => GenEvent.addSupHandler(node as never, 'm', dummyH, told),
    { code: 'badarg' },
    'only a process can supervise',
  )
})

t.test('a manager has a bound for its handlers', async (t) => {
  const { node, told, handlers } = await stage(t)
  const adding = Array.from({ length: EVENT_HANDLERS }, () => GenEvent.addHandler(node, 'm', dummyH, told))
  t.ok((await Promise.all(adding)).every((result) => result === 'ok'))
  t.same(await GenEvent.addHandler(node, 'm', dummyH, told), ['error', 'system_limit'])
  t.equal((await handlers()).length, EVENT_HANDLERS)
})

t.test('gen_event_SUITE: add_sup_handler', async (t) => {
  const { node, told, handlers } = await stage(t)
  await asProcess(node, async function () {
    t.same(await GenEvent.addSupHandler(this, 'm', dummyH, () => failure('my_error')), ['error', 'my_error'])
    t.equal(await GenEvent.addSupHandler(this, 'm', dummyH, told), 'ok')
    this.exit(node.whereis('m')!, 'sup_died')
    t.same(await handlers(), [], 'an exit of the one who added it')
    t.same(await next(this), { type: 'gen_event_EXIT', handler: dummyH, reason: 'shutdown' })
    t.equal(await GenEvent.addSupHandler(this, 'm', dummyH, told), 'ok')
    const ref: HandlerRef<DummyApi> = [dummyH, this.self]
    t.equal(await GenEvent.addSupHandler(this, 'm', ref, told), 'ok')
    t.strictSame(await handlers(), [ref, dummyH])
    await sys.stop(this, 'm')
    t.strictSame(await next(this), { type: 'gen_event_EXIT', handler: ref, reason: 'shutdown' })
    t.strictSame(await next(this), { type: 'gen_event_EXIT', handler: dummyH, reason: 'shutdown' })
  })
  t.same(told.at(-1), ['dummy_h', 'terminate', 'stop'])
})

t.test('gen_event_SUITE: delete_handler', async (t) => {
  const { node, told, handlers } = await stage(t)
  for (const [ref, other] of [
    [dummyH, dummy1H],
    [
      [dummyH, 1],
      [dummyH, 2],
    ],
  ] as [HandlerRef<DummyApi>, HandlerRef<DummyApi>][]) {
    await GenEvent.addHandler(node, 'm', ref, told)
    t.same(await GenEvent.deleteHandler(node, 'm', other), ['error', 'module_not_found'])
    t.equal(await GenEvent.deleteHandler(node, 'm', ref, 'return_hi'), 'return_hi')
    t.same(await handlers(), [])
    await GenEvent.addHandler(node, 'm', ref, told)
    t.equal(await GenEvent.deleteHandler(node, 'm', ref, 'bye'), 'ok')
  }
  const silent: EventHandler<{ state: number }> = { init: () => ok(1), handleEvent: (_event, state) => ok(state) }
  await GenEvent.addHandler(node, 'm', silent)
  t.equal(await GenEvent.deleteHandler(node, 'm', silent, 'x'), 'ok', 'one without terminate')
})

t.test('gen_event_SUITE: swap_handler, swap_sup_handler', async (t) => {
  const { node, told, handlers, read } = await stage(t)
  await GenEvent.addHandler(node, 'm', dummyH, told)
  t.equal(await GenEvent.swapHandler(node, 'm', [dummyH, 'swap'], [[dummy1H, 4], told]), 'ok')
  t.strictSame(await handlers(), [[dummy1H, 4]])
  t.same(read(), [
    ['dummy_h', 'terminate', 'swap'],
    ['dummy1_h', 'heir of', 'ok'],
  ])
  t.equal(await GenEvent.swapHandler(node, 'm', [dummyH, 'swap'], [dummy1H, told]), 'ok', 'of one that is not there')
  t.same(read(), [['dummy1_h', 'heir of', 'error']])
  await GenEvent.deleteHandler(node, 'm', dummy1H)
  await GenEvent.deleteHandler(node, 'm', [dummy1H, 4])
  await asProcess(node, async function () {
    await GenEvent.addSupHandler(this, 'm', dummyH, told)
    t.equal(await GenEvent.swapHandler(node, 'm', [dummyH, 'swap'], [dummy1H, told]), 'ok')
    t.match(await next(this), { type: 'gen_event_EXIT', handler: dummyH, reason: ['swapped', dummy1H, this.self] })
    await GenEvent.deleteHandler(node, 'm', dummy1H)
    t.match(await next(this), { type: 'gen_event_EXIT', handler: dummy1H, reason: 'normal' }, 'the heir is supervised')
    await GenEvent.addHandler(this, 'm', dummyH, told)
    t.equal(await GenEvent.swapSupHandler(this, 'm', [dummyH, 'swap'], [[dummy1H, 4], told]), 'ok')
    await GenEvent.deleteHandler(node, 'm', [dummy1H, 4])
    t.match(await next(this), { handler: [dummy1H, 4], reason: 'normal' })
  })
})

const tell = {
  notify: (node: OtpNode, event: unknown) => GenEvent.notify(node, 'm', event),
  sync_notify: (node: OtpNode, event: unknown) => GenEvent.syncNotify(node, 'm', event),
  info: (node: OtpNode, event: unknown) => node.send('m', event),
}

for (const [name, send] of Object.entries(tell)) {
  t.test(`gen_event_SUITE: ${name}`, async (t) => {
    const { node, told, handlers, read } = await stage(t)
    const callback = name === 'info' ? 'info' : 'event'
    for (const [first, second] of [
      [dummyH, dummy1H],
      [
        [dummyH, 5],
        [dummy1H, 9],
      ],
    ] as [HandlerRef<DummyApi>, HandlerRef<DummyApi>][]) {
      await GenEvent.addHandler(node, 'm', first, told)
      await send(node, 'hello')
      t.strictSame(await handlers(), [first])
      await send(node, () => GenEvent.swap('swap', told, second, told))
      t.strictSame(await handlers(), [second])
      await send(node, 'again')
      await send(node, () => GenEvent.remove())
      t.same(await handlers(), [])
      t.same(read(), [
        ['dummy_h', callback, 'hello'],
        ['dummy_h', 'terminate', 'swap'],
        ['dummy1_h', 'heir of', 'ok'],
        ['dummy1_h', callback, 'again'],
        ['dummy1_h', 'terminate', 'remove_handler'],
      ])
      await GenEvent.addHandler(node, 'm', first, told)
      await send(node, () => ['return', 'faulty'])
      t.same(await handlers(), [])
      t.same(read(), [['dummy_h', 'terminate', ['error', ['return', 'faulty']]]])
    }
    await asProcess(node, async function () {
      await GenEvent.addSupHandler(this, 'm', dummyH, told)
      await send(node, () => exit('do_crash'))
      t.match(await next(this), { type: 'gen_event_EXIT', handler: dummyH, reason: ['EXIT', 'do_crash'] })
      await GenEvent.addSupHandler(this, 'm', dummyH, told)
      await send(node, () => GenEvent.swap('swap', told, dummy1H, told))
      t.match(await next(this), { reason: ['swapped', dummy1H, this.self] })
      await send(node, () => GenEvent.remove())
      t.match(await next(this), { type: 'gen_event_EXIT', handler: dummy1H, reason: 'normal' })
    })
    t.same(await handlers(), [])
  })
}

t.test('gen_event_SUITE: call', async (t) => {
  const { node, told, handlers } = await stage(t)
  const call = (ref: HandlerRef<DummyApi>, run: () => unknown) => GenEvent.call(node, 'm', ref, 'do', run)
  await exitsWith(t, GenEvent.call(node, 'none', dummyH, 'hello'), [
    'noproc',
    ['gen_event', 'call', ['none', dummyH, 'hello']],
  ])
  for (const ref of [dummyH, [dummyH, 1]] as HandlerRef<DummyApi>[]) {
    await GenEvent.addHandler(node, 'm', ref, told)
    t.same(await GenEvent.call(node, 'm', dummy1H, 'hello'), ['error', 'bad_module'])
    t.same(await GenEvent.call(node, 'm', ref, 'hello'), ['ok', 'hi'])
    t.same(await GenEvent.call(node, 'm', ref, 'hello', undefined, { timeout: 10_000 }), ['ok', 'hi'])
    const late = GenEvent.call(node, 'm', ref, 'hello', undefined, { timeout: 0 })
    await exitsWith(t, late, ['timeout', ['gen_event', 'call', ['m', ref, 'hello', 0]]])
    t.same(await call(ref, () => GenEvent.swapReply('swapped', 'swap', told, dummy1H, told)), 'swapped')
    t.same(await GenEvent.call(node, 'm', ref, 'hello'), ['error', 'bad_module'])
    t.same(await GenEvent.call(node, 'm', dummy1H, 'do', () => GenEvent.removeReply('gone')), 'gone')
    t.same(await handlers(), [])
    await GenEvent.addHandler(node, 'm', ref, told)
    t.same(await call(ref, () => ['return', 'faulty']), ['error', ['return', 'faulty']])
    await GenEvent.addHandler(node, 'm', ref, told)
    t.same(await call(ref, () => exit('crash')), ['error', ['EXIT', 'crash']])
    t.same(await handlers(), [])
    await GenEvent.addHandler(node, 'm', ref, told)
    t.match(await GenEvent.call(node, 'm', ref, 'nothing' as 'hello'), ['error', ['EXIT', { code: 'function_clause' }]])
  }
  await asProcess(node, async function () {
    await GenEvent.addSupHandler(this, 'm', dummyH, told)
    await call(dummyH, () => ['return', 'faulty'])
    t.match(await next(this), { type: 'gen_event_EXIT', handler: dummyH, reason: ['return', 'faulty'] })
  })
})

t.test('gen_event_SUITE: send_request_receive_reqid_collection, _wait_, _check_', async (t) => {
  const { node, told } = await stage(t)
  await GenEvent.addHandler(node, 'm', [dummyH, 1], told)
  await asProcess(node, async function () {
    const ask = (ref: HandlerRef<DummyApi>, run?: () => unknown, manager = 'm') =>
      run ? GenEvent.sendRequest(this, manager, ref, 'do', run) : GenEvent.sendRequest(this, manager, ref, 'hello')
    t.same(await receiveResponse(this, ask([dummyH, 1])), ['reply', ['ok', 'hi']])
    t.same(await receiveResponse(this, ask(dummyH)), ['reply', ['error', 'bad_module']])
    t.same(await waitResponse(this, ask([dummyH, 1], undefined, 'none'), 1000), ['error', ['noproc', 'none']])
    let ids = reqidsAdd(ask([dummyH, 1]), 'first', reqidsNew()) as RequestIds
    ids = reqidsAdd(
      ask([dummyH, 1], () => new Promise(() => {})),
      'second',
      ids,
    )
    ids = reqidsAdd(ask([dummyH, 1]), 'third', ids)
    const [response, label, left] = (await receiveResponse(this, ids, 1000, true)) as LabelledResponse<unknown, unknown>
    t.same([response, label, left.size], [['reply', ['ok', 'hi']], 'first', 2])
    t.equal(await waitResponse(this, left, 1, true), 'timeout', 'a handler that never answers holds the manager')
    node.exit(node.whereis('m')!, 'kill')
    const failed = [await next(this), await next(this)].map((message) => checkResponse(message, left, true))
    t.match(
      failed.map((one) => one.slice(0, 2)).sort(([, a], [, b]) => (String(a) < String(b) ? -1 : 1)),
      [
        [['error', ['killed', 'm']], 'second'],
        [['error', ['killed', 'm']], 'third'],
      ],
    )
    t.equal(checkResponse('another', left, true), 'no_reply')
  })
})

t.test('gen_event_SUITE: get_state, replace_state', async (t) => {
  const { node } = await stage(t)
  await GenEvent.addHandler(node, 'm', dummy1H, ['a'])
  await GenEvent.addHandler(node, 'm', [dummy1H, 'id'], ['b'])
  const states = [
    [dummy1H, 'id', ['b']],
    [dummy1H, false, ['a']],
  ]
  t.strictSame(await sys.getState(node, 'm'), states)
  await sys.suspend(node, 'm')
  t.strictSame(await sys.getState(node, 'm', 5000), states)
  type Entry = readonly [unknown, unknown, unknown]
  const change = (entry: unknown) => {
    const [module, id] = entry as Entry
    return id === false ? [module, id, 'replaced'] : exit('fail')
  }
  const replaced = [states[0], [dummy1H, false, 'replaced']]
  t.strictSame(await sys.replaceState<unknown>(node, 'm', change), replaced, 'one that fails stays as it is')
  t.strictSame(await sys.replaceState<unknown>(node, 'm', () => ['another', 'id', 1]), replaced)
  await sys.resume(node, 'm')
  t.strictSame(await sys.getState(node, 'm'), replaced)
})

t.test('gen_event_SUITE: call_format_status, call_format_status_anon, error_format_status', async (t) => {
  const { node, told, reports } = await stage(t)
  await GenEvent.addHandler(node, 'm', dummyH, told)
  const status = await sys.getStatus(node, 'm')
  t.match(status, ['status', node.whereis('m'), ['module', 'gen_event'], []])
  t.match(status[3][4], [
    ['header', 'Status for event handler m'],
    ['data', []],
  ])
  t.strictSame(status[3][4][2], ['items', ['Installed handlers', [['handler', dummyH, false, 'formatted', false]]]])
  const [, pid] = await GenEvent.start(node)
  t.match((await sys.getStatus(node, pid as GenEvent.EventManager))[3][4][0], [
    'header',
    `Status for event handler ${pid}`,
  ])
  await GenEvent.syncNotify(node, 'm', () => exit('do_crash'))
  const { label, details } = reports.find(({ label }) => label[0] === 'gen_event')!
  t.same(label, ['gen_event', 'terminate'])
  t.match(details, { handler: 'dummy_h', name: 'm', state: 'formatted', reason: ['EXIT', 'do_crash'] })
  const broken: EventHandler<{ state: number }> = {
    ...{ init: () => ok(1), handleEvent: () => exit('x') },
    formatStatus: () => exit('y'),
  }
  await GenEvent.addHandler(node, 'm', [broken, 7])
  await GenEvent.syncNotify(node, 'm', 1)
  t.match(reports.at(-1)?.details, { handler: [broken, 7], state: /crashed/, last_message: 1 })
})

t.test(
  'gen_event_SUITE: undef_handle_info, undef_handle_call; undef_init, undef_handle_event, undef_terminate are above',
  async (t) => {
    const { node, handlers, reports } = await stage(t)
    const few: EventHandler<{ state: number }> = {
      moduleName: 'few',
      init: () => ok(1),
      handleEvent: (_event, state) => ok(state),
    }
    await GenEvent.addHandler(node, 'm', few)
    node.send('m', 'unexpected')
    t.strictSame(await handlers(), [few], 'a message that it has no handleInfo for is reported, and it stays')
    t.match(reports, [{ level: 'warning', label: ['gen_event', 'no_handle_info'], details: { module: 'few' } }])
    t.match(await GenEvent.call(node, 'm', few as unknown as typeof dummyH, 'hello'), [
      'error',
      ['EXIT', { code: 'function_clause' }],
    ])
    t.same(await handlers(), [])
  },
)

t.test('code change: of all handlers of the module, or of none; one without codeChange keeps its state', async (t) => {
  const { node, handlers } = await stage(t)
  let refused: unknown
  const picky: EventHandler<DummyApi> = {
    ...dummy('picky'),
    codeChange: (vsn, told, extra) => (told === refused ? failure('not_this_one') : ok([told, vsn, extra])),
  }
  const plain: EventHandler<{ state: string; args: string }> = {
    init: (args) => ok(args),
    handleEvent: (_event, state) => ok(state),
  }
  await GenEvent.addHandler(node, 'm', picky, 'one')
  await GenEvent.addHandler(node, 'm', plain, 'two')
  await GenEvent.addHandler(node, 'm', [picky, 3], 'three')
  const states = async () => (await sys.getState<[unknown, unknown, unknown][]>(node, 'm')).map(([, , state]) => state)
  await sys.suspend(node, 'm')
  t.equal(await sys.changeCode(node, 'm', picky, 'v1', 'extra'), 'ok')
  t.equal(await sys.changeCode(node, 'm', plain, 'v1', 'extra'), 'ok')
  t.equal(await sys.changeCode(node, 'm', dummyH, 'v1', 'extra'), 'ok', 'of a module that no handler has')
  const changed = [['three', 'v1', 'extra'], 'two', ['one', 'v1', 'extra']]
  t.same(await states(), changed)
  refused = (await sys.getState<[unknown, unknown, unknown][]>(node, 'm'))[2]?.[2]
  t.same(await sys.changeCode(node, 'm', picky, 'v2', 0), ['error', 'not_this_one'])
  t.same(await states(), changed)
  await sys.resume(node, 'm')
  t.strictSame(await handlers(), [[picky, 3], plain, picky])
})

t.test('handlers may be async: the next one waits, so does every message, and a kill counts at once', async (t) => {
  const { node } = nodeWithReports(t)
  const manager = (await GenEvent.start<string>(node))[1] as GenEvent.EventManager<string>
  const { opened, open } = gate()
  const heard: string[] = []
  const recorder = (name: string, wait?: Promise<unknown>): EventHandler<{ state: string; event: string }> => ({
    init: async () => ok(name),
    async handleEvent(event, state) {
      await wait
      heard.push(`${state} ${event}`)
      return ok(state)
    },
    terminate: async (why) => `left ${String(why)}`,
  })
  const slow = recorder('slow', opened)
  await GenEvent.addHandler(node, manager, recorder('last'))
  await GenEvent.addHandler(node, manager, slow)
  await GenEvent.addHandler(node, manager, recorder('first'))
  GenEvent.notify(node, manager, 'one')
  const both = GenEvent.syncNotify(node, manager, 'two')
  while (heard.length === 0) await node.sleep(0)
  t.same(heard, ['first one'])
  open()
  await both
  t.same(heard, ['first one', 'slow one', 'last one', 'first two', 'slow two', 'last two'])
  t.equal(await GenEvent.deleteHandler(node, manager, slow, 'now'), 'left now')
  const never = recorder('never', new Promise(() => {}))
  await GenEvent.addHandler(node, manager, never)
  const waiting = exitsWith(t, GenEvent.syncNotify(node, manager, 'three'), 'killed')
  const ended = down(manager)
  node.exit(manager, 'kill')
  t.equal(await ended, 'killed')
  await waiting
})

t.test(
  'an async handler that rejects is removed as one that throws; a handler may end the whole process',
  async (t) => {
    const { node, handlers, told, read } = await stage(t)
    await GenEvent.addHandler(node, 'm', dummyH, told)
    await GenEvent.addHandler(node, 'm', dummy1H, told)
    await GenEvent.syncNotify(node, 'm', async (own: Told) => {
      own.push('asked')
      throw new RangeError('no')
    })
    t.match(read(), ['asked', ['dummy1_h', 'terminate', ['error', ['EXIT', { message: 'no' }]]], 'asked', []])
    t.same(await handlers(), [])
    const suicidal: EventHandler<{ state: number }> = {
      init: () => ok(1),
      handleEvent(_event, state) {
        this.exit(this.self, 'kill')
        return ok(state)
      },
    }
    await GenEvent.addHandler(node, 'm', dummyH, told)
    await GenEvent.addHandler(node, 'm', suicidal)
    await exitsWith(t, GenEvent.syncNotify(node, 'm', 'x'), 'killed')
    t.same(read(), [], 'no handler runs in a process that has ended')
  },
)

t.test('sys: suspended, it keeps its messages in order; log and statistics tell what came in', async (t) => {
  const { node, told, read } = await stage(t)
  await GenEvent.addHandler(node, 'm', dummyH, told)
  await sys.log(node, 'm', true)
  await sys.suspend(node, 'm')
  GenEvent.notify(node, 'm', 1)
  node.send('m', 2)
  t.same(read(), [])
  await sys.resume(node, 'm')
  await GenEvent.syncNotify(node, 'm', 3)
  t.same(read(), [
    ['dummy_h', 'event', 1],
    ['dummy_h', 'info', 2],
    ['dummy_h', 'event', 3],
  ])
  const [, events] = await sys.log(node, 'm', 'get')
  t.match(events, [
    ['in', ['notify', 1]],
    ['in', 2],
    ['in', [undefined, {}, ['syncNotify', 3]]],
  ])
})

t.test('a manager under a supervisor starts again without handlers, and with its reason reported', async (t) => {
  const { node, reports } = nodeWithReports(t)
  await node.supervise({ children: [GenEvent.child(M), DynamicSupervisor.child({}, { name: 'd' })] })
  const before = node.whereis('m')!
  await GenEvent.addHandler(node, before as GenEvent.EventManager, dummyH, [])
  await sys.stop(node, before, 'odd')
  while (node.whereis('m') === undefined) await node.sleep(1)
  t.same(await GenEvent.whichHandlers(node, 'm'), [])
  t.ok(reports.some(({ label, details }) => label[1] === 'child_terminated' && details.reason === 'odd'))
  t.equal(GenEvent.notify(node, before as GenEvent.EventManager, 'dropped'), 'ok')
  t.throws(() => GenEvent.notify(node, 'nobody', 'x'), { code: 'badarg' })
  await exitsWith(t, GenEvent.syncNotify(node, 'nobody', 'x'), 'noproc')
  await exitsWith(t, GenEvent.addHandler(node, 'nobody', dummyH, []), 'noproc')
})

t.test('a handler that asks for what only a server has, a time-out or a continuation, has failed', async (t) => {
  const { node, told, read } = await stage(t)
  const wrong: readonly (readonly [given: unknown, term: unknown])[] = [
    [ok(told, { timeout: 5 }), ['ok', told, 5]],
    [ok(told, { continue: 'next' }), ['ok', told, ['continue', 'next']]],
  ]
  for (const [given, term] of wrong) {
    t.same(await GenEvent.addHandler(node, 'm', dummyH, () => given), term)
    await GenEvent.addHandler(node, 'm', dummyH, told)
    await GenEvent.syncNotify(node, 'm', () => given)
    t.same(read(), [['dummy_h', 'terminate', ['error', term]]])
  }
  await GenEvent.addHandler(node, 'm', dummyH, told)
  const answered = reply('r', told, { timeout: 5 })
  t.same(await GenEvent.call(node, 'm', dummyH, 'do', () => answered), ['error', ['ok', 'r', told, 5]])
  t.same(await GenEvent.whichHandlers(node, 'm'), [])
  t.equal(await GenEvent.addHandler(node, 'm', dummyH, () => ok(told, { hibernate: true })), 'ok')
  read()
  t.equal(await GenEvent.call(node, 'm', dummyH, 'do', () => reply('r', told, { hibernate: true })), 'r')
  const heir: EventHandler<DummyApi> = { ...dummy1H, init: () => ok(told, { hibernate: true }) }
  await GenEvent.syncNotify(node, 'm', () => GenEvent.swap('swapped', told, heir, told))
  t.same(await GenEvent.whichHandlers(node, 'm'), [heir])
})

t.test('the id false is none', async (t) => {
  const { node, told, handlers } = await stage(t)
  t.equal(await GenEvent.addHandler(node, 'm', [dummyH, false], told), 'ok')
  t.same(await handlers(), [dummyH])
  t.same(await GenEvent.call(node, 'm', dummyH, 'hello'), ['ok', 'hi'])
  t.equal(await GenEvent.deleteHandler(node, 'm', [dummyH, false]), 'ok')
  t.same(await handlers(), [])
})
