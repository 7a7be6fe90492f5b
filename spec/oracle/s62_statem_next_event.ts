import { type From, GenStatem, noreply, sys } from '../../lib/index.ts'
import { call, started, startFsm } from './harness/fsm.ts'
import type { Scenario } from './harness/scenario.ts'
import { started as startedSrv, startSrv } from './harness/srv.ts'

const { keepStateAndData, nextEvent, nextState, ok, postpone, reply } = GenStatem

/** next_event order relative to postponed and queued events; internal type; insertion from enter is illegal. */
export const main: Scenario = async function (scn) {
  const p = await started(
    startFsm(this, {
      state: 'a',
      ev(type, content, state, data, from) {
        if (type === 'cast' && content === 'go' && state === 'a') {
          scn.log('go: next_event n1,n2 and state change')
          return nextState('b', data, [
            nextEvent({ type: 'internal', content: 'n1' }),
            nextEvent({ type: 'cast', operation: 'n2', content: undefined }),
          ])
        }
        if (type === 'internal' && content === 'n1' && state === 'b') {
          scn.log('internal n1, adds n3')
          return keepStateAndData([nextEvent({ type: 'info', content: 'n3' })])
        }
        if (state === 'b' && type !== 'call') {
          scn.log(`${scn.fmt(type)} ${scn.fmt(content)}`)
          return keepStateAndData()
        }
        if (state === 'a' && type !== 'call') {
          scn.log(`postpone ${scn.fmt(content)}`)
          return keepStateAndData(postpone())
        }
        return keepStateAndData([reply(from, 'ok')])
      },
    }),
  )
  await sys.suspend(this, p)
  for (const x of ['p1', 'p2', 'go', 'q1']) this.cast(p, x)
  await sys.resume(this, p)
  await call(this, p, 'sync')
  scn.log('-- a faked call event via next_event')
  const q = await started(
    startFsm(this, {
      ev(type, content, _state, _data, from) {
        if (type === 'cast') {
          const [, given] = content as readonly [string, From<unknown>]
          return keepStateAndData([nextEvent({ type: 'call', operation: 'hello', content: undefined, from: given })])
        }
        if (type === 'call' && content === 'hello') return keepStateAndData([reply(from, 'world')])
        scn.log(`${scn.fmt(type)} ${scn.fmt(content)}`)
        return keepStateAndData()
      },
    }),
  )
  // The original makes a From of its own; here one comes with a call, which another server leaves to this one.
  const other = await startedSrv(startSrv(this, { name: 'other' }))
  const answer = this.call(other, 'do', function (from, state) {
    this.cast(q, 'fwd', from)
    return noreply(state)
  })
  scn.log(`reply ${scn.fmt(await answer)}`)
  scn.log('-- next_event from init runs before queued messages')
  const z = await started(
    startFsm(this, {
      init() {
        this.send(this.self, 'queued')
        return ok('s', 0, [nextEvent({ type: 'internal', content: 'first' })])
      },
      ev(type, content, _state, _data, from) {
        if (type === 'call') return keepStateAndData([reply(from, 'ok')])
        scn.log(`${scn.fmt(type)} ${scn.fmt(content)}`)
        return keepStateAndData()
      },
    }),
  )
  await call(this, z, 'sync')
  scn.log('-- next_event in a state enter call')
  this.trapExit(true)
  const v = await started(
    startFsm(this, {
      enter: true,
      ev: () => keepStateAndData([nextEvent({ type: 'internal', content: 'x' })]),
    }),
  )
  const w = await scn.waitDown(this, v)
  scn.log(
    `down ${w === 'noproc' ? 'bad_state_enter_action_from_state_function' : scn.fmt((w as { code: unknown }).code)}`,
  )
}
