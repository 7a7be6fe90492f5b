import t, { type Test } from 'tap'
import {
  type Context,
  Exit,
  type ModuleFunction,
  type OtpNode,
  offload,
  type Pid,
  Pool,
  Supervisor,
  Task,
} from '../../lib/index.ts'
import { exitsWith } from '../support/exits.ts'
import { down, nodeWithReports } from '../support/kid.ts'
import { inTestProcess } from '../support/test-process.ts'

const job = (name: string): ModuleFunction => ({
  module: new URL('../support/thread-jobs.mjs', import.meta.url),
  function: name,
})
const PATIENT = { timeout: 60_000 }

/** Shared memory: the first cell is set by a thread that has begun, the second one by a thread that spins. */
const newFlag = () => new Int32Array(new SharedArrayBuffer(8))

/** Resolves when a cell of `flag` is no longer `value`. */
async function changed(flag: Int32Array, cell: number, value: number): Promise<void> {
  const waiting = (Atomics as unknown as WaitAsync).waitAsync(flag, cell, value)
  if (waiting.async) await waiting.value
}
interface WaitAsync {
  waitAsync(flag: Int32Array, cell: number, value: number): { async: boolean; value: Promise<string> | string }
}

/** Resolves when the thread that spins has counted on. */
async function spins(flag: Int32Array): Promise<void> {
  const before = Atomics.load(flag, 1)
  while (Atomics.load(flag, 1) === before) await new Promise((resolve) => setImmediate(resolve))
}

/** That a thread which spun has stopped: the cell that it counts in stands still. */
async function standsStill(flag: Int32Array): Promise<boolean> {
  const before = Atomics.load(flag, 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  return Atomics.load(flag, 1) === before
}

t.test('offload: a task that runs a function of a module in a thread of its own', async (t) => {
  t.test('the value, from a function of either kind; arguments are copies', async (t) => {
    await inTestProcess(t, async function () {
      t.equal(await Task.await(this, Task.async(this, offload(job('add'), 1, 2)), 60_000), 3)
      const given = { list: [1, new Map([['a', 2]])] }
      const result = await Task.await(this, Task.async(this, offload(job('later'), given)), 60_000)
      t.same(result, given)
      t.not(result, given)
      const add = offload<(a: number, b: number) => number>(job('add'), 3, 4)
      t.equal((await Task.await(this, Task.async(this, add), 60_000)) + 1, 8, 'typed')
    })
  })

  t.test('what it throws, and the end of its thread, is the reason that the task ends with', async (t) => {
    await inTestProcess(t, async function () {
      this.trapExit(true)
      for (const [body, reason] of [
        [offload(job('fail'), 'no luck'), { name: 'RangeError', message: 'no luck' }],
        [offload(job('throwText')), { name: 'NoCatch', value: 'text' }],
        [offload(job('crash')), { name: 'TypeError', message: 'crashed' }],
        [offload(job('leave'), 3), { code: 'thread_exited', message: /code 3/ }],
        [offload(job('nobody')), { code: 'undef' }],
        [offload(job('notAFunction')), { code: 'undef' }],
        [offload({ module: new URL('file:///nowhere.mjs'), function: 'x' }), Error],
        [offload(job('returnFunction')), { code: 'uncloneable' }],
        [offload(job('later'), () => {}), { code: 'uncloneable' }],
      ] as const) {
        t.match(await Task.yield(this, Task.async<unknown>(this, body), 60_000), ['exit', reason])
      }
      t.throws(() => offload({ module: './jobs.mjs' as never, function: 'add' }), { code: 'badarg' })
      t.throws(() => offload({ module: job('add').module, function: 7 as never }), { code: 'badarg' })
    })
  })

  t.test('a kill stops a loop without end; so does the end of the tree that it belongs to', async (t) => {
    const { node } = nodeWithReports(t)
    await node.supervise({ children: [Task.Supervisor.child({}, { name: 'tasks' })] })
    for (const stop of [
      async (pid: Pid) => node.exit(pid, 'kill'),
      async (pid: Pid) => void (await Task.Supervisor.terminateChild(node, 'tasks', pid)),
    ]) {
      const flag = newFlag()
      const [, pid] = (await Task.Supervisor.startChild(node, 'tasks', offload(job('spin'), flag))) as ['ok', Pid]
      await changed(flag, 0, 0)
      await spins(flag)
      const ended = down(pid)
      await stop(pid)
      await ended
      t.ok(await standsStill(flag), 'the thread has stopped when the end of the process is known')
    }
  })

  t.test('a stream over threads', async (t) => {
    await inTestProcess(t, async function () {
      const body = function (this: Context, n: number) {
        return offload<(a: number, b: number) => number>(job('add'), n, n).call(this)
      }
      const sums: unknown[] = []
      for await (const sum of Task.asyncStream(this, [1, 2, 3], body, { maxConcurrency: 2, ...PATIENT })) sums.push(sum)
      t.same(sums, [
        ['ok', 2],
        ['ok', 4],
        ['ok', 6],
      ])
    })
  })
})

async function pool(t: Test, spec: { threads: number; queue?: number }): Promise<OtpNode> {
  const { node } = nodeWithReports(t)
  await node.supervise({ children: [Pool.child({ name: 'pool', ...spec })] })
  return node
}

/** The processes of the pool's threads. */
async function threadsOf(node: OtpNode): Promise<readonly Pid[]> {
  const infos = await Supervisor.whichChildren(node, { name: 'pool.threads' })
  return infos.map(([, pid]) => pid as Pid)
}

async function killThreads(node: OtpNode): Promise<void> {
  const threads = await threadsOf(node)
  const ends = threads.map(down)
  for (const pid of threads) node.exit(pid, 'kill')
  await Promise.all(ends)
}

t.test('run: values, errors, and threads that are kept', async (t) => {
  const node = await pool(t, { threads: 1 })
  t.same(await Pool.status(node, 'pool'), { threads: 0, idle: 0, waiting: 0 }, 'none before it is needed')
  t.equal(await Pool.run<(a: number, b: number) => number>(node, 'pool', job('add'), [1, 2], PATIENT), 3)
  t.equal(await Pool.run(node, 'pool', job('count'), [], PATIENT), 1)
  await t.rejects(Pool.run(node, 'pool', job('fail'), ['no luck'], PATIENT), { name: 'RangeError' })
  await t.rejects(Pool.run(node, 'pool', job('throwText'), [], PATIENT), 'text')
  await t.rejects(Pool.run(node, 'pool', job('nobody'), [], PATIENT), { code: 'undef' })
  await t.rejects(Pool.run(node, 'pool', job('later'), [() => {}], PATIENT), { code: 'uncloneable' })
  await t.rejects(Pool.run(node, 'pool', job('returnFunction'), [], PATIENT), { code: 'uncloneable' })
  t.equal(await Pool.run(node, 'pool', job('count'), [], PATIENT), 2, 'it was one thread all the time')
  t.equal(await Pool.run(node, 'pool', job('count'), undefined as never, PATIENT), 3, 'arguments left out are none')
  t.same(await Pool.status(node, 'pool'), { threads: 1, idle: 1, waiting: 0 })
  await t.rejects(Pool.run(node, 'pool', 'no target' as never, [], PATIENT), { code: 'badarg' })
  await t.rejects(Pool.run(node, 'pool', job('add'), [], { timeout: -1 }), { code: 'bad_timeout' })
  t.same(await Pool.status(node, 'pool'), { threads: 1, idle: 1, waiting: 0 })
})

t.test('more work than it may queue is refused; what waits is done in its order', async (t) => {
  const node = await pool(t, { threads: 2, queue: 3 })
  const flag = newFlag()
  const runs = Array.from({ length: 5 }, () => Pool.run(node, 'pool', job('wait'), [flag], PATIENT))
  t.same(await Pool.status(node, 'pool'), { threads: 2, idle: 0, waiting: 3 })
  await t.rejects(Pool.run(node, 'pool', job('add'), [1, 2], PATIENT), { code: 'busy' })
  await t.rejects(Pool.checkout(node, 'pool'), { code: 'busy' })
  while (Atomics.load(flag, 0) < 2) await changed(flag, 0, Atomics.load(flag, 0))
  t.equal(Atomics.load(flag, 0), 2, 'two at a time')
  Atomics.store(flag, 1, 1)
  Atomics.notify(flag, 1)
  t.same(await Promise.all(runs), Array(5).fill('waited'))
  t.equal(Atomics.load(flag, 0), 5, 'each ran once')
  t.same(await Pool.status(node, 'pool'), { threads: 2, idle: 2, waiting: 0 })

  const single = await pool(t, { threads: 1 })
  const counts = await Promise.all(Array.from({ length: 5 }, () => Pool.run(single, 'pool', job('count'), [], PATIENT)))
  t.same(counts, [1, 2, 3, 4, 5], 'who waits longest is next')
})

t.test('a thread that crashes: its caller hears the reason, another takes its place', async (t) => {
  const node = await pool(t, { threads: 1 })
  for (const [name, args, reason] of [
    ['crash', [] as unknown[], { name: 'TypeError', message: 'crashed' }],
    ['leave', [2] as unknown[], { code: 'thread_exited' }],
  ] as const) {
    t.equal(await Pool.run(node, 'pool', job('count'), [], PATIENT), 1)
    const [first] = await threadsOf(node)
    const waiting = Pool.run(node, 'pool', job(name), args, PATIENT)
    const behind = Pool.run(node, 'pool', job('count'), [], PATIENT)
    await exitsWith(t, waiting, [reason, ['gen_server', 'call', {}]])
    t.equal(await behind, 1, 'who waited gets a new thread')
    t.notSame(await threadsOf(node), [first])
    await killThreads(node)
  }
  const [idle] = await threadsOf(node)
  t.equal(idle, undefined)
  const flag = newFlag()
  await Pool.run(node, 'pool', job('crashWhenTold'), [flag], PATIENT)
  const [crashing] = await threadsOf(node)
  const gone = down(crashing!)
  Atomics.store(flag, 0, 1)
  // An idle thread does not keep the OS process alive; the timer of the sleep does.
  await Promise.race([gone, node.sleep(60_000)])
  t.equal(await Pool.run(node, 'pool', job('count'), [], PATIENT), 1, 'one that crashes when it is idle is replaced')
})

t.test('time: a loop without end is stopped, and so is the wait for a thread', async (t) => {
  const node = await pool(t, { threads: 1 })
  await Pool.run(node, 'pool', job('add'), [1, 2], PATIENT)
  const flag = newFlag()
  const spinning = Pool.run(node, 'pool', job('spin'), [flag], { timeout: 300 })
  const waiting = Pool.run(node, 'pool', job('add'), [1, 2], { timeout: 1 })
  await exitsWith(t, waiting, ['timeout', ['Pool', 'checkout', ['pool', 1]]])
  await exitsWith(t, spinning, ['timeout', ['gen_server', 'call', {}]])
  t.equal(await Pool.run(node, 'pool', job('add'), [1, 2], PATIENT), 3, 'the thread was replaced')
  t.ok(await standsStill(flag))
})

t.test('checkout: a thread for several jobs, given back, or taken back from one that has ended', async (t) => {
  const node = await pool(t, { threads: 1 })
  const lease = await Pool.checkout(node, 'pool')
  t.equal(await Pool.runOn(node, lease, job('count'), [], PATIENT), 1)
  t.equal(await Pool.runOn(node, lease, job('count'), [], PATIENT), 2)
  await t.rejects(Pool.runOn(node, lease, job('fail'), ['x'], PATIENT), { name: 'RangeError' })
  Pool.checkin(node, lease)
  Pool.checkin(node, lease)
  t.same(await Pool.status(node, 'pool'), { threads: 1, idle: 1, waiting: 0 })

  const flag = newFlag()
  const user = node.spawn(async function () {
    await Pool.runOn(this, await Pool.checkout(this, 'pool'), job('spin'), [flag], PATIENT)
  })
  await changed(flag, 0, 0)
  const waiter = node.spawn(async function () {
    await Pool.checkout(this, 'pool', PATIENT)
  })
  while ((await Pool.status(node, 'pool')).waiting === 0) await new Promise((resolve) => setImmediate(resolve))
  const behind = Pool.run(node, 'pool', job('count'), [], PATIENT)
  node.exit(waiter, 'kill')
  t.equal((await Pool.status(node, 'pool')).waiting, 1, 'one that has ended waits no longer')
  node.exit(user, 'kill')
  t.equal(await behind, 1, 'a new thread')
  t.ok(await standsStill(flag), 'what the one that ended had begun is stopped')
})

t.test(
  'the pool ends: its threads end with it, calls fail; a crash of its process starts all of it again',
  async (t) => {
    const node = await pool(t, { threads: 2 })
    const flag = newFlag()
    const spinning = Pool.run(node, 'pool', job('spin'), [flag], PATIENT).catch((thrown: unknown) => thrown)
    await changed(flag, 0, 0)
    const server = node.whereis('pool')!
    const [thread] = await threadsOf(node)
    const ended = down(thread!)
    node.exit(server, 'kill')
    t.match(await ended, 'shutdown')
    t.match(await spinning, Exit)
    t.ok(await standsStill(flag))
    while (node.whereis('pool') === undefined) await new Promise((resolve) => setImmediate(resolve))
    t.equal(await Pool.run(node, 'pool', job('add'), [1, 2], PATIENT), 3)
    const [now] = await threadsOf(node)
    await node.shutdown()
    t.notOk(node.isAlive(now!))
  },
)

t.test('a pool can be started by a process; options that are none', async (t) => {
  await inTestProcess(t, async function () {
    t.match(await Pool.startLink(this, { name: 'mine', threads: 1 }), ['ok', {}])
    t.equal(await Pool.run(this, 'mine', job('add'), [1, 2], PATIENT), 3)
    for (const wrong of [{ threads: 0 }, { threads: 1.5 }, { queue: -1 }, { name: 7 as never }]) {
      t.throws(() => Pool.child({ name: 'wrong', ...wrong }), { code: 'badarg' })
    }
  })
})
