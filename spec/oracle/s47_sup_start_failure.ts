import { type ChildSpec, Supervisor } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { downOf, isExit } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { scnOf } from './harness/scn.ts'
import { error, list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

type Start = ChildSpec['start']

/** The exported functions of the original; `undef_fun` is none of them. */
const functions: { readonly [name: string]: Start } = {
  junk: () => 'junk' as never,
  raise: () => error('raised'),
  ok_no_pid: () => ['ok', 'not_a_pid' as never],
  extra(parent) {
    const p = parent.spawnLink(async function () {
      await this.sleep(1000)
    })
    scnOf(parent.node).name('extra', p)
    return ['ok', p, 'some_info']
  },
}

/** A child failing to start during supervisor start: rollback in reverse, error shape. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const whys: readonly kid.KidStart[] = [['stop', 'why'], ['crash', 'why'], 'ignore']
  for (const r of whys) {
    scn.log(`-- c init ${scn.fmt(r)}`)
    const c = kid.spec('c', {}, { init: () => r })
    const res = await tsup.startLink(this, {}, [kid.spec('a'), kid.spec('b'), c, kid.spec('d')])
    scn.log(`start_link -> ${scn.fmt(res)}`)
    if (typeof res === 'object' && res[0] === 'ok') {
      const s = res[1]
      scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
      this.exit(s, 'shutdown')
    }
    await this.sleep(30)
    const exits = (await scn.flush(this)).filter(isExit)
    scn.log(`EXIT in caller: ${scn.fmt(list(exits.map((m) => m.reason)))}`)
  }
  scn.log('-- temporary + ignore: spec dropped')
  const ignoring = kid.spec('i', { restart: 'temporary' }, { init: () => 'ignore' })
  const t = await tsup.start(this, {}, [kid.spec('a'), ignoring])
  scn.log(`children ${scn.fmt(await tsup.children(this, t))}`)
  scn.log('-- start function returns junk / raises')
  for (const f of ['junk', 'raise', 'undef_fun', 'ok_no_pid']) {
    const [, e] = await tsup.startLink(this, {}, [{ id: 'j', start: (parent) => functions[f]!(parent) }])
    scn.log(`${f} -> ${scn.fmt(e)}`)
  }
  scn.log('-- start function returns {ok,Pid,Info}')
  const u = await tsup.start(this, {}, [])
  const extra = await Supervisor.startChild(this, u, { id: 'e', start: functions.extra! })
  scn.log(`start_child -> ${scn.fmt(extra)}`)
  scn.log('-- caller not trapping dies with shutdown tuple')
  const [, m] = this.spawnMonitor(async function () {
    await tsup.startLink(this, {}, [kid.spec('z', {}, { init: () => ['stop', 'why'] })])
    await this.sleep(100)
  })
  scn.log(`caller died ${scn.fmt((await this.receive(downOf(m))).reason)}`)
}
