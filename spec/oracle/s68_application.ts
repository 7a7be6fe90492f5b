import { Application, type ApplicationDefinition, defineApplication, type Pid, Supervisor } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type Scn, scnOf } from './harness/scn.ts'
import { charlist, error, list, match } from './harness/terms.ts'

const MODULE = 's68_application'

type App = ApplicationDefinition<{ x: string }>
type Phases = readonly (readonly [string, number])[]

/** `app(N, Deps, More)`, with the callbacks of the module. */
function app(scn: Scn, name: string, applications: readonly App[] = [], startPhases?: Phases): App {
  return defineApplication({
    name,
    vsn: '1',
    applications,
    moduleName: MODULE,
    args: name,
    env: { x: name },
    start(type, n) {
      const own = Application.getApplication(this)
      const x = scn.fmt(own && Application.getEnv(this, own[1], 'x'))
      scn.log(`${n} start(${type}) env x=${x} get_application ${scn.fmt(own)}`)
      if (n === 'bad') return ['error', 'no_way']
      if (n === 'crash') return error('boom')
      return Supervisor.startLink(this, { children: [kid.spec(`${n}_kid`)] })
    },
    prepStop(state: unknown) {
      scn.log(`prep_stop ${scn.fmt(state ?? [])}`)
      return state
    },
    stop(state: unknown) {
      scn.log(`stop ${scn.fmt(state ?? [])}`)
    },
    ...(startPhases && {
      startPhases,
      startPhase(phase: string, type: string, args: unknown) {
        scn.log(`phase ${phase} ${type} ${args}`)
        return 'ok' as const
      },
    }),
  })
}

/** The term of an application's resource file. */
function resource({ name, vsn, applications = [], env }: ApplicationDefinition): unknown {
  return [
    'application',
    name,
    list([
      ['description', list([])],
      ['vsn', charlist(vsn ?? '')],
      ['modules', list([MODULE])],
      ['registered', list([])],
      ['applications', list(['kernel', 'stdlib', ...applications.map((other) => other.name)])],
      ['mod', [MODULE, name]],
      ['env', list(Object.entries(env))],
    ]),
  ]
}

/** A term of ours as Erlang has it: definitions, and the arguments of a call that failed. */
function erlang(term: unknown): unknown {
  if (!Array.isArray(term))
    return typeof term === 'object' && term !== null && 'name' in term ? resource(term as App) : term
  if (term[0] === MODULE && term.length === 3) return [term[0], term[1], list(term[2])]
  return term.map(erlang)
}

/** application start/stop order, dependencies, start types, env, phases. */
export const main: Scenario = async function () {
  const scn = scnOf(this.node)
  const f = (label: string, term: unknown) => scn.log(`${label} -> ${scn.fmt(erlang(term))}`)
  /** `{ok, List}` */
  const all = (result: readonly ['ok', readonly string[]] | readonly ['error', unknown]) =>
    result[0] === 'ok' ? (['ok', list(result[1])] as const) : result
  const a1 = app(scn, 'a1')
  const a2 = app(scn, 'a2', [a1])
  const phases: Phases = [
    ['one', 1],
    ['two', 2],
  ]
  const a3 = app(scn, 'a3', [a2], phases)
  const bad = app(scn, 'bad')
  const crash = app(scn, 'crash')
  const onBad = app(scn, 'dep_on_bad', [bad])
  for (const a of [a1, a2, a3, bad, crash, onBad]) match(Application.load(this, a) === 'ok', a.name)
  f('start a3 without deps', await Application.start(this, a3))
  f('ensure_all_started a3', all(await Application.ensureAllStarted(this, a3)))
  f('again', all(await Application.ensureAllStarted(this, a3)))
  f('start already', await Application.start(this, a1))
  const which = () => Application.whichApplications(this).map(([name]) => name)
  f('which (ours, newest first)', list(which().filter((name) => ['a1', 'a2', 'a3'].includes(name))))
  f('bad', await Application.start(this, bad))
  const [, [what, [[module], [tag]]]] = (await Application.start(this, crash)) as unknown as Crash
  f('crash', match(tag === 'EXIT', ['error', what, module]))
  f('ensure_all_started dep_on_bad', all(await Application.ensureAllStarted(this, onBad)))
  f('load twice', Application.load(this, a1))
  f('unknown', await Application.start(this, 'nosuchapp'))
  f('stop a1 although a2 depends on it is allowed', await Application.stop(this, a1))
  f('stop a3', await Application.stop(this, a3))
  f('stop a2', await Application.stop(this, a2))
  f('stop again', await Application.stop(this, a2))
  await Application.start(this, a1)
  f('unload running?', Application.unload(this, a1))
  await Application.ensureAllStarted(this, a1)
  const [, top] = Application.getSupervisor(this, a1) as readonly ['ok', Pid]
  const monitor = this.monitor(top)
  this.exit(top, 'kill')
  const { reason } = await this.receive(downOf(monitor))
  f('temporary app whose top supervisor dies just stops', reason)
  await scn.settle()
  f('running', list(which().filter((name) => name === 'a1')))
  Application.setEnv(this, a1, 'x', 'changed')
  const env = (key: string) => Application.getEnv(this, 'a1', key) ?? 'undefined'
  f('env', [env('x'), env('nokey'), Application.getEnv(this, 'a1', 'nokey', 'dflt')])
}

/** `{error, {bad_return, {{Module, start, _}, {'EXIT', _}}}}` */
type Crash = readonly ['error', readonly [string, readonly [readonly [string], readonly [string]]]]
