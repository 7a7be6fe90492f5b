import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  ConsumerSupervisor,
  type ConsumerSupervisorApi,
  type ConsumerSupervisorModule,
  type ConsumerSupervisorSpec,
  DynamicSupervisor,
  type EventChildSpec,
  exit,
  failure,
  type GenServer,
  GenStage,
  ignore,
  ok,
  type Pid,
  type Reason,
  type Ref,
  stop,
  sys,
  upgrade,
} from '../../lib/index.ts'
import { createTestNode, type TestNode } from '../../lib/testing/index.ts'
import { complaints, gate } from '../support/kid.ts'
import { demands, Numbers, read, upTo } from '../support/stages.ts'
import { inTestProcess } from '../support/test-process.ts'

/** The cases of gen_stage's consumer_supervisor_test, which the subtests name, and what it does not hold. */

type How = 'ok' | 'ignore' | 'fail' | 'throw' | 'fails_later'

/** What the children of a test have done. */
class Jobs {
  readonly started: number[] = []
  readonly pids = new Map<number, Pid>()
  readonly later = gate()
  how: (event: number, n: number) => How = () => 'ok'
  ends: (reason: Reason) => unknown = () => {}
}

interface JobApi {
  state: Jobs
  init: [jobs: Jobs, event: number]
  cast: { end(reason: Reason): void }
}

const Job: GenServer<JobApi> = {
  async init(jobs, event) {
    this.trapExit(true)
    jobs.started.push(event)
    const how = jobs.how(event, jobs.started.filter((other) => other === event).length)
    if (how === 'ignore') return ignore()
    if (how === 'fails_later') await jobs.later.opened
    if (how === 'fail' || how === 'fails_later') return failure('not_today')
    if (how === 'throw') throw new RangeError('not today')
    jobs.pids.set(event, this.self)
    return ok(jobs)
  },
  handleCall: {},
  handleCast: { end: (reason, jobs) => stop(reason, jobs) },
  terminate: (reason, jobs) => jobs.ends(reason),
}

interface Scene {
  readonly node: TestNode
  readonly jobs: Jobs
  readonly above: unknown[]
  readonly numbers: Pid<{ out: number; call: { push(count: number): number } }>
  readonly top: Pid<ConsumerSupervisorApi<number>>
  readonly tag: Ref
  /** The events whose children run. */
  running(): number[]
  end(event: number, reason?: Reason): Promise<void>
}

type Options = Partial<GenStage.SubscribeOptions<number>>

/** A producer of `limit` numbers and a consumer supervisor, `top`, of jobs that is subscribed to it. */
async function scene(
  t: Test,
  limit: number,
  options: Options = {},
  template: ConsumerSupervisor.TemplateOptions<JobApi> = {},
  spec: Partial<ConsumerSupervisorSpec<number>> = {},
): Promise<Scene> {
  const node = createTestNode()
  t.teardown(() => node.kill())
  const [jobs, above] = [new Jobs(), [] as unknown[]]
  const numbers = await node.start(Numbers, [above, limit])
  const children = [ConsumerSupervisor.template(Job, [jobs], template)] as const
  await node.supervise({ intensity: 0, children: [ConsumerSupervisor.child({ ...spec, children }, { name: 'top' })] })
  const top = node.whereis('top') as Pid<ConsumerSupervisorApi<number>>
  const [, tag] = await GenStage.syncSubscribe(node, top, { to: numbers, ...options })
  await node.quiet()
  return {
    node,
    jobs,
    above,
    numbers,
    top,
    tag: tag as Ref,
    running: () => [...jobs.pids].filter(([, pid]) => node.isAlive(pid)).map(([event]) => event),
    async end(event, reason = 'normal') {
      node.cast(jobs.pids.get(event) as Pid<JobApi>, 'end', reason)
      await node.quiet()
    },
  }
}

t.test('a child for each event', async (t) => {
  t.test('start child: in order, at most maxDemand; the next for each minDemand that have ended', async (t) => {
    for (const [options, asked] of [
      [{ maxDemand: 4, minDemand: 2 }, [4, 2, 2]],
      [{ maxDemand: 4, minDemand: 0 }, [4, 1, 1, 1, 1]],
      [{ maxDemand: 4, minDemand: 1 }, [4, 1, 1, 1, 1]],
      [{ maxDemand: 4, minDemand: 3 }, [4, 3]],
      [{ maxDemand: 4 }, [4, 2, 2]],
    ] as const) {
      const { jobs, above, running, end } = await scene(t, 100, options)
      t.same([jobs.started, running()], [upTo(4), upTo(4)])
      for (const event of [1, 3, 0, 2]) await end(event)
      t.same(demands(above), asked)
      t.same(jobs.started, upTo(jobs.started.length), 'in order')
    }
  })

  t.test('start child with stream', async (t) => {
    const { node, jobs, top } = await scene(t, 0)
    const stream = await node.start(GenStage.fromIterable(upTo(3)), [])
    await GenStage.syncSubscribe(node, top, { to: stream, cancel: 'temporary' })
    await node.quiet()
    t.same(jobs.started, upTo(3))
  })

  t.test('start child: one that declines or fails gives its demand back, and only a failure is reported', async (t) => {
    for (const how of ['ignore', 'fail', 'throw'] as const) {
      const { node, jobs, above, top, numbers, running } = await scene(t, 0, { maxDemand: 2, minDemand: 0 })
      jobs.how = (event) => (event === 0 ? how : 'ok')
      await node.call(numbers, 'push', 2)
      await node.quiet()
      t.same([jobs.started, running(), demands(above)], [upTo(2), [1], [2, 1]], how)
      t.match(await ConsumerSupervisor.countChildren(node, top), { specs: 1, active: 1, workers: 1, supervisors: 0 })
      const reason = how === 'fail' ? 'not_today' : RangeError
      t.match(complaints(node.reports), how === 'ignore' ? [] : [['start_error', 'template', reason]])
    }
  })

  t.test('start child limited by max_demand', async (t) => {
    const { node, jobs, top, numbers, running, end } = await scene(t, 0, { maxDemand: 1, minDemand: 0 })
    jobs.how = (event) => (event === 1 ? 'fail' : event === 2 ? 'ignore' : 'ok')
    await node.call(numbers, 'push', 6)
    await node.quiet()
    t.same(jobs.started, [0])
    await end(0, 'shutdown')
    t.same([jobs.started, running()], [upTo(4), [3]], 'one that fails and one that declines take nobody’s place')
    t.equal(await ConsumerSupervisor.terminateChild(node, top, jobs.pids.get(3)!), 'ok')
    await node.quiet()
    t.same([jobs.started, running()], [upTo(5), [4]])
    t.same(await ConsumerSupervisor.terminateChild(node, top, jobs.pids.get(3)!), ['error', 'not_found'])
    await node.quiet()
    t.same(running(), [4], 'what was not there gives no demand back')
  })

  t.test('restarting children counted in max_demand', async (t) => {
    const often = { intensity: 100_000 }
    const options = { maxDemand: 1, minDemand: 0 }
    const { node, jobs, top, numbers, running, end } = await scene(t, 0, options, { restart: 'transient' }, often)
    jobs.how = (event, n) => (event === 0 && n > 1 ? 'fails_later' : 'ok')
    await node.call(numbers, 'push', 3)
    await node.quiet()
    const first = jobs.pids.get(0)!
    await end(0, 'oops')
    const listed = ConsumerSupervisor.whichChildren(node, top)
    const counted = ConsumerSupervisor.countChildren(node, top)
    const terminated = ConsumerSupervisor.terminateChild(node, top, first)
    jobs.later.open()
    t.match(await listed, [['undefined', 'restarting', 'worker', [{}]]])
    t.same(await counted, { specs: 1, active: 0, workers: 1, supervisors: 0 })
    t.same(jobs.started, [0, 0], 'its demand is not free')
    t.equal(await terminated, 'ok')
    await node.quiet()
    t.same([jobs.started, running()], [[0, 0, 1], [1]])
    await end(1)
    t.same(running(), [2])
  })

  t.test('one that is started again keeps its event and its demand', async (t) => {
    const options = { maxDemand: 1, minDemand: 0 }
    const { node, jobs, numbers, running, end } = await scene(t, 0, options, { restart: 'transient' })
    jobs.how = (event, n) => (event === 0 && n === 3 ? 'ignore' : 'ok')
    await node.call(numbers, 'push', 2)
    await node.quiet()
    await end(0, 'oops')
    t.same([jobs.started, running()], [[0, 0], [0]])
    await end(0, 'oops')
    t.same([jobs.started, running()], [[0, 0, 0, 1], [1]])
    await end(1, ['shutdown', 'done'])
    t.same([jobs.started.length, running()], [4, []], 'an orderly end is no failure')
  })

  t.test('each subscription has a demand of its own', async (t) => {
    const { node, jobs, top, above, end } = await scene(t, 10, { maxDemand: 2, minDemand: 0 })
    const more: unknown[] = []
    const other = await node.start(Numbers, [more, 1000])
    await GenStage.syncSubscribe(node, top, { to: other, maxDemand: 3, minDemand: 0 })
    await node.quiet()
    t.same(jobs.started, [0, 1, 0, 1, 2])
    await end(2)
    t.same([demands(above), demands(more)], [[2], [3, 1]])
  })

  t.test('events in excess are started and reported, and nothing is asked for until there is room', async (t) => {
    const node = createTestNode()
    t.teardown(() => node.kill())
    const jobs = new Jobs()
    const asked: unknown[] = []
    const rude = node.spawn(async function () {
      for (;;) {
        const message = await this.receive<readonly [string, readonly [Pid, Ref], readonly [string, number]]>()
        if (message[0] !== '$gen_producer') continue
        const [, [pid, tag], what] = message
        if (what[0] === 'ask') asked.push(what[1])
        if (asked.length === 1) this.send(pid, ['$gen_consumer', [this.self, tag], ['events', upTo(5)]])
      }
    })
    const children = [ConsumerSupervisor.template(Job, [jobs])] as const
    const to = rude as Pid<{ out: number }>
    const supervisor = ConsumerSupervisor.child({ children, subscribeTo: [{ to, maxDemand: 2, minDemand: 0 }] })
    await node.supervise({ children: [{ ...supervisor, id: 'top' }] })
    await node.quiet()
    t.same(jobs.started, upTo(5))
    t.match(node.reportsOf('gen_stage', 'events_in_excess'), [{ details: { from: rude, excess: 3 } }])
    for (const event of upTo(3)) {
      node.cast(jobs.pids.get(event) as Pid<JobApi>, 'end', 'normal')
      await node.quiet()
    }
    t.same(asked, [2], 'two run, as many as are allowed')
    node.cast(jobs.pids.get(3) as Pid<JobApi>, 'end', 'normal')
    await node.quiet()
    t.same(asked, [2, 1])
  })

  t.test('property: never more children than the demand, in order, and every event in the end', async (t) => {
    const move = fc.record({
      pick: fc.nat(),
      what: fc.constantFrom('normal', 'oops', 'kill', 'terminate'),
      settles: fc.boolean(),
    })
    const story = fc.record({
      max: fc.integer({ min: 1, max: 6 }),
      min: fc.nat(),
      limit: fc.nat(30),
      outcomes: fc.array(fc.constantFrom<How>('ok', 'ok', 'ok', 'ignore', 'fail'), { minLength: 1, maxLength: 7 }),
      restart: fc.constantFrom<'temporary' | 'transient'>('temporary', 'transient'),
      moves: fc.array(move, { maxLength: 40 }),
    })
    const holds = fc.asyncProperty(story, async ({ max, min, limit, outcomes, restart, moves }) => {
      const options = { maxDemand: max, minDemand: min % max }
      const { node, jobs, numbers, top, running } = await scene(t, 0, options, { restart }, { intensity: 1000 })
      let most = 0
      jobs.how = (event) => {
        const how = outcomes[event % outcomes.length]!
        if (how === 'ok') most = Math.max(most, running().length + 1)
        return how
      }
      await node.call(numbers, 'push', limit)
      await node.quiet()
      for (const { pick, what, settles } of moves) {
        const alive = running()
        if (alive.length === 0) break
        const pid = jobs.pids.get(alive[pick % alive.length]!) as Pid<JobApi>
        if (what === 'kill') node.exit(pid, 'kill')
        else if (what === 'terminate') void ConsumerSupervisor.terminateChild(node, top, pid)
        else node.cast(pid, 'end', what)
        if (settles) await node.quiet()
      }
      await node.quiet()
      while (running().length > 0) {
        for (const event of running()) node.cast(jobs.pids.get(event) as Pid<JobApi>, 'end', 'normal')
        await node.quiet()
      }
      const first = jobs.started.filter((event, at) => jobs.started.indexOf(event) === at)
      const held = most <= max && node.isAlive(top) && first.join() === upTo(limit).join()
      node.kill()
      return held
    })
    await fc.assert(holds, { numRuns: 100 })
    t.pass()
  })
})

t.test('subscriptions', async (t) => {
  t.test('sync_subscribe: returns ok with a reference, and errors on bad options', async (t) => {
    const { node, top } = await scene(t, 0)
    for (const wrong of [{ maxDemand: 0 }, { minDemand: 2000 }]) {
      t.match(await GenStage.syncSubscribe(node, top, { to: 'whatever', ...wrong }), ['error', ['bad_opts', String]])
    }
    t.match(await GenStage.syncSubscribe(node, top, { to: 'unknown', cancel: 'temporary' }), ['ok', {}])
    t.ok(node.isAlive(top))
  })

  t.test('sync_subscribe: supervisor exits when there is no producer and subscription is permanent', async (t) => {
    const { node, top } = await scene(t, 0)
    const ended = node.endOf(top)
    t.match(await GenStage.syncSubscribe(node, top, { to: 'unknown' }), ['ok', {}])
    t.equal(await ended, 'noproc')
  })

  t.test('async_subscribe, and a subscription in the specification', async (t) => {
    const { node, jobs, top } = await scene(t, 0)
    const other = await node.start(Numbers, [[], 2], { name: 'other' })
    GenStage.asyncSubscribe(node, top, { to: other })
    await node.quiet()
    t.same(jobs.started, upTo(2))
    const third = new Jobs()
    await node.start(Numbers, [[], 3], { name: 'third' })
    const children = [ConsumerSupervisor.template(Job, [third])] as const
    await node.supervise({
      children: [ConsumerSupervisor.child({ children, subscribeTo: ['third'] }, { id: 'c' })],
    })
    await node.quiet()
    t.same(third.started, upTo(3))
  })

  t.test('children remain after producer down', async (t) => {
    const { node, jobs, numbers, top, running, end } = await scene(t, 2, { maxDemand: 2, cancel: 'temporary' })
    await node.stop(numbers, 'shutdown')
    await node.quiet()
    t.same(running(), upTo(2))
    await end(0)
    t.equal(await ConsumerSupervisor.terminateChild(node, top, jobs.pids.get(1)!), 'ok')
    t.same(await ConsumerSupervisor.whichChildren(node, top), [])
    const other = await node.start(Numbers, [[], 2])
    await GenStage.syncSubscribe(node, top, { to: other })
    await node.quiet()
    t.equal(jobs.started.length, 4)
  })

  t.test('with a permanent subscription it ends as its producer does, its children first', async (t) => {
    const { node, jobs, numbers, top, running } = await scene(t, 3)
    const ends: unknown[] = []
    jobs.ends = (reason) => ends.push([reason, node.isAlive(top)])
    const ended = node.endOf(top)
    await node.stop(numbers, 'oops')
    t.equal(await ended, 'oops')
    t.same([ends, running()], [Array(3).fill(['shutdown', true]), []])
  })

  t.test('a subscription that was replaced counts no more; its children go on', async (t) => {
    const { node, jobs, above, numbers, top, tag, end } = await scene(t, 4, { maxDemand: 2, cancel: 'temporary' })
    const options = { to: numbers, maxDemand: 2, minDemand: 0, cancel: 'temporary' as const }
    await GenStage.syncResubscribe(node, top, tag, 'again', options)
    await node.quiet()
    t.same(jobs.started, upTo(4))
    read(above)
    await end(0)
    t.same(demands(above), [], 'the end of one of the old')
    await end(2)
    t.same(demands(above), [1], 'of one of the new')
  })
})

t.test('children that were not started for an event', async (t) => {
  t.test('start_child: what it answers', async (t) => {
    const { node, jobs, above, top, end } = await scene(t, 0, { maxDemand: 1 })
    const start = (event: number) => ConsumerSupervisor.startChild(node, top, [event])
    jobs.how = (event) => (['ok', 'ignore', 'fail', 'throw'] as const)[event]!
    t.match(await start(0), ['ok', jobs.pids.get(0)])
    t.equal(await start(1), 'ignore')
    t.same(await start(2), ['error', 'not_today'])
    t.match(await start(3), ['error', RangeError])
    t.throws(() => ConsumerSupervisor.startChild(node, top, 4 as never), { code: 'badarg' })
    t.throws(() => ConsumerSupervisor.terminateChild(node, top, 0 as never), { code: 'badarg' })
    await end(0)
    t.same(demands(above), [1], 'it has no demand to give back')
    t.same(complaints(node.reports), [], 'who asked is told')
  })

  t.test('start_child: information of the start function', async (t) => {
    const node = createTestNode()
    t.teardown(() => node.kill())
    const info: EventChildSpec<string> = {
      id: 'info',
      restart: 'temporary',
      type: 'supervisor',
      start: (parent, event) => ['ok', parent.spawnLink(() => parent.sleep(1e9)), event],
    }
    await node.supervise({ children: [ConsumerSupervisor.child({ children: [info] }, { name: 'top' })] })
    const top = node.whereis('top') as Pid<ConsumerSupervisorApi<string>>
    t.match(await ConsumerSupervisor.startChild(node, top, ['extra']), ['ok', {}, 'extra'])
    t.same(await ConsumerSupervisor.countChildren(node, top), { specs: 1, active: 1, supervisors: 1, workers: 0 })
  })

  t.test('a message that nobody expects is reported', async (t) => {
    const { node, top } = await scene(t, 0)
    node.send(top, 'hello')
    await node.quiet()
    t.match(node.reportsOf('supervisor', 'unexpected_message'), [{ details: { message: 'hello' } }])
  })
})

t.test('crashes', async (t) => {
  t.test('temporary child is not restarted, so a storm of them is worked off', async (t) => {
    const { node, jobs, top, running } = await scene(t, 2000, { maxDemand: 50, minDemand: 10 })
    while (running().length > 0) {
      for (const event of running()) node.exit(jobs.pids.get(event)!, 'kill')
      await node.quiet()
    }
    t.same(jobs.started, upTo(2000))
    t.ok(node.isAlive(top))
  })

  t.test('child triggers maximum restarts: it ends, with its children, and its supervisor begins anew', async (t) => {
    const node = createTestNode()
    t.teardown(() => node.kill())
    const jobs = new Jobs()
    await node.start(Numbers, [[], 10], { name: 'numbers' })
    const spec: ConsumerSupervisorSpec<number> = {
      children: [ConsumerSupervisor.template(Job, [jobs], { restart: 'transient' })],
      subscribeTo: [{ to: 'numbers', maxDemand: 5 }],
    }
    await node.supervise({ children: [ConsumerSupervisor.child(spec, { name: 'top' })] })
    await node.quiet()
    const before = node.whereis('top')!
    const old = [...jobs.pids.values()]
    const ended = node.endOf(before)
    for (let i = 0; i < 4; i++) {
      node.exit(jobs.pids.get(0)!, 'kill')
      await node.quiet()
    }
    t.equal(await ended, 'shutdown')
    t.notOk(old.some((pid) => node.isAlive(pid)))
    t.not(node.whereis('top'), before)
    t.same(jobs.started, [0, 1, 2, 3, 4, 0, 0, 0, 5, 6, 7, 8, 9], 'what it had is lost, what waited comes')
  })

  t.test('child triggers maximum intensity when trying again', async (t) => {
    const { node, jobs, top } = await scene(t, 1, {}, { restart: 'transient' }, { intensity: 10 })
    jobs.how = () => 'fail'
    const ended = node.endOf(top)
    node.exit(jobs.pids.get(0)!, 'kill')
    t.equal(await ended, 'shutdown')
    t.equal(jobs.started.length, 11)
  })

  t.test('when it is killed its children end, also the one that is being started', async (t) => {
    const { node, jobs, top, numbers, running } = await scene(t, 0)
    jobs.how = (event) => (event === 2 ? 'fails_later' : 'ok')
    await node.call(numbers, 'push', 5)
    await node.quiet()
    t.same(running(), upTo(2))
    const gone = node.processes().length
    node.exit(top, 'kill')
    await node.quiet()
    jobs.later.open()
    await node.quiet()
    t.same(running(), [])
    t.ok(node.processes().length < gone)
    t.same(jobs.started, upTo(3), 'nothing is started any more')
  })
})

t.test('terminate: all at the same time, each within its own shutdown', async (t) => {
  t.test('terminates children with integer shutdown, expired', async (t) => {
    const { node, jobs, top, running } = await scene(t, 3, {}, { shutdown: 100 })
    const ends: unknown[] = []
    jobs.ends = (reason) => {
      ends.push(reason)
      return ends.length === 2 ? new Promise(() => {}) : undefined
    }
    const stopped = ConsumerSupervisor.stop(node, top, 'shutdown')
    await node.quiet()
    t.same([ends, running()], [Array(3).fill('shutdown'), [1]])
    await node.advance(100)
    await stopped
    t.same(running(), [])
    t.match(complaints(node.reports)[0], ['shutdown_error', 'template', 'killed'])
  })

  t.test('terminates children with brutal kill, and with infinity and abnormal reason', async (t) => {
    const killed = await scene(t, 2, {}, { shutdown: 'brutal_kill' })
    const ends: unknown[] = []
    killed.jobs.ends = (reason) => ends.push(reason)
    await ConsumerSupervisor.stop(killed.node, killed.top, 'shutdown')
    t.same([killed.running(), ends], [[], []])
    const odd = await scene(t, 2, {}, { shutdown: Number.POSITIVE_INFINITY })
    odd.jobs.ends = () => exit('odd')
    await ConsumerSupervisor.stop(odd.node, odd.top, 'shutdown')
    t.match(complaints(odd.node.reports).slice(0, 2), Array(2).fill(['shutdown_error', 'template', 'odd']))
  })
})

t.test('specifications', async (t) => {
  const template = ConsumerSupervisor.template(Job, [new Jobs()])
  const WRONG: readonly (readonly [spec: unknown, reason: unknown])[] = [
    [null, ['supervisor_data', ['invalid_type', null]]],
    [{ children: [] }, ['bad_start_spec', []]],
    [{ children: [template, template] }, ['bad_start_spec', [{}, {}]]],
    [{ children: [template], strategy: 'one_for_all' }, ['supervisor_data', ['invalid_strategy', 'one_for_all']]],
    [{ children: [template], intensity: -1 }, ['supervisor_data', ['invalid_intensity', -1]]],
    [{ children: [template], period: 0 }, ['supervisor_data', ['invalid_period', 0]]],
    [{ children: [{ ...template, restart: 'permanent' }] }, ['start_spec', ['invalid_restart_type', 'permanent']]],
    [{ children: [{ ...template, shutdown: -1 }] }, ['start_spec', ['invalid_shutdown', -1]]],
    [{ children: [{ ...template, significant: true }] }, ['start_spec', ['bad_combination', {}]]],
    [{ children: [null] }, ['start_spec', ['invalid_child_spec', null]]],
    [{ children: [template], subscribeTo: 'numbers' }, ['bad_opts', String]],
  ]

  t.test('start_link with bad child_spec, and with non-ok init', (t) =>
    inTestProcess(t, async function () {
      this.trapExit(true)
      const module = { moduleName: 'Simple', init: (spec: unknown) => spec }
      const Simple = module as ConsumerSupervisorModule<[unknown], number>
      for (const [spec, reason] of WRONG) {
        const started = await ConsumerSupervisor.startLink(this, spec as ConsumerSupervisorSpec<number>)
        t.match(started, ['error', reason])
        if (spec !== null) t.match(await ConsumerSupervisor.startLink(this, Simple, [spec]), ['error', reason])
      }
      for (const wrong of ['unknown', null, {}]) {
        const reason = ['bad_return', ['Simple', 'init', wrong]]
        t.same(await ConsumerSupervisor.startLink(this, Simple, [wrong]), ['error', reason])
      }
      t.equal(await ConsumerSupervisor.startLink(this, Simple, [ignore()]), 'ignore')
    }),
  )

  t.test('what is wrong is told by the supervisor above, with what would be right', async (t) => {
    const node = createTestNode()
    t.teardown(() => node.kill())
    const child = ConsumerSupervisor.child({ children: [{ ...template, restart: 'permanent' as 'transient' }] })
    await t.rejects(node.supervise({ children: [{ ...child, id: 'top' }] }), {
      code: 'bad_supervisor',
      message: /of a consumer supervisor it is not permanent/,
    })
  })

  t.test('start_link with registered process, and returns the callback module', async (t) => {
    const node = createTestNode()
    t.teardown(() => node.kill())
    const module: ConsumerSupervisorModule<[intensity: number], number> = {
      init: (intensity) => ({ intensity, children: [template] }),
    }
    await node.supervise({ children: [ConsumerSupervisor.child(module, [7], { name: 'top' })] })
    const top = node.whereis('top') as Pid<ConsumerSupervisorApi<number>>
    t.equal(await ConsumerSupervisor.getCallbackModule(node, top), module)
    t.match(await sys.getState(node, top), { spec: { intensity: 7, period: 5 } })
    const [, , , items] = await sys.getStatus(node, top)
    t.match((items[4] as readonly unknown[]).slice(-2), [
      ['supervisor', [['Callback', module]]],
      [
        'data',
        [
          ['Stage', 'consumer'],
          ['Producers', []],
        ],
      ],
    ])
  })

  t.test('code_change: with non-ok init all stays, with ok init the template is the new one', async (t) => {
    const { node, jobs, numbers, top, running, end } = await scene(t, 2, { maxDemand: 2, minDemand: 0 })
    const change = async (to: object) => {
      await sys.suspend(node, top)
      const result = await sys.changeCode(node, top, to, 1, undefined)
      await sys.resume(node, top)
      return result
    }
    const before = await ConsumerSupervisor.getCallbackModule(node, top)
    for (const [spec, reason] of WRONG.slice(1, -1)) {
      t.match(await change({ init: () => spec }), ['error', reason])
    }
    t.match(await change({ moduleName: 'm', init: () => 'x' }), ['error', ['bad_return', ['m', 'init', 'x']]])
    t.match(await change({}), ['error', { code: 'badarg' }])
    t.equal(await change({ init: () => ignore() }), 'ok')
    t.not(await ConsumerSupervisor.getCallbackModule(node, top), before)
    const next = new Jobs()
    const to = { init: () => ({ children: [ConsumerSupervisor.template(Job, [next], { restart: 'transient' })] }) }
    t.equal(await change(to), 'ok')
    await node.call(numbers, 'push', 1)
    await end(0)
    t.same([running(), next.started], [[1], [0]], 'its subscription goes on')
    await end(1, 'oops')
    t.same([jobs.started, next.started], [upTo(2), [0, 1]], 'one that fails is started again as the new one says')
    const last = new Jobs()
    const after = { init: () => ({ children: [ConsumerSupervisor.template(Job, [last])] }) }
    t.same(await upgrade(node, [{ module: 'top', from: to, to: after }]), [top])
    t.match(await ConsumerSupervisor.startChild(node, top, [5]), ['ok', {}])
    t.same(last.started, [5])
  })

  t.test('it may be a child of a dynamic supervisor', async (t) => {
    const node = createTestNode()
    t.teardown(() => node.kill())
    const jobs = new Jobs()
    await node.supervise({ children: [DynamicSupervisor.child({}, { name: 'dynamic' })] })
    const numbers = await node.start(Numbers, [[], 3])
    const spec = { children: [ConsumerSupervisor.template(Job, [jobs])] as const, subscribeTo: [numbers] }
    const started = await DynamicSupervisor.startChild(node, 'dynamic', ConsumerSupervisor.child(spec))
    t.match(started, ['ok', {}])
    await node.quiet()
    t.same(jobs.started, upTo(3))
    t.match(await DynamicSupervisor.whichChildren(node, 'dynamic'), [['undefined', {}, 'supervisor']])
  })
})
