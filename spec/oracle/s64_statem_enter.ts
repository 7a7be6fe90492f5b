import { GenStatem } from '../../lib/index.ts'
import { call, type Functions, started, startFsm } from './harness/fsm.ts'
import { termOfError } from './harness/printer.ts'
import type { Scenario } from './harness/scenario.ts'

const { keepState, keepStateAndData, nextEvent, nextState, postpone } = GenStatem
const { repeatState, repeatStateAndData, reply, stateTimeout, stop } = GenStatem

/** state enter calls: initial, change, no call on same state, repeat_state, actions allowed, errors. */
export const main: Scenario = async function (scn) {
  const counting: Functions['ev'] = (type, content, state, data: number, from) => {
    if (type === 'enter') {
      scn.log(`enter ${scn.fmt(state)} from ${scn.fmt(content)} data ${data}`)
      return keepState(data + 1)
    }
    const [tag, argument] = [content].flat() as readonly unknown[] as readonly [string, unknown?]
    if (type === 'cast' && tag === 'go') return nextState(argument, data)
    if (type === 'cast' && tag === 'rep') return repeatStateAndData()
    if (type === 'cast' && tag === 'repd') return repeatState(argument)
    if (type !== 'call') {
      scn.log(`${scn.fmt(type)} ${scn.fmt(content)} in ${scn.fmt(state)}`)
      return keepStateAndData()
    }
    if (tag === 'sync') return keepStateAndData([reply(from, 'ok')])
    return nextState(argument, data, [reply(from, 'went')])
  }
  const p = await started(startFsm(this, { enter: true, state: 'a', ev: counting as Functions['ev'] }))
  this.cast(p, 'go', 'b')
  this.cast(p, 'go', 'b')
  this.cast(p, 'rep')
  this.cast(p, 'repd', 100)
  this.cast(p, 'go', 'c')
  await call(this, p, 'sync')
  scn.log('-- enter runs before postponed events and before next_events; reply action of the transition is sent first')
  const postponing: Functions['ev'] = (type, content, state, data, from) => {
    if (type === 'enter') {
      scn.log(`enter ${scn.fmt(state)} from ${scn.fmt(content)}`)
      return keepStateAndData()
    }
    if (type === 'cast' && content === 'p' && state === 'a') return keepStateAndData(postpone())
    if (type === 'call') {
      return nextState('b', data, [nextEvent({ type: 'internal', content: 'n' }), reply(from, 'went')])
    }
    scn.log(`${scn.fmt(type)} ${scn.fmt(content)} in ${scn.fmt(state)}`)
    return keepStateAndData()
  }
  const q = await started(startFsm(this, { enter: true, state: 'a', ev: postponing }))
  this.cast(q, 'p')
  const went = await call(this, q, 'go')
  await scn.settle()
  scn.log(`call ${scn.fmt(went)}`)
  scn.log('-- enter call may start timers and stop, not change state')
  const ticking: Functions['ev'] = (type, content, state) => {
    if (type === 'enter') return keepStateAndData([stateTimeout(20, 'tick')])
    scn.log(`${scn.fmt(type)} ${scn.fmt(content)} in ${scn.fmt(state)}`)
    return stop('normal')
  }
  await scn.waitDown(this, await started(startFsm(this, { enter: true, state: 'a', ev: ticking })))
  for (const [name, result] of [
    ['next_state other', (data: unknown) => nextState('z', data)],
    ['postpone', () => keepStateAndData(postpone())],
    ['stop', () => stop('in_enter')],
  ] as const) {
    this.trapExit(true)
    const ev: Functions['ev'] = async function (_type, _content, _state, data) {
      await this.sleep(20)
      return result(data)
    }
    const starting = await startFsm(this, { enter: true, state: 'a', ev })
    if (starting === 'ignore' || starting[0] === 'error') throw new Error('badmatch')
    const why = await scn.waitDown(this, starting[1])
    const down = why === 'noproc' ? '(gone)' : scn.fmt(why instanceof Error ? (termOfError(why) as string[])[0] : why)
    scn.log(`${name}: start -> ${starting[0]}, down ${down}`)
  }
}
