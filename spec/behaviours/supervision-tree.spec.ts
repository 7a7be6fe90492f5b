import fc from 'fast-check'
import t from 'tap'
import {
  child,
  createNode,
  equalTerms,
  type GenServer,
  type OtpNode,
  ok,
  type Pid,
  Supervisor,
  type SupervisorApi,
} from '../../lib/index.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'
import { complaints, Diary, gate, nodeWithReports } from '../support/kid.ts'
import {
  end,
  expected,
  type Model,
  type ModelKid,
  type ModelSupervisor,
  modelOf,
  observe,
  running,
  shapes,
  specOf,
  start,
} from '../support/tree-model.ts'

const reasons = ['normal', 'shutdown', 'boom', 'kill'] as const

/** Which of the running processes end, all before any supervisor looks, and how. */
const deaths = fc.array(
  fc.array(fc.record({ victim: fc.nat(), reason: fc.constantFrom(...reasons) }), { minLength: 1, maxLength: 3 }),
  { maxLength: 8 },
)

t.test('a model: whatever ends, the tree becomes what its specification says', async (t) => {
  await fc.assert(
    fc.asyncProperty(shapes, deaths, async (shape, rounds) => {
      const model = modelOf(shape)
      const { node } = nodeWithReports(t)
      const diary = new Diary()
      const root = await node.supervise(specOf(model, diary), { name: model.id })
      start(model)
      for (const round of rounds) {
        await strike(node, model, round)
        const found = await observe(node, model.id, root)
        if (!equalTerms(found, expected(model))) {
          throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(expected(model))}`)
        }
        if (!haveStarted(model, diary)) throw new Error('something was started too often, or too seldom')
        if (node.registered().length !== running(model).length) throw new Error('a name is left over')
        if (node.processCount !== running(model).length) throw new Error('a process is left over')
        checkBonds(node, root, undefined)
      }
      await node.shutdown()
      return node.processCount === 0 && node.registered().length === 0
    }),
    { numRuns: 150 },
  )
})

/** Ends processes in the tree and in the model. Siblings die in one batch; a supervisor is killed alone. */
async function strike(
  node: OtpNode,
  model: ModelSupervisor,
  round: { victim: number; reason: (typeof reasons)[number] }[],
) {
  const alive = running(model).slice(1)
  if (alive.length === 0) return
  const first = alive[round[0]!.victim % alive.length]!
  if (first.kind !== 'kid') {
    await fell(node, first)
    return end(first, false)
  }
  const kids = first.parent!.children.filter(({ kind, status }) => kind === 'kid' && status === 'running')
  const struck = new Map(round.map(({ victim, reason }) => [kids[victim % kids.length]!, reason]))
  const batch = [...struck].map(([kid, reason]) => ({ kid, reason, starts: kid.starts }))
  for (const { kid, reason } of batch) node.whereis(kid.id)?.process?.end(reason === 'kill' ? 'killed' : reason)
  for (const { kid, reason, starts } of batch) {
    if (kid.starts === starts && kid.status === 'running') end(kid, reason === 'normal' || reason === 'shutdown')
  }
}

/**
 * Kills a supervisor; or, when it has children that trap exits, makes it end with another reason. Orphans that trap exits
 * end in their own time, and as on the BEAM their names are in the way of a restart until then.
 */
async function fell(node: OtpNode, { id, ...model }: Exclude<Model, ModelKid>): Promise<void> {
  const pid = node.whereis(id)!
  const children = model.kind === 'supervisor' ? model.children : []
  if (children.every((child) => child.kind === 'kid' && !child.trap)) node.exit(pid, 'kill')
  else await node.stop(pid, 'boom')
}

function haveStarted(model: ModelSupervisor, diary: Diary): boolean {
  return model.children.every((child) => {
    if (child.kind === 'supervisor') return haveStarted(child, diary)
    return child.kind === 'dynamic' || (diary.starts.get(child.id) ?? 0) === child.starts
  })
}

/** Each process is linked with its supervisor and its children, and nobody monitors anybody any more. */
function checkBonds(node: OtpNode, pid: Pid, parent: Pid | undefined): void {
  const links = new Set(node.processInfo(pid, 'links')?.[1])
  if (parent !== undefined && !links.delete(parent)) throw new Error(`${pid} is not linked with its supervisor`)
  const process = pid.process!
  if ((process.rare?.monitors?.size ?? 0) > 0 || (process.rare?.watchers?.size ?? 0) > 0) {
    throw new Error(`a monitor of ${pid} is left over`)
  }
  for (const linked of links) checkBonds(node, linked, pid)
}

t.test('ten thousand children are started, started again and stopped without a quadratic step', async (t) => {
  const Idle: GenServer<{ state: null; init: [] }> = { init: () => ok(null), handleCall: {} }
  for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const) {
    const { node } = nodeWithReports(t)
    const children = Array.from({ length: 10_000 }, (_, id) => child(Idle, [], { id }))
    const supervisor = await node.supervise({ strategy, intensity: 10_000, children })
    const before = (await Supervisor.whichChildren(node, supervisor)).map(([, pid]) => pid as Pid)
    for (const pid of before.reverse()) node.exit(pid, 'kill')
    t.equal((await Supervisor.countChildren(node, supervisor)).active, 10_000)
    t.notOk(before.some((pid) => node.isAlive(pid)))
    await node.stop(supervisor, 'shutdown')
    t.equal(node.processCount, 0)
  }
})

t.test('a node stops what it supervises in order, the last first', async (t) => {
  const diary = new Diary()
  {
    await using node = createNode({ reporter: () => {} })
    await node.supervise({ children: [diary.kid('a'), diary.kid('b')] })
    await node.supervise({ children: [diary.kid('c')] })
    diary.read()
  }
  t.same(diary.read(), ['c ends: shutdown', 'b ends: shutdown', 'a ends: shutdown'])
})

t.test('a node that is shutting down waits for what is starting, and starts nothing more', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const held = gate()
  const starting = node.supervise({ children: [diary.kid('a', {}, { start: () => held.opened })] })
  const shutdown = node.shutdown()
  await t.rejects(node.supervise({ children: [] }), { code: 'node_stopped' })
  held.open()
  await starting
  await shutdown
  t.same(diary.read(), ['a starts', 'a ends: shutdown'])
  t.equal(node.shutdown(), node.shutdown(), 'asked again, it is the same')
  await t.rejects(node.supervise({ children: [] }), { code: 'node_stopped' })
})

t.test('a node takes no longer to shut down than it is given', async (t) => {
  const host = new VirtualHost()
  const { node } = nodeWithReports(t, { host })
  const diary = new Diary()
  const never = { shutdown: Number.POSITIVE_INFINITY }
  const stuck = { terminate: () => new Promise<never>(() => {}) }
  await node.supervise({ children: [diary.kid('a')] })
  await node.supervise({ children: [diary.kid('b', never, stuck)] })
  diary.read()
  let isDown = false
  const shutdown = node.shutdown(1000).then(() => {
    isDown = true
  })
  await quiet(host)
  host.advance(999)
  await quiet(host)
  t.notOk(isDown)
  host.advance(1)
  await shutdown
  t.equal(node.processCount, 0)
  t.same(diary.read().slice(0, 1), ['b ends: shutdown'])
})

t.test('a supervisor of the node that has ended is no hindrance, and whoever asked is told', async (t) => {
  const { node, reports } = nodeWithReports(t)
  const diary = new Diary()
  const top = await node.supervise({ intensity: 0, children: [diary.kid('a', { name: 'a' })] })
  const ended = node.endOf(top)
  node.exit(node.whereis('a')!, 'kill')
  t.equal(await ended, 'shutdown')
  t.equal(await node.endOf(top), 'noproc')
  await node.supervise({ children: [diary.kid('b')] })
  await node.shutdown()
  t.same(complaints(reports), [
    ['child_terminated', 'a', 'killed'],
    ['shutdown', 'a', 'reached_max_restart_intensity'],
  ])
})

t.test('the end of a process is told outside when what it owned is closed', async (t) => {
  const { node } = nodeWithReports(t)
  const held = gate()
  const owner = node.spawn(async function () {
    this.own({ [Symbol.asyncDispose]: () => held.opened.then(() => {}) })
    await this.receive()
  })
  await node.sleep(0)
  const before = node.endOf(owner)
  node.exit(owner, 'kill')
  const after = node.endOf(owner)
  t.equal(await Promise.race([before, after, node.sleep(1).then(() => 'open')]), 'open')
  held.open()
  t.same(await Promise.all([before, after]), ['killed', 'killed'])
  const { node: other } = nodeWithReports(t)
  for (const pid of [other.spawn(() => {}), 'a', undefined] as Pid[]) {
    t.throws(() => node.endOf(pid), { code: 'badarg', message: /endOf takes a pid of this node/ })
  }
})

t.test('a wrong specification is refused before anything is started', async (t) => {
  const { node } = nodeWithReports(t)
  const diary = new Diary()
  const twice = [diary.kid('a'), diary.kid('a')]
  await t.rejects(node.supervise({ children: twice }), { code: 'bad_supervisor', message: /duplicate_child_name, a/ })
  await t.rejects(node.supervise({ children: [], strategy: 'none' as never }), { message: /invalid_strategy, none/ })
  t.same(diary.read(), [])
  const inner = Supervisor.child({ children: twice }, { id: 'inner' })
  const failed = ['failed_to_start_child', 'inner', ['start_spec', ['duplicate_child_name', 'a']]]
  const nested = { code: 'bad_supervisor', message: /inner: {start_spec/, cause: { reason: ['shutdown', failed] } }
  await t.rejects(node.supervise({ children: [inner] }), nested)
})

t.test('a supervisor answers to its name, and two cannot have the same', async (t) => {
  const { node } = nodeWithReports(t)
  const top: Pid<SupervisorApi> = await node.supervise({ children: [] }, { name: 'top' })
  t.same(await Supervisor.countChildren(node, 'top'), { specs: 0, active: 0, supervisors: 0, workers: 0 })
  await exitsWith(t, node.supervise({ children: [] }, { name: 'top' }), ['already_started', top])
})
