import { GenStatem, type StateMachine, sys } from '../../lib/index.ts'
import { contentOf, type FsmApi, type Functions, started, startFsm } from './harness/fsm.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { scnOf } from './harness/scn.ts'
import { error } from './harness/terms.ts'

const { keepState, keepStateAndData, nextState, ok, reply, stop, stopAndReply } = GenStatem

interface SwitchApi {
  state: 'off' | 'on'
  data: number
  call: { push(): 'off' | 'on' }
  cast: { hey(): void; stop(): void; x(): void }
}

const Switch: StateMachine<SwitchApi> = {
  callbackMode: 'state_functions',
  init: () => ok('off', 0),
  states: {
    off(event, data) {
      if (event.operation === 'push') return nextState('on', data + 1, [reply(event.from, 'on')])
      const scn = scnOf(this.node)
      scn.log(`off ${scn.fmt(event.type)} ${scn.fmt(contentOf(event))}`)
      return keepState(data)
    },
    on(event, data) {
      if (event.operation === 'push') return nextState('off', data, reply(event.from, 'off'))
      if (event.operation === 'stop') return stop('normal')
      const scn = scnOf(this.node)
      scn.log(`on ${scn.fmt(event.type)} ${scn.fmt(contentOf(event))}`)
      return keepStateAndData()
    },
  },
}

/** event types, replies, keep/next/repeat state, stop variants, state_functions mode. */
export const main: Scenario = async function (scn) {
  const result = await GenStatem.start(this, Switch, [])
  const p = (result as Extract<typeof result, readonly ['ok', unknown]>)[1]
  const first = await GenStatem.call(this, p, 'push')
  scn.log(`call ${scn.fmt(first)} call ${scn.fmt(await GenStatem.call(this, p, 'push'))}`)
  this.cast(p, 'hey')
  this.send(p, 'info')
  scn.log(`get_state ${scn.fmt(await sys.getState(this, p))}`)
  await GenStatem.call(this, p, 'push')
  const m = this.monitor(p)
  this.cast(p, 'stop')
  scn.log(`stopped ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  scn.log(
    `call dead -> ${await GenStatem.call(this, scn.name('pid', p) as typeof p, 'push').catch(({ reason }) => scn.fmt(['exit', reason]))}`,
  )
  scn.log(`cast dead -> ${scn.fmt(this.cast(p, 'x') ?? 'ok')}`)
  const test = async (name: string, ev: Functions['ev']) => {
    const q = await started(startFsm(this, { ev }))
    const mq = this.monitor(q)
    const caller = await scn.catching(() => GenStatem.call<FsmApi, string>(this, q, 'go'))
    const down = await this.receive(downOf(mq), { after: 50 })
    if (typeof down === 'symbol') {
      scn.log(`${name}: caller ${caller} server alive`)
      this.exit(q, 'kill')
    } else scn.log(`${name}: caller ${caller} server ${scn.fmt(down.reason)}`)
  }
  await test('stop', () => stop('normal'))
  await test('{stop,R}', () => stop('why'))
  await test('{stop,R,D}', () => stop('why', 'newdata'))
  await test('stop_and_reply', (_t, _c, _s, _d, from) => stopAndReply('why', [reply(from, 'bye')]))
  await test('stop_and_reply data', (_t, _c, _s, _d, from) => stopAndReply('normal', reply(from, 'bye'), 'nd'))
  await test('error', () => error('oops'))
  await test('throw return', (_t, _c, _s, _d, from) => {
    throw keepStateAndData([reply(from, 'thrown')])
  })
  await test('bad return', () => 'nonsense')
  await test('bad action', () => keepStateAndData(['bogus' as never]))
  await test('two replies in one list', (_t, _c, _s, _d, from) => keepStateAndData([reply(from, 'first')]))
}
