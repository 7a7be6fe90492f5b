import { type Context, Pid, Supervisor } from '../../lib/index.ts'
import { stop } from './harness/erlang.ts'
import * as kid from './harness/kid.ts'
import { atom, downOf, exitOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { match } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

/** exit signals to a supervisor from parent / stranger / kill; parent's own exit. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const mk = async (self: Context): Promise<tsup.Sup> => {
    const s = await tsup.start(self, {}, [kid.spec('a'), kid.spec('b')])
    scn.name('sup', s)
    return s
  }
  const s1 = await mk(this)
  this.spawn(function () {
    this.exit(s1, 'shutdown')
  })
  await scn.settle()
  scn.log(`exit signal shutdown from stranger: alive ${this.node.isAlive(s1)}`)
  this.exit(s1, 'boom')
  scn.log(`exit signal boom from parent: ${scn.fmt((await this.receive(exitOf(s1))).reason)}`)
  const s2 = await mk(this)
  this.exit(s2, 'normal')
  scn.log(`exit signal normal from parent: ${scn.fmt((await this.receive(exitOf(s2))).reason)}`)
  const untrapped = { trap: false }
  const s3 = await tsup.start(this, {}, [kid.spec('a', {}, untrapped), kid.spec('b', {}, untrapped)])
  const pids = (await Supervisor.whichChildren(this, s3)).map(([, pid]) => pid)
  const [b, a] = match(
    pids.every((pid) => pid instanceof Pid),
    pids,
  )
  const ma = this.monitor(a!)
  const mb = this.monitor(b!)
  this.exit(s3, 'kill')
  const wa = (await this.receive(downOf(ma))).reason
  const wb = (await this.receive(downOf(mb))).reason
  scn.log(`brutal kill of supervisor: children down ${scn.fmt(wa)} ${scn.fmt(wb)}`)
  scn.log(`sup ${scn.fmt((await this.receive(exitOf(s3))).reason)}`)
  scn.log('-- parent process exits normally: supervisor stops with normal')
  const me = this.self
  const par = this.spawn(async function () {
    this.send(me, ['s', await mk(this)])
    await this.receive(atom('go'))
  })
  const [, s4] = await this.receive(tagged<Pid>('s'))
  const m4 = this.monitor(s4)
  this.send(par, 'go')
  scn.log(`sup down ${scn.fmt((await this.receive(downOf(m4))).reason)}`)
  scn.log('-- gen_server:stop on a supervisor')
  const s5 = await mk(this)
  scn.log(`stop -> ${await stop(this, s5)}`)
}
