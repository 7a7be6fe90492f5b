import type { TimeoutMessage } from '../../lib/index.ts'
import { about, atom, downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'

/** send_after / start_timer / cancel_timer / read_timer. */
export const main: Scenario = async function (scn) {
  const me = this.self
  const t1 = this.sendAfter(20, me, 'hello')
  scn.log(`send_after delivers ${scn.fmt(await this.receive())}`)
  scn.log(`cancel after fire -> ${this.cancelTimer(t1)}`)
  const t2 = this.startTimer(20, me, 'payload')
  const { message: p } = await this.receive(about<TimeoutMessage>('timeout', t2))
  scn.log(`start_timer delivers {timeout,ref,${scn.fmt(p)}}`)
  const t3 = this.sendAfter(5000, me, 'x')
  const left = Number(this.cancelTimer(t3))
  scn.log(`cancel returns ms left (4900..5000): ${left > 4900 && left <= 5000}`)
  scn.log(`cancel twice -> ${this.cancelTimer(t3)}`)
  const t4 = this.sendAfter(5000, me, 'x')
  const l4 = Number(this.readTimer(t4))
  scn.log(`read_timer in range ${l4 > 4900}`)
  this.cancelTimer(t4)
  scn.log(`read_timer cancelled -> ${this.readTimer(t4)}`)
  // fired but not yet received: cancel is false and message stays
  const t5 = this.startTimer(1, me, 'late')
  await this.sleep(20)
  scn.log(`cancel of fired-but-queued -> ${this.cancelTimer(t5)}`)
  await scn.mailbox(this, 'still queued')
  const t6 = this.startTimer(1000, me, 'x')
  scn.log(`cancel async -> ${this.cancelTimer(t6, { async: true })}`)
  const { result: r6 } = await this.receive(about<{ readonly result: unknown }>('cancel_timer', t6))
  scn.log(`async result integer ${Number.isInteger(r6)}`)
  const t7 = this.startTimer(1000, me, 'x')
  scn.log(`cancel info false -> ${this.cancelTimer(t7, { info: false })}`)
  this.sendAfter(0, me, 'zero')
  this.send(this.self, 'direct')
  await this.sleep(20)
  scn.log(`send_after 0 vs direct send, both arrive: ${scn.fmt(list((await scn.flush(this)).sort()))}`)
  // ordering of timers
  for (const n of [3, 1, 2]) this.sendAfter(n * 20, me, n)
  const isNumber = (message: unknown) => typeof message === 'number'
  const fired: unknown[] = []
  for (let i = 0; i < 3; i++) fired.push(await this.receive(isNumber))
  scn.log(`fire order ${scn.fmt(list(fired))}`)
  // timer to a pid that died is cancelled silently; timer to a name resolved at fire time
  this.sendAfter(30, 'latename', 'hi')
  this.node.register('latename', me)
  await this.receive(atom('hi'))
  scn.log('name resolved at expiry')
  this.node.unregister('latename')
  this.sendAfter(1, 'gone_name', 'hi')
  await this.sleep(10)
  scn.log('timer to unregistered name: silently dropped')
  const d = await scn.dead(this)
  const t8 = this.sendAfter(1000, d, 'hi')
  scn.log(`timer to dead pid: read_timer -> ${this.readTimer(t8)}`)
  // a timer is bound to its destination pid: when it dies the timer goes
  const v = this.spawn(async function () {
    await this.receive(atom('stop'))
  })
  const t9 = this.sendAfter(1000, v, 'hi')
  const r9 = this.monitor(v)
  this.send(v, 'stop')
  await this.receive(downOf(r9))
  await this.sleep(20)
  scn.log(`dest died: read_timer -> ${this.readTimer(t9)}`)
  scn.log(`negative -> ${await scn.catching(() => this.sendAfter(-1, me, 'x'))}`)
  scn.log(`infinity -> ${await scn.catching(() => this.sendAfter(Number.POSITIVE_INFINITY, me, 'x'))}`)
}
