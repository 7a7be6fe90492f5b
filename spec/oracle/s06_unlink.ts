import { exit } from '../../lib/index.ts'
import { unlink } from './harness/erlang.ts'
import { atom, exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'

/** unlink semantics and double link. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const a = this.spawn(async function () {
    await this.receive(atom('stop'))
    exit('boom')
  })
  scn.name('a', a)
  this.link(a)
  this.link(a)
  this.link(a)
  this.send(a, 'stop')
  await this.sleep(20)
  await scn.mailbox(this, 'linked 3 times')
  const b = this.spawn(async function () {
    await this.receive(atom('stop'))
    exit('boom')
  })
  scn.name('b', b)
  this.link(b)
  this.unlink(b)
  this.send(b, 'stop')
  await this.sleep(20)
  await scn.mailbox(this, 'unlinked before exit')
  const c = this.spawnLink(() => exit('boom'))
  scn.name('c', c)
  await this.sleep(20)
  scn.log(`unlink after exit -> ${unlink(this, c)}`)
  await scn.mailbox(this, 'EXIT already queued stays')
  // canonical unlink+flush idiom
  const e = this.spawnLink(() => exit('boom'))
  await this.sleep(20)
  this.unlink(e)
  await this.receive(exitOf(e), { after: 0 })
  await scn.mailbox(this, 'unlink+flush idiom')
  // links are symmetric: either side can unlink
  const me = this.self
  const f = this.spawn(async function () {
    await this.receive(atom('go'))
    this.unlink(me)
    this.send(me, 'done')
    exit('boom')
  })
  scn.name('f', f)
  this.link(f)
  this.send(f, 'go')
  await this.receive(atom('done'))
  await this.sleep(20)
  await scn.mailbox(this, 'peer unlinked')
  // trap_exit=true returns old value
  scn.log(`process_flag(trap_exit,false) -> ${this.trapExit(false)}`)
  scn.log(`process_flag(trap_exit,true) -> ${this.trapExit(true)}`)
}
