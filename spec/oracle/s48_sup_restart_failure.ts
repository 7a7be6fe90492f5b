import { Pid } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { atom, exitOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { match } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

/** Restart that fails: retried immediately via a cast to self, every attempt counts against intensity. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  scn.withLogs(({ label: [by, l], details }) => {
    if (by !== 'supervisor' || l === 'progress') return
    const { pid } = details.offender as { pid: unknown }
    scn.log(`   REPORT ${l} reason=${scn.fmt(details.reason)} pid=${scn.fmt(pid)}`)
  })
  scn.log('-- fails twice then succeeds (intensity 5)')
  const k = kid.spec('k', {}, { init: (n) => (n === 2 ? ['stop', 'not_yet'] : n === 3 ? ['crash', 'not_yet'] : 'ok') })
  const s = await tsup.start(this, { intensity: 5, period: 5 }, [kid.spec('a'), k])
  await kid.die(this, await kid.pid(this, s, 'k'), 'boom')
  await scn.settle()
  scn.log(`children ${scn.fmt(await tsup.children(this, s))}`)
  await tsup.stop(this, s)
  scn.log('-- keeps failing (intensity 3) => 1 + 3 attempts counted, then shutdown')
  const m = kid.spec('m', {}, { init: (n) => (n === 1 ? 'ok' : ['stop', 'never']) })
  const t = await tsup.start(this, { intensity: 3, period: 5 }, [kid.spec('b'), m])
  await kid.die(this, await kid.pid(this, t, 'm'), 'boom')
  scn.log(`sup exit ${scn.fmt((await this.receive(exitOf(t))).reason)}`)
  scn.log('-- ignore on restart: child becomes undefined, no retry')
  const g = kid.spec('g', {}, { init: (n) => (n === 1 ? 'ok' : 'ignore') })
  const u = await tsup.start(this, { intensity: 3, period: 5 }, [g])
  await kid.die(this, await kid.pid(this, u, 'g'), 'boom')
  await scn.settle()
  scn.log(`children ${scn.fmt(await tsup.children(this, u))}`)
  scn.log("-- state seen between attempts is 'restarting'")
  const me = this.self
  const waiting = new Map<Pid, () => void>()
  const r = kid.spec(
    'r',
    {},
    {
      async init(n) {
        if (n !== 2) return 'ok'
        this.send(me, 'in_init')
        await new Promise<void>((go) => waiting.set(this.self, go))
        return ['stop', 'again']
      },
    },
  )
  const v = await tsup.start(this, { intensity: 3, period: 5 }, [r])
  const p = await kid.pid(this, v, 'r')
  await kid.die(this, p, 'boom')
  await this.receive(atom('in_init'))
  // queue requests while the supervisor is blocked inside the restart: they are handled before the retry cast
  this.spawn(async function () {
    this.send(me, ['wc', await tsup.children(this, v)])
  })
  await this.sleep(20)
  const links = this.node.processInfo(v, 'links')?.[1] ?? []
  const inits = links.filter((x) => x instanceof Pid && x !== me)
  const [init] = match(inits.length === 1, inits)
  waiting.get(init!)?.()
  const [, c] = await this.receive(tagged('wc'))
  scn.log(`which_children during retry ${scn.fmt(c)}`)
  await scn.settle()
  scn.log(`children ${scn.fmt(await tsup.children(this, v))}`)
}
