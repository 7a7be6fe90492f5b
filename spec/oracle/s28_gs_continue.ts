import { noreply, ok, reply, stop, sys, TIMEOUT } from '../../lib/index.ts'
import type { Scenario } from './harness/scenario.ts'
import { started, startSrv } from './harness/srv.ts'

/** handle_continue runs before anything already queued; chains; from call/cast/info; with reply. */
export const main: Scenario = async function (scn) {
  // messages queued during init are handled after continue
  const p = await started(
    startSrv(this, {
      name: 's',
      init() {
        this.send(this.self, 'queued_info')
        this.cast(this.self, 'message', 'queued_cast')
        scn.log('init')
        return ok(0, { continue: 'a' })
      },
      continue(what, state) {
        if (what !== 'a') {
          scn.log(`continue ${scn.fmt(what)}`)
          return noreply(state)
        }
        scn.log('continue a')
        this.send(this.self, 'from_a')
        return noreply(state, { continue: 'b' })
      },
      call(request, _from, state) {
        if (request !== 'c') return reply('ok', state)
        scn.log('call c')
        this.send(this.self, 'during_call')
        return reply('r', state, { continue: 'after_reply' })
      },
    }),
  )
  await this.call(p, 'sync')
  await scn.settle()
  await this.call(p, 'c')
  await this.call(p, 'sync')
  await scn.settle()
  const q = await started(
    startSrv(this, {
      name: 'q',
      call(request, _from, state) {
        if (request !== 'c') return reply('ok', state)
        this.send(this.self, 'during_call')
        return reply('r', state, { continue: 'k' })
      },
      continue(what, state) {
        scn.log(`q continue ${scn.fmt(what)}`)
        return noreply(state)
      },
    }),
  )
  const r = await this.call(q, 'c')
  await this.call(q, 'sync')
  await scn.settle()
  scn.log(`call returned ${scn.fmt(r)}`)
  // continue that stops
  const z = await started(
    startSrv(this, {
      name: 'z',
      init: () => ok(0, { continue: 'die' }),
      continue: (_die, state) => stop('in_continue', state),
    }),
  )
  const w = await scn.waitDown(this, z)
  scn.log(`start ok even though continue will stop; down ${w === 'noproc' ? 'in_continue' : scn.fmt(w)}`)
  // start_link returns before continue runs
  const me = this.self
  let go: (() => void) | undefined
  const y = await started(
    startSrv(this, {
      name: 'y',
      init: () => ok(0, { continue: 'slow' }),
      async continue(_slow, state) {
        await new Promise<void>((resolve) => {
          go = resolve
        })
        this.send(me, 'continued')
        return noreply(state)
      },
    }),
  )
  const isContinued = (message: unknown) => message === 'continued'
  const before = await this.receive(isContinued, { after: 30 })
  if (before === TIMEOUT) scn.log('start returned while continue still running')
  else scn.log('continue ran before start returned')
  go?.()
  await this.receive(isContinued)
  scn.log(`system messages wait for continue too: ${scn.fmt(await sys.getState(this, y))}`)
}
