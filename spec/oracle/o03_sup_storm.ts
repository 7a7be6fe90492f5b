import { type ChildSpec, Pid, type RestartStrategy, Supervisor, sys } from '../../lib/index.ts'
import { seq } from './harness/erlang.ts'
import * as kid from './harness/kid.ts'
import { downOf, exitOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

const flags = (strategy: RestartStrategy, intensity: number): tsup.Flags => ({ strategy, intensity, period: 60 })
const kids = (ids: readonly string[]) => ids.map((id) => kid.spec(id))

/** Many children ending before their supervisor looks, under each strategy. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const { node } = this

  /** The supervisor is suspended while the victims are killed: it then finds their exits in that order. */
  const storm = async (s: tsup.Sup, victims: readonly (string | Pid)[]): Promise<void> => {
    const pids: Pid<kid.KidApi>[] = []
    for (const v of victims) pids.push(v instanceof Pid ? (v as Pid<kid.KidApi>) : await kid.pid(this, s, v))
    await sys.suspend(this, s)
    for (const p of pids) await kid.die(this, p, 'kill')
    await sys.resume(this, s)
  }
  const state = async (s: tsup.Sup): Promise<void> => {
    await scn.settle(40)
    if (node.isAlive(s)) scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
    else scn.log(`sup exited ${scn.fmt((await this.receive(exitOf(s))).reason)}`)
  }
  const stop = async (s: tsup.Sup): Promise<void> => {
    if (node.isAlive(s)) scn.log(`sup stopped ${scn.fmt(await tsup.stop(this, s))}`)
  }
  const through = async (
    specs: readonly ChildSpec[],
    sup: tsup.Flags,
    victims: readonly (string | Pid)[],
  ): Promise<void> => {
    const s = await tsup.start(this, sup, specs)
    await storm(s, victims)
    await state(s)
    await stop(s)
  }
  const run = (tag: string, sup: tsup.Flags, specs: readonly ChildSpec[], victims: readonly string[]) => {
    scn.log(`-- ${tag}`)
    return through(specs, sup, victims)
  }

  const six = kids(['a', 'b', 'c', 'd', 'e', 'f'])
  const four = ['b', 'd', 'a', 'f']
  await run('one_for_one: each end counts', flags('one_for_one', 4), six, four)
  await run('one_for_one: one too many', flags('one_for_one', 3), six, four)
  await run('one_for_all: one restart for all ends', flags('one_for_all', 1), six, four)
  const rest = (intensity: number) => flags('rest_for_one', intensity)
  await run('rest_for_one: from the back to the front, each counts', rest(3), six, ['e', 'c', 'a'])
  await run('rest_for_one: from the front to the back, one counts', rest(1), six, ['a', 'c', 'e'])
  await run('rest_for_one: mixed, the third is too many', rest(2), six, ['d', 'f', 'b', 'c', 'a'])
  scn.log('-- restart types in one storm')
  const transient = kid.spec('t', { restart: 'transient' })
  const mixed = [kid.spec('p'), transient, kid.spec('x', { restart: 'temporary' }), kid.spec('q')]
  await through(mixed, flags('one_for_one', 9), ['x', 't', 'q', 'p'])
  await through(mixed, flags('one_for_all', 9), ['x', 't', 'q', 'p'])
  scn.log('-- a restart that fails lets the other ends have their turn')
  const second = (id: string) => kid.spec(id, {}, { init: (n) => (n === 2 ? ['stop', 'not_yet'] : 'ok') })
  await through([second('g'), kid.spec('h'), second('i')], flags('one_for_one', 9), ['g', 'h', 'i'])
  await through([kid.spec('j'), second('k'), kid.spec('l')], flags('one_for_all', 9), ['l', 'j'])
  await through([kid.spec('m'), second('n'), kid.spec('o')], flags('rest_for_one', 9), ['m', 'o', 'n'])
  scn.log('-- requests between the ends')
  const s6 = await tsup.start(this, flags('one_for_one', 9), kids(['r', 's']))
  const r = await kid.pid(this, s6, 'r')
  const s = await kid.pid(this, s6, 's')
  const me = this.self
  await sys.suspend(this, s6)
  await kid.die(this, r, 'kill')
  this.spawn(async function () {
    const children = await Supervisor.whichChildren(this, s6)
    const alive = children.filter(([, p]) => p instanceof Pid && node.isAlive(p))
    this.send(me, ['seen', list(alive.map(([i]) => i))])
  })
  await this.sleep(30)
  await kid.die(this, s, 'kill')
  await sys.resume(this, s6)
  scn.log(`alive between ${scn.fmt((await this.receive(tagged('seen')))[1])}`)
  await state(s6)
  await stop(s6)
  scn.log('-- simple_one_for_one')
  const template = Supervisor.template(kid.Kid, [], { id: 'u', shutdown: 'brutal_kill' })
  const s7 = await tsup.start(this, flags('simple_one_for_one', 5), [template])
  const us: Pid[] = []
  for (const i of ['u', 'v', 'w', 'x', 'y']) {
    const [, p] = await Supervisor.startChild(this, s7, [i, { trap: false }])
    us.push(p as Pid)
  }
  await storm(s7, us.reverse())
  await scn.settle(40)
  scn.log(`count ${scn.fmt(list(Object.entries(await Supervisor.countChildren(this, s7))))}`)
  const [first] = await Supervisor.whichChildren(this, s7)
  await storm(s7, [first![1] as Pid])
  await state(s7)
  scn.log('-- two subtrees fall at once')
  const sub = (id: string, ids: readonly string[]) =>
    Supervisor.child({ ...flags('one_for_one', 0), children: kids(ids) }, { id })
  const s8 = await tsup.start(this, flags('one_for_all', 1), [sub('left', ['la', 'lb']), sub('right', ['ra', 'rb'])])
  const left = (await kid.pid(this, s8, 'left')) as Pid as tsup.Sup
  const right = (await kid.pid(this, s8, 'right')) as Pid as tsup.Sup
  await sys.suspend(this, s8)
  const falls = [
    ['left', left, 'lb'],
    ['right', right, 'ra'],
  ] as const
  for (const [side, sup, victim] of falls) {
    const m = this.monitor(sup)
    await storm(sup, [victim])
    scn.log(`${side} down ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  }
  await sys.resume(this, s8)
  await scn.settle(40)
  scn.log(`outer ${scn.fmt(list(Object.entries(await Supervisor.countChildren(this, s8))))}`)
  await stop(s8)
  scn.log('-- a thousand at once')
  for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const) {
    const n = 1000
    const worker: ChildSpec['start'] = (parent) => {
      const p = parent.spawnLink(async function () {
        await this.receive((message): message is 'stop' => message === 'stop')
      })
      parent.send(me, ['worker', p])
      return ['ok', p]
    }
    const workers = async (): Promise<Pid[]> => {
      const pids: Pid[] = []
      for (const _ of seq(n)) pids.push((await this.receive(tagged<Pid>('worker')))[1])
      return pids
    }
    const specs = seq(n).map((id) => ({ id, start: worker }))
    const s9 = await tsup.start(this, flags(strategy, strategy === 'one_for_one' ? n : 1), specs)
    const before = await workers()
    await storm(s9, before)
    const after = await workers()
    const children = (await Supervisor.whichChildren(this, s9)).map(([, p]) => p)
    const inOrder = [...after].reverse().every((p, i) => p === children[i]) && children.length === after.length
    const left = new Set<unknown>(children)
    const none = !before.some((p) => left.has(p))
    scn.log(`${strategy}: ${after.length} started again, in order ${inOrder}, none left over ${none}`)
    await stop(s9)
  }
}
