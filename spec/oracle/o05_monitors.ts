import { type Context, exit, type Pid, Ref } from '../../lib/index.ts'
import { register, unregister } from './harness/erlang.ts'
import { atom, downOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { error, list } from './harness/terms.ts'

type Run = (this: Context) => unknown

/** Monitors: dead processes, names, flush, info, tag. */
export const main: Scenario = async function (scn) {
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const c = async (label: string, run: () => unknown) => scn.log(`${label} -> ${await scn.catching(run)}`)
  let n = 0
  const live = (): Pid => {
    n++
    return scn.spawnNamed(this, `p${n}`, async function () {
      const message = (await this.receive()) as 'stop' | readonly ['do', Run]
      return message === 'stop' ? exit('stopped') : message[1].call(this)
    })
  }
  const noRef = (): Ref => {
    const ref = this.alias()
    this.unalias(ref)
    return ref
  }
  const mailbox = (label = 'mailbox') => scn.mailbox(this, label)
  scn.log('-- reasons')
  const ends: readonly [string, Run][] = [
    ['returns', () => 'ok'],
    ['exit', () => exit('bye')],
    ['exit normal', () => exit('normal')],
    ['error', () => error('oops')],
    [
      'throw',
      () => {
        throw 'ball'
      },
    ],
    [
      'kill',
      function () {
        this.exit(this.self, 'kill')
      },
    ],
    ['exit kill', () => exit('kill')],
    ['shutdown', () => exit(['shutdown', 'x'])],
  ]
  for (const [label, run] of ends) {
    const p = live()
    this.monitor(p)
    this.send(p, ['do', run])
    await mailbox(label)
  }
  scn.log('-- who is not there')
  this.monitor(await scn.dead(this))
  await mailbox('dead')
  this.monitor('nobody')
  await mailbox('unregistered')
  this.monitor({ name: 'nobody', node: this.node.name })
  await mailbox('with node')
  scn.log('-- names')
  const p1 = live()
  register(this.node, 'bob', p1)
  this.monitor('bob')
  this.monitor({ name: 'bob', node: this.node.name })
  this.send(p1, ['do', () => exit('gone')])
  await this.sleep(100)
  scn.log(scn.fmt(list(await scn.flush(this))))
  const p2 = live()
  register(this.node, 'bob', p2)
  this.monitor('bob')
  unregister(this.node, 'bob')
  const p3 = live()
  register(this.node, 'bob', p3)
  this.send(p2, 'stop')
  await mailbox('follows the process, not the name')
  this.send(p3, 'stop')
  await scn.settle()
  scn.log('-- many monitors')
  const p4 = live()
  const ms = [this.monitor(p4), this.monitor(p4), this.monitor(p4)]
  f('all refs differ', new Set(ms.map(String)).size)
  this.demonitor(ms[1]!)
  this.send(p4, 'stop')
  await mailbox('two left')
  const demonitor = (ref: Ref, options?: { flush?: boolean }): true => {
    this.demonitor(ref, options)
    return true
  }
  scn.log('-- itself')
  const s = this.monitor(this.self)
  f('is a ref', s instanceof Ref)
  await mailbox()
  f('demonitor', demonitor(s))
  f('info', this.demonitor(this.monitor(this.self)))
  scn.log('-- demonitor')
  const info = (ref: Ref, options?: { flush?: boolean }): boolean => this.demonitor(ref, options)
  const flush = { flush: true }
  /** A monitor of a process that has ended since. */
  const fired = async (tag?: string): Promise<Ref> => {
    const p = live()
    const m = this.monitor(p, tag === undefined ? {} : { tag })
    this.send(p, 'stop')
    await scn.settle()
    return m
  }
  const p5 = live()
  const m5 = this.monitor(p5)
  f('active', demonitor(m5))
  f('again', demonitor(m5))
  f('again, info', info(m5))
  this.send(p5, 'stop')
  await mailbox()
  const p6 = live()
  f('active, info', info(this.monitor(p6)))
  this.send(p6, 'stop')
  await mailbox()
  f('fired', demonitor(await fired()))
  await mailbox('stays')
  f('fired, info', info(await fired()))
  await mailbox('stays')
  f('fired, flush', demonitor(await fired(), flush))
  await mailbox('flushed')
  const m10 = await fired()
  this.send(this.self, 'other')
  f('fired, flush and info', info(m10, flush))
  await mailbox('only that')
  const p11 = live()
  f('active, flush and info', info(this.monitor(p11), flush))
  this.send(p11, 'stop')
  await mailbox()
  const p12 = live()
  const m12 = this.monitor(p12)
  this.send(p12, 'stop')
  await this.receive(downOf(m12))
  f('received, flush and info', info(m12, flush))
  f('received', demonitor(m12))
  f('unknown', demonitor(noRef()))
  f('unknown, info', info(noRef()))
  f('unknown, flush and info', info(noRef(), flush))
  await c('no ref', () => this.demonitor('x' as never))
  const md = this.monitor(await scn.dead(this))
  await scn.settle()
  f('dead, info', info(md))
  await mailbox('noproc is there')
  const md2 = this.monitor(await scn.dead(this))
  await scn.settle()
  f('dead, flush', demonitor(md2, flush))
  await mailbox()
  const mn = this.monitor('nobody')
  await scn.settle()
  f('nobody, flush and info', info(mn, flush))
  await mailbox()
  scn.log('-- tag')
  const gone = { tag: 'gone' }
  const p13 = live()
  this.monitor(p13, gone)
  this.send(p13, 'stop')
  await mailbox()
  this.monitor(await scn.dead(this), gone)
  await mailbox('dead')
  this.monitor('nobody', gone)
  await mailbox('nobody')
  f('flush', info(await fired('gone'), flush))
  await mailbox('another tag, too')
  const p16 = live()
  const m16 = this.monitor(p16, {})
  this.send(p16, 'stop')
  f('no options', (await this.receive(downOf(m16))).reason)
  const atOnce = () => exit('at_once')
  scn.name('spawned', this.spawnOpt(atOnce, { monitor: gone })[0])
  await mailbox('spawned')
  scn.name('spawned', this.spawnMonitor(atOnce)[0])
  await mailbox('spawned')
  scn.log('-- one-sided, and not of others')
  const p19 = live()
  const me = this.self
  this.spawn(async function () {
    this.send(me, ['m', this.monitor(p19)])
    await this.receive(atom('done'))
  })
  const [, mo] = await this.receive(tagged<Ref>('m'))
  await c('of another process', () => demonitor(mo))
  f('alive', this.node.isAlive(p19))
  const w1 = this.spawn(function () {
    this.monitor(p19)
    this.send(me, 'ready')
    exit('watcher_ends')
  })
  await this.receive(atom('ready'))
  await scn.waitDown(this, w1)
  f('the watched lives', this.node.isAlive(p19))
  this.send(p19, 'stop')
  await scn.settle()
  scn.log('-- what is refused')
  await c('a number', () => this.monitor(42 as never))
  await c('a ref', () => this.monitor(noRef() as never))
  scn.log('-- order: the last message, then DOWN')
  const p20 = scn.spawnNamed(this, 'talker', async function () {
    await this.receive(atom('go'))
    this.send(me, 'a')
    this.send(me, 'b')
  })
  this.monitor(p20)
  this.send(p20, 'go')
  await mailbox()
  scn.log('-- a resource is free when DOWN is there')
  const free: unknown[] = []
  for (let i = 0; i < 2; i++) {
    const p = live()
    register(this.node, 'res', p)
    const m = this.monitor(p)
    this.send(p, 'stop')
    await this.receive(downOf(m))
    free.push([this.node.whereis('res'), this.node.isAlive(p), this.node.processInfo(p, 'status')])
  }
  f('names free', list(free))
}
