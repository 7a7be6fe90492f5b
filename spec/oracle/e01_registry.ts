import {
  _,
  Agent,
  type Context,
  type ExitMessage,
  Fault,
  type Pid,
  Registry,
  type RegistryOptions,
  type StartResult,
  variable,
} from '../../lib/index.ts'
import { binary, elixir, exceptionOf, messageOf } from './harness/elixir.ts'
import { isExit, tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { error, type List, list } from './harness/terms.ts'

type Keys = Registry<unknown, unknown>

/** The match `{:ok, pid} = result`. */
async function okOf<P>(starting: Promise<StartResult<P>>): Promise<Pid<P>> {
  const result = await starting
  if (result === 'ignore' || result[0] === 'error') return error('badmatch', result)
  return result[1]
}

async function startRegistry(self: Context, name: string, options: RegistryOptions): Promise<Keys> {
  const registry = new Registry<unknown, unknown>(name, options)
  await okOf(registry.startLink(self))
  return registry
}

function byValue(entries: readonly (readonly [Pid, unknown])[]): List {
  return list([...entries].sort(([, a], [, b]) => Number(a) - Number(b)))
}

function sorted(keys: readonly unknown[]): List {
  return list([...keys].sort((a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array)))
}

/** `try ... rescue e in ArgumentError -> ...` */
function rescued(expression: () => unknown, show: (fault: Fault) => unknown): unknown {
  try {
    return expression()
  } catch (thrown) {
    if (thrown instanceof Fault) return show(thrown)
    throw thrown
  }
}

async function stops(this: Context): Promise<void> {
  await this.receive((message): message is unknown => message === 'stop')
}

/** Elixir Registry: unique/duplicate, via, lookups, values, dispatch, listeners, death cleanup. */
export const main: Scenario = async function (scn) {
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(elixir(term))}`)
  const [k, k2, t, m] = ['k', 'k2', 't', 'm'].map(binary)
  const me = this.self

  const U = await startRegistry(this, 'Elixir.U', { keys: 'unique', listeners: ['lis'] })
  this.node.register('lis', me)
  f('register', U.register(this, k, 1))
  f('register same key same pid', U.register(this, k, 2))
  f('lookup', list(U.lookup(this, k)))
  f('whereis_name', U.whereis(this, k))
  const p = scn.spawnNamed(this, 'p', async function () {
    const [, from] = await this.receive(tagged<Pid>('reg'))
    this.send(from, ['r', U.register(this, k, 3)])
    await stops.call(this)
  })
  this.send(p, ['reg', me])
  f('register taken key from other pid', (await this.receive(tagged('r')))[1])
  f('keys', list(U.keys(this, me)))
  f('second key', U.register(this, k2, 'v'))
  f('keys', sorted(U.keys(this, me)))
  f(
    'update_value',
    U.updateValue(this, k, (value) => Number(value) + 10),
  )
  f(
    'update_value not owner',
    U.updateValue(this, binary('zz'), (value) => value),
  )
  f('values', list(U.values(this, k, me)))
  f('match', list(U.match(this, k, 11)))
  f('count', U.count(this))
  f('count_match', U.countMatch(this, k, _))
  f('unregister', U.unregister(this, k))
  f('unregister again', U.unregister(this, k))
  f('lookup', list(U.lookup(this, k)))

  const agent = U.via<Agent.AgentApi<number>>(binary('agent'))
  const agent2 = U.via<Agent.AgentApi<number>>(binary('agent2'), 'meta')
  const a = await okOf(Agent.startLink(this, () => 0, { name: agent }))
  scn.name('agent', a)
  f('via call', await Agent.get(this, agent, (value) => value))
  f('via already_started', await Agent.startLink(this, () => 0, { name: agent }))
  f('via with value', (await Agent.startLink(this, () => 0, { name: agent2 }))[0])
  const values = U.lookup(this, binary('agent2')).map(([, value]) => value)
  f('its value', list(values))
  const missing = U.via<{ call: { x(): unknown } }>(binary('none'))
  f('via missing', ['exit', await this.call(missing, 'x').catch((exit: unknown) => exit)])
  f('Registry.send missing', [
    'error',
    rescued(
      () => this.send(missing, 'x'),
      ({ code }) => code,
    ),
  ])
  await scn.settle()
  const heard = (await scn.flush(this)) as unknown[][]
  const fours = heard.filter((message) => message.length === 4 && message[1] === 'Elixir.U')
  f('listener messages', list(fours.map((message) => [message[0], message[2], message.length])))
  const ref = this.monitor(a)
  await Agent.stop(this, a)
  await this.receive((message): message is unknown => (message as { ref?: unknown }).ref === ref)
  const label = 'lookup right after DOWN never returns a dead pid for unique keys'
  f(label, list(U.lookup(this, binary('agent'))))
  await scn.settle()
  f('unregister event on death', list(await scn.flush(this)))
  f('meta', [U.putMeta(this, 'm', 1), U.meta(this, 'm'), U.meta(this, 'none')])
  const pairs = U.clause([variable('key'), _, variable('value')], ({ key, value }) => [key, value] as const)
  f('select', list(U.select(this, pairs).toSorted(([a], [b]) => Buffer.compare(a as Uint8Array, b as Uint8Array))))
  const shown = (what: string) => (entries: unknown) => f(what, entries)
  f(
    'dispatch on unique',
    U.dispatch(this, k2, (entries) => shown('  entries')(list(entries))),
  )
  f(
    'dispatch missing key',
    U.dispatch(this, binary('none'), () => f('called', 1)),
  )

  const D = await startRegistry(this, 'Elixir.D', { keys: 'duplicate' })
  D.register(this, t, 1)
  D.register(this, t, 2)
  const q = scn.spawnNamed(this, 'q', async function () {
    D.register(this, t, 3)
    this.send(me, 'ok')
    await stops.call(this)
  })
  await this.receive((message): message is unknown => message === 'ok')
  f('duplicate lookup', byValue(D.lookup(this, t)))
  f('keys has one entry per registration', list(D.keys(this, me)))
  D.dispatch(this, t, (entries) => shown('  dispatch entries')(byValue(entries)))
  f('unregister removes all own entries', [D.unregister(this, t), list(D.lookup(this, t))])
  f(
    'update_value on duplicate',
    rescued(() => D.updateValue(this, t, (value) => value), exceptionOf),
  )
  f(
    'via on duplicate',
    rescued(() => D.whereis(this, t), exceptionOf),
  )
  this.send(q, 'stop')
  await scn.waitDown(this, q)
  await scn.settle()
  f('after death', list(D.lookup(this, t)))
  const nope = new Registry('nope', { keys: 'unique' })
  f(
    'unknown registry',
    rescued(() => nope.lookup(this, t), messageOf),
  )
  D.register(this, m, ['x', 1])
  D.register(this, m, ['y', 1])
  f('unregister_match', [D.unregisterMatch(this, m, ['x', _]), list(D.lookup(this, m))])

  const DP = await startRegistry(this, 'Elixir.DP', { keys: 'duplicate', partitions: 2 })
  for (const i of [1, 2, 3]) DP.register(this, t, i)
  DP.dispatch(this, t, (entries) => this.send(me, ['part', entries.length]))
  f('dispatch on partitioned duplicate: calls (one per non-empty partition)', list(await scn.flush(this)))
  this.trapExit(true)
  const X = new Registry<unknown, unknown>('Elixir.X', { keys: 'unique' })
  const r = await okOf(X.startLink(this))
  X.register(this, 1, 1)
  const pr = this.node.whereis('Elixir.X.PIDPartition0')
  this.unlink(r)
  this.exit(r, 'kill')
  await scn.settle()
  const exits = (await scn.flush(this)).filter((message): message is ExitMessage => isExit(message))
  const why = exits.filter(({ from }) => from === pr).map(({ reason }) => reason)
  f('registry dies -> registered processes linked to it', list(why))
}
