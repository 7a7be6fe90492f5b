import { register, send, unregister } from './harness/erlang.ts'
import { atom, downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { charlist } from './harness/terms.ts'

/** register/unregister/whereis and sends to names / dead pids. */
export const main: Scenario = async function (scn) {
  const { node } = this
  const c = (expression: () => unknown) => scn.catching(expression)
  const p = this.spawn(async function () {
    await this.receive(atom('stop'))
  })
  scn.name('p', p)
  const q = this.spawn(async function () {
    await this.receive(atom('stop'))
  })
  scn.name('q', q)
  scn.log(`register(n,P) -> ${await c(() => register(node, 'n', p))}`)
  scn.log(`register(n,P) again -> ${await c(() => register(node, 'n', p))}`)
  scn.log(`register(n,Q) name taken -> ${await c(() => register(node, 'n', q))}`)
  scn.log(`register(m,P) pid already has a name -> ${await c(() => register(node, 'm', p))}`)
  scn.log(`register(undefined,Q) -> ${await c(() => register(node, 'undefined', q))}`)
  scn.log(`register(dead) -> ${await c(async () => register(node, 'd', await scn.dead(this)))}`)
  scn.log(`register(non-atom) -> ${await c(() => register(node, charlist('s'), q))}`)
  scn.log(`whereis(n) -> ${scn.fmt(node.whereis('n'))}`)
  scn.log(`whereis(zzz) -> ${scn.fmt(node.whereis('zzz'))}`)
  scn.log(`unregister(zzz) -> ${await c(() => unregister(node, 'zzz'))}`)
  scn.log(`unregister(n) -> ${await c(() => unregister(node, 'n'))}`)
  scn.log(`register(m,P) after unregister -> ${await c(() => register(node, 'm', p))}`)
  const r = this.monitor(p)
  this.send(p, 'stop')
  await this.receive(downOf(r))
  scn.log(`name gone by the time DOWN is seen: ${node.whereis('m') === undefined}`)
  scn.log(`register(m,Q) -> ${await c(() => register(node, 'm', q))}`)
  scn.log(`zzz ! x -> ${await c(() => send(this, 'zzz', 'x'))}`)
  scn.log(`{zzz,node()} ! x -> ${await c(() => send(this, { name: 'zzz', node: node.name }, 'x'))}`)
  scn.log(`DeadPid ! x -> ${await c(() => send(this, p, 'x'))}`)
  scn.log(`send(zzz) -> ${await c(() => send(this, 'zzz', 'x'))}`)
  scn.log(`process_info(Q, registered_name) -> ${scn.fmt(node.processInfo(q, 'registered_name'))}`)
  node.unregister('m')
  const unnamed = node.processInfo(q, 'registered_name')
  scn.log(`process_info(Q, registered_name) unnamed -> ${scn.fmt(unnamed)}`)
  scn.log(`process_info(dead, links) -> ${scn.fmt(node.processInfo(p, 'links'))}`)
  // stress: a name is always free after DOWN
  let bad = 0
  for (let round = 0; round < 500; round++) {
    const [, m] = this.spawnMonitor(function () {
      this.node.register('stress', this.self)
    })
    const why = (await this.receive(downOf(m))).reason
    if (why !== 'normal' || node.whereis('stress') !== undefined) bad++
  }
  scn.log(`500 register/exit/DOWN rounds, name still held or taken: ${bad}`)
}
