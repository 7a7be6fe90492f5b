import { type ChildSpec, Supervisor } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

/** start_child/terminate_child/restart_child/delete_child/get_childspec return values. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const s = await tsup.start(this, {}, [kid.spec('a')])
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(term)}`)
  const start = (spec: ChildSpec) => Supervisor.startChild(this, s, spec)
  const terminate = (id: unknown) => Supervisor.terminateChild(this, s, id)
  const restart = (id: unknown) => Supervisor.restartChild(this, s, id)
  const remove = (id: unknown) => Supervisor.deleteChild(this, s, id)
  const childspec = (id: unknown) => Supervisor.getChildspec(this, s, id)
  const which = () => Supervisor.whichChildren(this, s)
  f('start_child b', await start(kid.spec('b')))
  f('start_child b again (running)', await start(kid.spec('b')))
  f('restart running', await restart('b'))
  f('delete running', await remove('b'))
  f('terminate b', await terminate('b'))
  f('terminate b again', await terminate('b'))
  f('start_child b (terminated)', await start(kid.spec('b')))
  f('restart b', await restart('b'))
  f('terminate b', await terminate('b'))
  f('delete b', await remove('b'))
  const operations = {
    terminate_child: terminate,
    restart_child: restart,
    delete_child: remove,
    get_childspec: childspec,
  }
  for (const [op, operation] of Object.entries(operations)) f(`${op} unknown`, await operation('zz'))
  f('start temporary t', await start(kid.spec('t', { restart: 'temporary' })))
  f('terminate temporary deletes spec', await terminate('t'))
  f('restart t', await restart('t'))
  const ignore: kid.KidOptions = { init: () => 'ignore' }
  f('start_child ignore', await start(kid.spec('i', {}, ignore)))
  f('its spec stays', list((await which()).map(([i, p]) => [i, p])))
  f('start_child ignore temporary', await start(kid.spec('it', { restart: 'temporary' }, ignore)))
  const failing = await start(kid.spec('f', {}, { init: () => ['stop', 'why'] }))
  const [, [why, record]] = failing as readonly ['error', readonly [unknown, readonly unknown[]]]
  f('start_child failing', ['error', [why, [record[0], 'record', 'size', record.length]]])
  f('failed child not added', list((await which()).map(([i]) => i)))
  f('bad spec', await start({ id: 'x' } as never))
  f('bad spec 2', await start('nonsense' as never))
  f('bad restart type', await start(kid.spec('x', { restart: 'sometimes' as never })))
  f('bad shutdown', await start(kid.spec('x', { shutdown: -1 })))
  f('by pid terminate in one_for_one', await terminate(await kid.pid(this, s, 'a')))
  const found = await childspec(await kid.pid(this, s, 'a'))
  f('get_childspec by pid', found[0] === 'ok' ? ['ok', found[1].id] : found)
  f('count', list(Object.entries(await Supervisor.countChildren(this, s))))
  this.send(s, 'hello')
  await Supervisor.countChildren(this, s)
  f('unknown message', this.node.isAlive(s))
  scn.log(`unknown call -> "${await scn.catching(() => this.call(s, 'foo' as never, ...([] as never)))}"`)
}
