import { name, noreply, reply } from '../../lib/index.ts'
import type { Scenario } from './harness/scenario.ts'
import { type DoCall, Srv, started, startSrv } from './harness/srv.ts'

const infinity = { timeout: Number.POSITIVE_INFINITY }

const twice: DoCall = async function (from, state) {
  this.reply(from, 'one')
  await this.sleep(40)
  this.reply(from, 'two')
  return noreply(state)
}

/** Call timeout: exit shape, late replies never reach the mailbox (aliases), server unaffected. */
export const main: Scenario = async function (scn) {
  const slow = name(Srv, 'slow')
  const p = await started(startSrv(this, {}, { name: slow }))
  const late: DoCall = async function (_from, state) {
    await this.sleep(80)
    return reply('late', Number(state) + 1)
  }
  scn.log(`timeout -> ${await scn.catching(() => this.call(slow, 'do', late, { timeout: 20 }))}`)
  await this.sleep(120)
  await scn.mailbox(this, 'late reply dropped')
  scn.log(`server processed it: ${scn.fmt(await this.call(p, 'get'))}, alive ${this.node.isAlive(p)}`)
  scn.log(`timeout 0 -> ${await scn.catching(() => this.call(p, 'get', undefined, { timeout: 0 }))}`)
  await scn.mailbox(this, 'after timeout 0')
  // two timeouts then ok
  const later: DoCall = async function (_from, state) {
    await this.sleep(30)
    return reply('late', state)
  }
  for (let i = 0; i < 2; i++) await this.call(p, 'do', later, { timeout: 5 }).catch(() => {})
  scn.log(`next call gets its own reply: ${scn.fmt(await this.call(p, 'get'))}`)
  // manual reply twice: only the first is delivered
  scn.log(`double reply, second one later -> ${scn.fmt(await this.call(p, 'do', twice))}`)
  await this.sleep(80)
  await scn.mailbox(this, 'second reply dropped by alias')
  // local call with infinity uses a plain monitor (no alias): a second reply DOES leak
  scn.log(`double reply, infinity -> ${scn.fmt(await this.call(p, 'do', twice, infinity))}`)
  await this.sleep(80)
  scn.log(`leaked messages with infinity: ${(await scn.flush(this)).length}`)
  // reply from another process
  const other = await this.call(p, 'do', function (from, state) {
    this.spawn(function () {
      this.reply(from, 'other')
    })
    return noreply(state)
  })
  scn.log(`reply from other process -> ${scn.fmt(other)}`)
  // From tag shapes
  const from: DoCall = (f, state) => reply(f, state)
  scn.log(`From with timeout:  ${scn.fmt(await this.call(p, 'do', from, { timeout: 5000 }))}`)
  scn.log(`From with infinity: ${scn.fmt(await this.call(p, 'do', from, infinity))}`)
}
