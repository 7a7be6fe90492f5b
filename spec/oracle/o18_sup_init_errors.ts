import { exit, ignore, Supervisor, type SupervisorModule } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { error, list, module } from './harness/terms.ts'

/** `tsup`, whose `init` gives what it is given, or what that function returns. */
const tsup: SupervisorModule<[init: unknown]> = module('tsup', {
  init: (given: unknown) => (typeof given === 'function' ? given() : given),
})

/** `{error,{start_spec,{bad_combination,List}}}`: an array of ours is a tuple or a list of OTP's. */
function withList(result: unknown): unknown {
  const reason: unknown = Array.isArray(result) ? result[1] : undefined
  const what: unknown = Array.isArray(reason) ? reason[1] : undefined
  if (!Array.isArray(what) || what[0] !== 'bad_combination') return result
  return ['error', ['start_spec', [what[0], list(what[1])]]]
}

/** What a supervisor's init may be wrong about, and the terms that say so. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const t = async (label: string, init: unknown): Promise<void> => {
    const result = await Supervisor.startLink(this, tsup, [init])
    if (Array.isArray(result) && result[0] === 'ok') {
      this.exit(result[1], 'shutdown')
      scn.log(`${label} -> ok, ${scn.fmt((await this.receive(exitOf(result[1]))).reason)}`)
    } else {
      await scn.flush(this)
      scn.log(`${label} -> ${scn.fmt(withList(result))}`)
    }
  }
  const k = (over: object = {}): object => ({ ...kid.spec('k', {}, { quiet: true }), ...over })
  const without = (key: string): object => Object.fromEntries(Object.entries(k()).filter(([other]) => other !== key))
  scn.log('-- no specification')
  await t('ignore', ignore())
  await t('an atom', 'foo')
  await t('a tuple', ['foo', 'why'])
  await t('children that are none', { children: 'foo' })
  await t('error', () => error('oops'))
  await t('exit', () => exit('bye'))
  await t('exit normal', () => exit('normal'))
  await t('throw', () => {
    throw 'ball'
  })
  scn.log('-- flags')
  const flags: readonly [object, object?][] = [
    [{}],
    [{ strategy: 'nope' }],
    [{ intensity: -1 }],
    [{ intensity: 'x' }],
    [{ intensity: 1.5 }],
    [{ period: 0 }],
    [{ period: -1 }],
    [{ period: 'x' }],
    [{ auto_shutdown: 'x' }, { autoShutdown: 'x' }],
    [{ intensity: 0 }],
    [{ strategy: 'nope', intensity: -1 }],
    [{ intensity: -1, period: 0 }],
  ]
  for (const [shown, given = shown] of flags) await t(scn.fmt(shown), { ...given, children: [] })
  scn.log('-- children')
  const children: readonly [string, object][] = [
    ['restart', { restart: 'sometimes' }],
    ['shutdown -1', { shutdown: -1 }],
    ['shutdown atom', { shutdown: 'soon' }],
    ['shutdown float', { shutdown: 1.5 }],
    ['shutdown infinity for a worker', { shutdown: Number.POSITIVE_INFINITY }],
    ['shutdown 0', { shutdown: 0 }],
    ['brutal_kill', { shutdown: 'brutal_kill' }],
    ['type', { type: 'x' }],
    ['modules', { modules: 'x' }],
    ['modules dynamic', { modules: 'dynamic' }],
    ['start', { start: 'x' }],
    ['significant', { significant: 'maybe_so' }],
    ['significant without auto_shutdown', { significant: true, restart: 'transient' }],
    ['unknown key', { foo: 'bar' }],
    ['two errors', { restart: 'sometimes', shutdown: -1 }],
    ['restart and type', { restart: 'sometimes', type: 'x' }],
    ['type and shutdown', { type: 'x', shutdown: -1 }],
    ['significant and restart', { significant: 'x', restart: 'sometimes' }],
  ]
  for (const [label, over] of children) await t(label, { children: [k(over)] })
  const significant = { autoShutdown: 'any_significant', children: [k({ significant: true })] }
  await t('significant and permanent', significant)
  await t('no id', { children: [without('id')] })
  await t('no start', { children: [without('start')] })
  await t('neither', { children: [{}] })
  await t('a child that is an atom', { children: ['nope'] })
  await t('the same id twice', { children: [k(), k({ id: 'other' }), k()] })
  await t('the second is wrong', { children: [k(), k({ id: 'b', restart: 'sometimes' })] })
  await t('twice, and the last is wrong', { children: [k(), k(), k({ id: 'b', type: 'x' })] })
  scn.log('-- simple_one_for_one')
  const strategy = 'simple_one_for_one'
  await t('none', { strategy, children: [] })
  await t('one that is wrong', { strategy, children: [k({ restart: 'sometimes' })] })
  await t('one', { strategy, children: [k()] })
  scn.log('-- exit reason, name and report')
  const dup: unknown = { children: [k(), k()] }
  scn.withLogs(({ label: [by, what], details }) => {
    if (by === 'supervisor') scn.log(`   supervisor report ${what}`)
    if (by === 'gen_server') scn.log('   gen_server report')
    if (by === 'proc_lib') {
      const [{ error_info: info }] = details.report as readonly [{ error_info: readonly unknown[] }]
      scn.log(`   crash report ${scn.fmt(info[1])}`)
    }
  })
  const named = await Supervisor.startLink(this, tsup, [dup], { name: { name: 'the_sup' } })
  await scn.settle()
  scn.log(`named ${scn.fmt(named)}`)
  scn.log(`name ${scn.fmt(this.node.whereis('the_sup'))}`)
  await scn.flush(this)
  const bye = () => exit('bye')
  const normally = () => exit('normal')
  for (const init of [dup, 'foo', ignore(), bye, normally]) {
    const p = this.spawn(async function () {
      await Supervisor.startLink(this, tsup, [init])
      await this.sleep(200)
      exit('survived')
    })
    const reason = await scn.waitDown(this, p)
    await scn.settle()
    scn.log(`a parent that does not trap exits: ${scn.fmt(reason)}`)
  }
  await scn.mailbox(this, 'mailbox')
}
