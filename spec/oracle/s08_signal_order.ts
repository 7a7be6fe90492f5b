import { exit } from '../../lib/index.ts'
import { seq } from './harness/erlang.ts'
import { atom, downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'

const same = (a: readonly unknown[], b: readonly unknown[]) => a.length === b.length && a.every((x, i) => x === b[i])

/** Signals between one pair of processes are ordered, across signal kinds. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const me = this.self
  const s = this.spawnLink(function () {
    for (const i of seq(5)) this.send(me, i)
    exit('done')
  })
  scn.name('s', s)
  this.monitor(s)
  await this.sleep(30)
  const ms = await scn.flush(this)
  const integers = ms.filter((x) => typeof x === 'number')
  scn.log(`5 messages then exit: messages first: ${same(integers, seq(5)) && same(ms.slice(0, 5), seq(5))}`)
  const rest = ms.slice(5).map((x) => (x as { type: string }).type)
  scn.log(`then EXIT and DOWN both present: ${scn.fmt(list(rest.sort()))}`)
  // message then exit signal to a non-trapping process: message may be handled, signal ends it afterwards
  const t = this.spawn(async function () {
    await this.receive(atom('a'))
    scn.log('T handled a')
    await this.receive(() => false, { after: Number.POSITIVE_INFINITY })
  })
  const r = this.monitor(t)
  this.send(t, 'a')
  await this.sleep(20)
  this.exit(t, 'stop')
  scn.log(`T down ${scn.fmt((await this.receive(downOf(r))).reason)}`)
  // exit signal followed by is_process_alive from the same sender always sees it dead
  let n = 0
  for (let round = 0; round < 2000; round++) {
    const p = this.spawn(async function () {
      await this.receive(() => false, { after: Number.POSITIVE_INFINITY })
    })
    this.exit(p, 'kill')
    if (this.node.isAlive(p)) n++
  }
  scn.log(`2000x exit(P,kill), is_process_alive(P): alive ${n} times`)
  // 10000 interleaved messages from two senders keep per-sender order
  const snd = (tag: string) =>
    this.spawn(function () {
      for (const i of seq(5000)) this.send(me, [tag, i])
    })
  snd('x')
  snd('y')
  const got: (readonly [string, number])[] = []
  const isTagged = (m: unknown): m is [string, number] => Array.isArray(m) && (m[0] === 'x' || m[0] === 'y')
  for (let count = 0; count < 10_000; count++) {
    got.push(await this.receive(isTagged))
  }
  const of = (tag: string) => got.filter(([from]) => from === tag).map(([, i]) => i)
  scn.log(`per-sender order kept: ${same(of('x'), seq(5000)) && same(of('y'), seq(5000))}`)
}
