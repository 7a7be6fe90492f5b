import { type Context, type DownMessage, type ExitMessage, exit, type Pid } from '../../lib/index.ts'
import { register } from './harness/erlang.ts'
import { atom, downOf, exitOf, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'

async function wait(this: Context): Promise<void> {
  await this.receive(atom('never'))
}

/** Signals at the same time: the first reason wins, and what ends a process frees what it had first. */
export const main: Scenario = async function (scn) {
  const me = this.self
  const t = async (label: string, act: (p: Pid) => void): Promise<void> => {
    const p = scn.spawnNamed(this, 'p', wait)
    const m = this.monitor(p)
    act(p)
    scn.log(`${label} -> ${scn.fmt((await this.receive(downOf(m))).reason)}`)
    await scn.mailbox(this, '   left')
  }
  const exits =
    (...reasons: readonly string[]) =>
    (p: Pid) => {
      for (const reason of reasons) this.exit(p, reason)
    }
  await t('a, b', exits('a', 'b'))
  await t('a, kill', exits('a', 'kill'))
  await t('kill, a', exits('kill', 'a'))
  await t('normal, a', exits('normal', 'a'))
  await t('kill, kill', exits('kill', 'kill'))
  await t('a message, then a', (p) => {
    this.send(p, 'hello')
    this.exit(p, 'a')
  })
  await t('shutdown, kill', exits('shutdown', 'kill'))
  await t('a, then demonitored by nobody, b', (p) => {
    this.exit(p, 'a')
    this.node.isAlive(p)
    this.exit(p, 'b')
  })
  scn.log('-- trapping')
  const tt = async (label: string, act: (p: Pid) => void): Promise<void> => {
    const p = scn.spawnNamed(this, 't', async function () {
      this.trapExit(true)
      this.send(me, 'ready')
      await wait.call(this)
    })
    const m = this.monitor(p)
    await this.receive(atom('ready'))
    act(p)
    await scn.settle()
    if (this.node.isAlive(p)) {
      const [key, messages] = this.node.processInfo(p, 'messages') as readonly [string, readonly unknown[]]
      scn.log(`${label} -> ${scn.fmt([key, list(messages)])}`)
      this.exit(p, 'kill')
      await this.receive(downOf(m))
    } else scn.log(`${label} -> ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  }
  await tt('a, b', exits('a', 'b'))
  await tt('a, kill', exits('a', 'kill'))
  await tt('kill, a', exits('kill', 'a'))
  await tt('message, a, message, normal', (p) => {
    this.send(p, 'm1')
    this.exit(p, 'a')
    this.send(p, 'm2')
    this.exit(p, 'normal')
  })
  scn.log('-- links')
  this.trapExit(true)
  const l1 = scn.name('l1', this.spawnLink(wait))
  exits('a', 'b')(l1)
  await scn.mailbox(this, 'one exit message')
  const a = scn.spawnNamed(this, 'a', wait)
  const b = scn.spawnNamed(this, 'b', async function () {
    this.link(a)
    this.send(me, 'linked')
    await wait.call(this)
  })
  await this.receive(atom('linked'))
  const ma = this.monitor(a)
  const mb = this.monitor(b)
  this.exit(a, 'first')
  this.exit(b, 'second')
  const wa = (await this.receive(downOf(ma))).reason
  const wb = (await this.receive(downOf(mb))).reason
  scn.log(`a ${scn.fmt(wa)}, b is one of both ${['first', 'second'].includes(String(wb))}`)
  const h = scn.spawnNamed(this, 'hub', async function () {
    this.send(me, ['kids', [this.spawnLink(wait), this.spawnLink(wait), this.spawnLink(wait)]])
    await wait.call(this)
  })
  const [, kids] = await this.receive(tagged<readonly Pid[]>('kids'))
  const monitors = [this.monitor(h), ...kids.map((kid) => this.monitor(kid))]
  this.exit(kids[1]!, 'boom')
  const ends: unknown[] = []
  for (const monitor of monitors) ends.push((await this.receive(downOf(monitor))).reason)
  scn.log(`all end with the first reason: ${scn.fmt(list(ends))}`)
  await scn.mailbox(this, 'mailbox')
  scn.log("-- a process's own end, and a signal that comes after it")
  const s = scn.spawnNamed(this, 's', async function () {
    await this.receive(atom('go'))
    exit('own')
  })
  const ms = this.monitor(s)
  this.send(s, 'go')
  await scn.settle()
  this.exit(s, 'late')
  scn.log(scn.fmt((await this.receive(downOf(ms))).reason))
  await scn.mailbox(this, 'mailbox')
  const twice = (trap: boolean) =>
    scn.spawnNamed(this, 'q', function () {
      if (trap) this.trapExit(true)
      this.exit(this.self, 'first')
      exit('second')
    })
  scn.log(`to itself first: ${scn.fmt(await scn.waitDown(this, twice(false)))}`)
  scn.log(`to itself, trapping: ${scn.fmt(await scn.waitDown(this, twice(true)))}`)
  scn.log('-- messages that were queued are lost')
  const v = scn.spawnNamed(this, 'v', wait)
  this.send(v, [me, 'm'])
  this.send(v, [me, 'm'])
  this.exit(v, 'gone')
  await scn.mailbox(this, 'mailbox')
  const told = new Set<string>()
  for (let i = 1; i <= 300; i++) {
    const p = this.spawn(async function () {
      register(this.node, 'res', this.self)
      this.send(me, 'up')
      await wait.call(this)
    })
    await this.receive(atom('up'))
    let match: (message: unknown) => boolean
    if (i % 2 === 0) match = downOf(this.monitor(p))
    else {
      this.link(p)
      match = exitOf(p)
    }
    exits('kill', 'x')(p)
    const { reason } = (await this.receive(match)) as DownMessage | ExitMessage
    told.add(scn.fmt([reason, this.node.whereis('res'), this.node.isAlive(p)]))
  }
  scn.log(`-- free when it is told: [${[...told]}]`)
  const alive = new Set<boolean>()
  for (let i = 1; i <= 300; i++) {
    const p = this.spawn(wait)
    this.exit(p, 'kill')
    alive.add(this.node.isAlive(p))
  }
  scn.log(`-- never alive after a kill of the same process: [${[...alive]}]`)
}
