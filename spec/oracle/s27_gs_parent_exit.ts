import { exit, type Pid, TIMEOUT } from '../../lib/index.ts'
import { atom, downOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { started, startSrvLink } from './harness/srv.ts'

/** A start_link'ed server when its parent exits with various reasons. */
export const main: Scenario = async function (scn) {
  for (const t of [false, true]) {
    for (const r of ['normal', 'shutdown', 'boom', 'kill']) {
      const me = this.self
      const parent = this.spawn(async function () {
        const p = await started(startSrvLink(this, { trap: t, name: 's' }))
        this.send(me, ['p', p])
        await this.receive(atom('go'))
        exit(r)
      })
      scn.name('parent', parent)
      const [, p] = await this.receive(tagged<Pid>('p'))
      const m = this.monitor(p)
      this.send(parent, 'go')
      const message = await this.receive(downOf(m), { after: 60 })
      if (message === TIMEOUT) {
        scn.log(`parent exit(${scn.fmt(r)}) trap=${t} -> server survives`)
        this.exit(p, 'kill')
      } else scn.log(`parent exit(${scn.fmt(r)}) trap=${t} -> server down ${scn.fmt(message.reason)}`)
    }
  }
}
