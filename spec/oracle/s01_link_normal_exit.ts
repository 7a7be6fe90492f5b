import { exit, type Pid } from '../../lib/index.ts'
import { linksOf } from './harness/erlang.ts'
import { atom, downOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { match } from './harness/terms.ts'

/** Normal exit of a linked process: ignored when not trapping, message when trapping. */
export const main: Scenario = async function (scn) {
  // linked, not trapping, peer exits normal
  const a = this.spawn(async function () {
    const p = this.spawnLink(() => 'ok')
    scn.name('p', p)
    await this.sleep(50)
    scn.log(`A still alive, links=${scn.fmt(linksOf(this.node, this.self))}`)
  })
  scn.name('A', a)
  const endOfA = await scn.waitDown(this, a)
  match(endOfA === 'normal', endOfA)
  // linked, trapping
  const b = this.spawn(async function () {
    this.trapExit(true)
    const p = this.spawnLink(() => 'ok')
    scn.name('q', p)
    scn.log(`B got ${scn.fmt(await this.receive())}`)
  })
  const endOfB = await scn.waitDown(this, b)
  match(endOfB === 'normal', endOfB)
  // abnormal reasons propagate unchanged to a non-trapping peer
  for (const r of ['shutdown', ['shutdown', 'x'], 'boom', 'kill', 'killed', 'noproc']) {
    const c = this.spawn(async function () {
      this.spawnLink(() => exit(r))
      await this.sleep(1000)
    })
    const why = await scn.waitDown(this, c)
    scn.log(`peer exit(${scn.fmt(r)}) -> linked non-trapping process dies with ${scn.fmt(why)}`)
  }
  // chain: a<-b<-c all die with the same reason
  const me = this.self
  const c1 = this.spawn(async function () {
    const b1 = this.spawnLink(async function () {
      const a1 = this.spawnLink(async function () {
        await this.receive(atom('go'))
        exit('chain')
      })
      this.send(me, ['a', a1])
      await this.sleep(1000)
    })
    this.send(me, ['b', b1])
    await this.sleep(1000)
  })
  const [, a1] = await this.receive(tagged<Pid>('a'))
  const [, b1] = await this.receive(tagged<Pid>('b'))
  const refs = [a1, b1, c1].map((p) => this.monitor(p))
  this.send(a1, 'go')
  for (const [i, n] of ['a', 'b', 'c'].entries())
    scn.log(`chain ${n}: ${scn.fmt((await this.receive(downOf(refs[i]!))).reason)}`)
}
