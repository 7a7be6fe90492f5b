import { type Context, exit, TIMEOUT } from '../../lib/index.ts'
import * as erlang from './harness/erlang.ts'
import { atom, downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import type { Scn } from './harness/scn.ts'

async function loop(self: Context, scn: Scn): Promise<never> {
  for (;;) scn.log(`   message ${scn.fmt(await self.receive())}`)
}

/** exit(Pid, Reason): every reason x {not trapping, trapping}, other-process and self. */
export const main: Scenario = async function (scn) {
  for (const t of [false, true]) {
    for (const r of ['normal', 'shutdown', 'boom', 'kill', 'killed']) {
      const p = this.spawn(async function () {
        this.trapExit(t)
        await this.receive(atom('start'))
        await loop(this, scn)
      })
      scn.name('target', p)
      this.send(p, 'start')
      await this.sleep(10)
      const ret = erlang.exit(this, p, r)
      await this.sleep(30)
      const st = this.node.isAlive(p) ? 'alive' : 'dead'
      const mon = this.monitor(p)
      const m = await this.receive(downOf(mon), { after: 20 })
      const why = m === TIMEOUT ? 'still_running' : m.reason
      scn.log(`exit(Other, ${scn.fmt(r)}) trap=${t} returns ${ret} -> ${st} (${scn.fmt(why)})`)
      this.exit(p, 'kill')
    }
  }
  scn.log('--- reasons seen by a monitor')
  const cases = [
    [false, 'normal'],
    [false, 'kill'],
    [true, 'kill'],
    [false, 'killed'],
    [true, 'killed'],
    [false, 'boom'],
  ] as const
  for (const [t, r] of cases) {
    const [p, mon] = this.spawnMonitor(async function () {
      this.trapExit(t)
      await this.sleep(1000)
    })
    await this.sleep(10)
    this.exit(p, r)
    const m = await this.receive(downOf(mon), { after: 50 })
    if (m === TIMEOUT) {
      scn.log(`exit(Other, ${scn.fmt(r)}) trap=${t} => no DOWN`)
      this.exit(p, 'kill')
    } else scn.log(`exit(Other, ${scn.fmt(r)}) trap=${t} => DOWN reason ${scn.fmt(m.reason)}`)
  }
  scn.log('--- self')
  for (const t of [false, true]) {
    for (const r of ['normal', 'kill', 'boom']) {
      const [, mon] = this.spawnMonitor(async function () {
        scn.name('selfp', this.self)
        this.trapExit(t)
        const ret = erlang.exit(this, this.self, r)
        scn.log(`   exit(self(),${scn.fmt(r)}) returned ${ret}`)
        const m = await this.receive(undefined, { after: 20 })
        scn.log(m === TIMEOUT ? '   nothing received' : `   got ${scn.fmt(m)}`)
        exit('reached_end')
      })
      scn.log(`exit(self(), ${scn.fmt(r)}) trap=${t} => ${scn.fmt((await this.receive(downOf(mon))).reason)}`)
    }
  }
  scn.log('--- exit/1 with reason kill inside a linked process')
  const p3 = this.spawn(async function () {
    this.trapExit(true)
    const c = this.spawnLink(() => exit('kill'))
    scn.name('c', c)
    scn.log(`trapping parent got ${scn.fmt(await this.receive())}`)
  })
  await scn.waitDown(this, p3)
  const p4 = this.spawn(async function () {
    this.spawnLink(() => exit('kill'))
    await this.sleep(500)
  })
  scn.log(`non-trapping parent died with ${scn.fmt(await scn.waitDown(this, p4))}`)
  scn.log('--- brutal kill seen by linked trapping parent')
  const p5 = this.spawn(async function () {
    this.trapExit(true)
    const c = this.spawnLink(async function () {
      await this.sleep(1000)
    })
    scn.name('c', c)
    this.exit(c, 'kill')
    scn.log(`parent got ${scn.fmt(await this.receive())}`)
  })
  await scn.waitDown(this, p5)
}
