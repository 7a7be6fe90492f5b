import {
  Agent,
  type ChildSpec,
  type Context,
  child,
  type Dest,
  DynamicSupervisor,
  Exit,
  exit,
  Fault,
  type GenServer,
  ignore,
  multiCall,
  noreply,
  type Ok,
  ok,
  PartitionSupervisor,
  type Pid,
  Registry,
  reply,
  type StartOptions,
  type StartResult,
  Supervisor,
  start,
  sys,
  Task,
} from '../../lib/index.ts'
import { elixir } from './harness/elixir.ts'
import * as kid from './harness/kid.ts'
import type { Scenario } from './harness/scenario.ts'
import type { Scn } from './harness/scn.ts'
import { charlist, error, GlobalName, list } from './harness/terms.ts'

interface Options {
  readonly init?: () => Ok<unknown> | ReturnType<typeof ignore>
}

interface GApi {
  state: unknown
  init: [options: Options]
  call: { get(): unknown; boom(): never }
  cast: { set(value: unknown): void }
}

const G: GenServer<GApi> = {
  init: (options) => options.init?.() ?? ok(0),
  handleCall: {
    get: (_request, _from, state) => reply(state, state),
    boom: () => error('boom'),
  },
  handleCast: { set: (value) => noreply(value) },
}

const Bare: GenServer<{ state: number; init: [number]; call: object }> = { init: (x) => ok(x), handleCall: {} }

/** What Elixir's default callbacks would be asked: an operation that the server does not have. */
interface AnyApi {
  call: { x(): unknown; hey(): unknown; get(): unknown; boom(): unknown }
  cast: { x(): void }
}

/** `GenServer.whereis/1` */
function whereis(self: Context, to: Exclude<Dest, Pid>): Pid | undefined {
  if (typeof to === 'object' && 'via' in to) return to.via.whereisName(to.key, self.node)
  return self.node.whereis(typeof to === 'string' ? to : to.name)
}

/** `GenServer.stop/1`, which is `proc_lib:stop/3` with the place of the failure told. */
async function stop(self: Context, server: Pid): Promise<'ok'> {
  try {
    await sys.stop(self, server)
    return 'ok'
  } catch (thrown) {
    return thrown instanceof Exit
      ? exit([thrown.reason, ['sys', 'terminate', [server, 'normal', 'infinity']]])
      : error('?')
  }
}

async function raised(run: () => unknown): Promise<readonly ['raised', 'exit' | 'error', unknown]> {
  try {
    return error('nothing_raised', await run())
  } catch (thrown) {
    return ['raised', thrown instanceof Exit ? 'exit' : 'error', thrown]
  }
}

/** The match `{:ok, pid} = result`. */
function okOf<P>(result: StartResult<P>): Pid<P> {
  return result === 'ignore' || result[0] === 'error' ? error('badmatch', result) : result[1]
}

/** What a child's specification says by itself, without how it is started. */
function told({ id, restart, type }: ChildSpec): Readonly<Record<string, unknown>> {
  const said = Object.entries({ id, restart, type }).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(said), start: 'mfa' }
}

type Log = (label: string, term: unknown) => void

/** Elixir Supervisor/GenServer/Agent defaults and PartitionSupervisor routing. */
export const main: Scenario = async function (scn) {
  const f: Log = (label, term) => scn.log(`${label} -> ${scn.fmt(elixir(term))}`)
  this.trapExit(true)
  childSpecs(f)
  await supervisor(this, scn, f)
  await genServer(this, scn, f)
  await agent(this, scn, f)
  scn.log('-- PartitionSupervisor')
  await partitions(this, f)
}

function childSpecs(f: Log): void {
  f('child_spec of GenServer module', told(child(G, [{}], { id: 'Elixir.E04.G' })))
  f(
    'child_spec of use Task restart: :transient',
    told(Task.child(() => 1, { id: 'Elixir.E04.T', restart: 'transient' })),
  )
  f('Supervisor.child_spec overrides', told(child(G, [{}], { id: 'other', restart: 'temporary' })))
  f('Supervisor child_spec type', told(Task.Supervisor.child({}, { id: 'Elixir.Task.Supervisor' })))
  f('DynamicSupervisor child spec', told(DynamicSupervisor.child({}, { id: 'Elixir.DynamicSupervisor' })))
  f('Registry child spec', told(new Registry('Elixir.R', { keys: 'unique' }).child()))
}

async function supervisor(self: Context, scn: Scn, f: Log): Promise<void> {
  const rule = { strategy: 'one_for_one', intensity: 3, period: 5 } as const
  const id = 'Elixir.E04.G'
  const children = [child(G, [{}], { id, name: 'g1' }), kid.spec('k')]
  const s = okOf(await Supervisor.startLink(self, { ...rule, children }))
  f('which ids', list((await Supervisor.whichChildren(self, s)).map(([which]) => which)))
  f('count', await Supervisor.countChildren(self, s))
  const twice = await Supervisor.startLink(self, {
    ...rule,
    children: [child(G, [{}], { id }), child(G, [{}], { id })],
  })
  f('duplicate ids', twice[1])
  await scn.flush(self)
  const boom = async () => {
    await self.call({ name: 'g1' } as Dest<AnyApi>, 'boom').catch(() => 'ok')
    await scn.settle()
  }
  for (let i = 1; i <= 3; i++) await boom()
  const before = self.node.isAlive(s)
  await boom()
  f('default intensity 3 in 5', [before, self.node.isAlive(s)])
  await scn.flush(self)
}

async function genServer(self: Context, scn: Scn, f: Log): Promise<void> {
  f('call unknown name', await raised(() => self.call('nobody' as Dest<AnyApi>, 'x')))
  f('call nil', (await raised(() => self.call('nil' as Dest<AnyApi>, 'x'))).slice(1))
  self.cast('nobody' as Dest<AnyApi>, 'x')
  f('cast unknown name', 'ok')
  const b: Pid = scn.name('bare', okOf(await start(self, Bare, [1])))
  const [, , unknownCall] = await raised(() => self.call(b as Dest<AnyApi>, 'hey'))
  f('default handle_call raises', shapeOf(unknownCall))
  const b2 = okOf(await start(self, Bare, [1]))
  self.send(b2, 'info_is_logged_only')
  await scn.settle()
  f('default handle_info keeps running', self.node.isAlive(b2))
  const here = { name: 'nobody', node: self.node.name }
  f('name whereis', [whereis(self, 'nobody'), whereis(self, here), whereis(self, new GlobalName('no'))])
  const [, kind, badName] = await raised(() => start(self, G, [{}], { name: charlist('str') } as StartOptions<GApi>))
  f('start with bad name', [kind, badName])
  f('start ignore', await start(self, G, [{ init: () => ignore() }]))
  f('stop', await stop(self, b2))
  f('stop dead', await raised(() => stop(self, b2)))
  await start(self, G, [{}], { name: 'mc' })
  const [replies, badNodes] = await multiCall<GApi, 'get'>(self, [self.node.name], 'mc', 'get')
  f('multi_call', [list(replies), list(badNodes)])
}

/** `{%RuntimeError{}, _}` in a failed call; what no callback takes is a fault of that name here. */
function shapeOf(thrown: unknown): unknown {
  const [why, where] = (thrown as Exit).reason as readonly [unknown, readonly unknown[]]
  return why instanceof Fault && why.code === 'function_clause' && where[1] === 'call' ? 'runtime_error_shape' : thrown
}

async function agent(self: Context, scn: Scn, f: Log): Promise<void> {
  const name = 'Elixir.E04.A'
  const a: Dest<Agent.AgentApi<number>> = { name }
  await Agent.startLink(self, () => 1, { name })
  f('agent get/update/get_and_update/cast', [
    await Agent.get(self, a, (x) => x),
    await Agent.update(self, a, (x) => x + 1),
    await Agent.getAndUpdate(self, a, (x) => [x, x * 10]),
    Agent.cast(self, a, (x) => x + 1),
    await Agent.get(self, a, (x) => x),
  ])
  const [, , crash] = await raised(() => Agent.get(self, a, () => error('x')))
  const [why, where] = (crash as Exit).reason as readonly [unknown, readonly unknown[]]
  f('agent fun crash', why instanceof Error && where[1] === 'call' ? 'exit_with_runtime_error' : crash)
  await scn.settle(50)
  await scn.flush(self)
  f('agent gone', self.node.whereis(name))
}

async function partitions(self: Context, f: Log): Promise<void> {
  const ps = okOf(await PartitionSupervisor.startLink(self, { childSpec: child(G, [{}]), name: 'PS', partitions: 3 }))
  f('partitions', PartitionSupervisor.partitions(self, 'PS'))
  const children = await PartitionSupervisor.whichChildren(self, 'PS')
  f('which ids', list(children.map(([id]) => id).sort()))
  const routes = [0, 1, 2, 3, 4, -1].map((key) => {
    const pid = PartitionSupervisor.whereis(self, 'PS', key)
    return children.find(([, running]) => running === pid)?.[0]
  })
  f('integer key routes rem(abs(k), n)', list(routes))
  const [foo, again] = ['foo', 'foo'].map((key) => PartitionSupervisor.whereis(self, 'PS', key))
  f('term key stable', foo === again)
  f('call via', await self.call(PartitionSupervisor.via<GApi>('PS', 1), 'get'))
  f('count', await PartitionSupervisor.countChildren(self, 'PS'))
  await Supervisor.stop(self, ps)
  const childSpec = (p: number) => child(G, [{ init: () => ok(['part', p]) }])
  await PartitionSupervisor.startLink(self, { childSpec, name: 'PS2', partitions: 2 })
  const parts = [0, 1].map((i) => self.call(PartitionSupervisor.via<GApi>('PS2', i), 'get'))
  f('with_arguments', list(await Promise.all(parts)))
  const unknown = await raised(() => self.call(PartitionSupervisor.via<GApi>('Elixir.Nope', 1), 'get'))
  f('unknown', unknown.slice(1))
}
