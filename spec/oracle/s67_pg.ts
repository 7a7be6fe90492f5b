import { type Context, type GroupEvent, pg } from '../../lib/index.ts'
import type { Scenario } from './harness/scenario.ts'
import { charlist, list } from './harness/terms.ts'

async function stops(this: Context): Promise<void> {
  await this.receive((message): message is unknown => message === 'stop')
}

/** pg on one node: join/leave, multiple joins, monitors, death, scopes. */
export const main: Scenario = async function (scn) {
  await pg.start(this, 'sc')
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const members = (scope: string, group: string) => list(pg.getMembers(this, scope, group))
  const events = async (tag: string) => {
    await scn.settle(40)
    const heard = (await scn.flush(this)) as GroupEvent[]
    scn.log(`${tag}: ${scn.fmt(list(heard.map(([ref, action, group, pids]) => [ref, action, group, list(pids)])))}`)
  }
  const p = scn.spawnNamed(this, 'p', stops)
  const q = scn.spawnNamed(this, 'q', stops)
  f('members of unknown group', members('sc', 'g'))
  f('join', await pg.join(this, 'sc', 'g', p))
  f('join twice', await pg.join(this, 'sc', 'g', p))
  f('join q', await pg.join(this, 'sc', 'g', q))
  f('members (duplicates kept, newest first)', members('sc', 'g'))
  f('local members', list(pg.getLocalMembers(this, 'sc', 'g')))
  f('leave p once', await pg.leave(this, 'sc', 'g', p))
  f('members', members('sc', 'g'))
  f('leave not member', await pg.leave(this, 'sc', 'other', p))
  f('leave list', await pg.leave(this, 'sc', 'g', [p, q]))
  f('groups now', list(pg.whichGroups(this, 'sc')))
  f('join list', await pg.join(this, 'sc', 'h', [p, q, p]))
  f('members', members('sc', 'h'))
  f('groups', list(pg.whichGroups(this, 'sc')))
  f('which_local_groups', list(pg.whichLocalGroups(this, 'sc')))
  const [r, initial] = await pg.monitor(this, 'sc', 'h')
  f('monitor initial', list(initial))
  await pg.join(this, 'sc', 'h', q)
  await pg.leave(this, 'sc', 'h', q)
  await events('events')
  this.send(p, 'stop')
  await scn.waitDown(this, p)
  pg.getMembers(this, 'sc', 'h')
  await scn.settle()
  await events('p died (it had joined twice): one leave event per join')
  f('members after death', members('sc', 'h'))
  f('demonitor', await pg.demonitor(this, 'sc', r))
  f('demonitor again', await pg.demonitor(this, 'sc', r))
  await pg.join(this, 'sc', 'h', this.self)
  await events('no events after demonitor')
  const [, all] = await pg.monitorScope(this, 'sc')
  const groups = Array.from(all, ([group, pids]) => [String(group), list(pids)] as const)
  f('monitor_scope initial', Object.fromEntries(groups))
  await pg.join(this, 'sc', 'new', this.self)
  await pg.leave(this, 'sc', 'new', this.self)
  await events('scope events')
  const said = async (expression: () => unknown) => charlist(await scn.catching(expression))
  f('other scope not started: get_members', await said(() => members('nosc', 'g')))
  f('join in missing scope', await said(() => pg.join(this, 'nosc', 'g', this.self)))
  await pg.start(this, 'sc2')
  f('scopes are separate', members('sc2', 'h'))
  const again = await pg.start(this, 'sc')
  const isTaken =
    again !== 'ignore' && again[0] === 'error' && (again[1] as readonly unknown[])[0] === 'already_started'
  f('start again', isTaken ? 'already_started' : again)
  f('join dead pid', await pg.join(this, 'sc', 'd', p))
  await scn.settle()
  f('dead pid removed again', members('sc', 'd'))
  f('join non pid', await said(() => pg.join(this, 'sc', 'd', 'foo' as never)))
}
