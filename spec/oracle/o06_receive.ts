import { TIMEOUT } from '../../lib/index.ts'
import { atom } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { charlist, list } from './harness/terms.ts'

/** Selective receive: the earliest message that matches, and the time that is waited for it. */
export const main: Scenario = async function (scn) {
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const me = this.self
  const fill = (messages: readonly unknown[]) => {
    for (const message of messages) this.send(me, message)
  }
  const rest = async (label = 'the rest') => f(label, list(await scn.flush(this)))
  /** `receive Pattern -> _ after Time -> timeout end` */
  const within = async (after: number, match?: (message: unknown) => boolean) => {
    const message = await this.receive(match, { after })
    return message === TIMEOUT ? 'timeout' : message
  }
  scn.log('-- which message')
  fill(['a', 'b', 'c'])
  f('any', await this.receive())
  await rest()
  fill(['a', 'b', 'c'])
  f('b', await this.receive(atom('b')))
  await rest()
  fill(['b', 'a'])
  const clause = await this.receive((message) => message === 'a' || message === 'b')
  f('a clause for a, then one for b', clause === 'a' ? 'first' : 'second')
  await rest()
  const pair = (key: string) => (message: unknown) => Array.isArray(message) && message[0] === key
  fill([
    ['x', 1],
    ['x', 5],
    ['x', 3],
  ])
  const big = await this.receive((message) => pair('x')(message) && Number((message as readonly unknown[])[1]) > 2)
  f('a guard', (big as readonly unknown[])[1])
  await rest()
  fill([1, 'two', 3, charlist('four')])
  f('by type', await this.receive((message) => typeof message === 'string'))
  await rest()
  fill(['a', 'a', 'b', 'a'])
  f('b', await this.receive(atom('b')))
  f('one a', await this.receive(atom('a')))
  await rest()
  scn.log('-- after')
  fill(['x'])
  f('0, none fits', await within(0, atom('y')))
  f('0, one fits', await within(0, atom('x')))
  f('0, empty', await within(0))
  fill(Array.from({ length: 1000 }, (_, i) => i + 1))
  f('0, the last of many', (await within(0, (message) => message === 1000)) === 1000 ? 'found' : 'timeout')
  f('rest', (await scn.flush(this)).length)
  fill(['z', 'y'])
  f('0 looks through all of them', await within(0, atom('y')))
  await rest('rest')
  scn.log('-- messages that do not fit do not restart the time')
  this.spawn(async function () {
    for (let i = 0; i < 10; i++) {
      await this.sleep(200)
      this.send(me, 'noise')
    }
    this.send(me, 'quiet')
  })
  const t0 = this.node.host.monotonic()
  f('timeout', await within(700, atom('signal')))
  const e = this.node.host.monotonic() - t0
  f('in time', e >= 700 && e < 2000)
  await this.receive(atom('quiet'))
  await rest('kept')
  scn.log('-- one that comes in time, one that comes too late')
  const later = (milliseconds: number, message: string) =>
    this.spawn(async function () {
      await this.sleep(milliseconds)
      this.send(me, message)
    })
  later(50, 'soon')
  f('soon', await within(5000, atom('soon')))
  const late = later(500, 'late')
  f('late', await within(30, atom('late')))
  await scn.waitDown(this, late)
  await rest('it is kept')
  scn.log('-- infinity')
  later(50, 'finally')
  f('waits', await within(Number.POSITIVE_INFINITY, atom('finally')))
  scn.log('-- nested')
  fill([
    ['outer', 1],
    ['inner', 2],
    ['inner', 1],
  ])
  const [, k] = (await this.receive(pair('outer'))) as readonly [string, number]
  await this.receive((message) => pair('inner')(message) && (message as readonly unknown[])[1] === k)
  f('outer, then its inner', ['got', k])
  await rest()
  scn.log("-- a receive in a receive's timeout")
  fill(['p', 'q'])
  const nothing = await within(0, atom('nothing'))
  f('q first', nothing === 'timeout' ? await within(0, atom('q')) : 'n')
  await rest()
  scn.log('-- two senders, order of each kept')
  const senders = [1, 2].map((i) =>
    this.spawn(async function () {
      await this.receive(atom('go'))
      for (let n = 1; n <= 50; n++) this.send(me, [i, n])
    }),
  )
  for (const sender of senders) this.send(sender, 'go')
  await scn.settle()
  const messages = (await scn.flush(this)) as (readonly [number, number])[]
  const inOrder = (i: number) => {
    const own = messages.filter(([from]) => from === i)
    return own.length === 50 && own.every(([, n], index) => n === index + 1)
  }
  f('each in order', list([inOrder(1), inOrder(2)]))
  scn.log('-- to itself, while it waits')
  this.send(this.self, 'mine')
  f('mine', await this.receive(atom('mine')))
  this.sendAfter(20, this.self, 'timed')
  f('timed', await within(5000, atom('timed')))
  scn.log('-- bad times')
  const bad = (after: unknown) =>
    scn.catching(() => this.receive(atom('never'), { after: after as number })).then((caught) => charlist(caught))
  f('negative', await bad(-1))
  f('an atom', await bad('soon'))
  f('a float', await bad(1.5))
}
