import { type ChildSpec, Pid, type Reason, Supervisor, TIMEOUT } from '../../lib/index.ts'
import * as kid from './harness/kid.ts'
import { exitOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'
import * as tsup from './harness/tsup.ts'

type Death = readonly [id: string, reason: Reason]

/** significant children and auto_shutdown (OTP 24+). */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const run = async (
    tag: string,
    autoShutdown: tsup.Flags['autoShutdown'],
    kids: readonly ChildSpec[],
    deaths: readonly Death[],
  ): Promise<void> => {
    scn.log(`-- ${tag}`)
    const s = await tsup.start(this, { autoShutdown: autoShutdown!, intensity: 5, period: 5 }, kids)
    for (const [id, reason] of deaths) {
      if (!this.node.isAlive(s)) continue
      const found = (await Supervisor.whichChildren(this, s)).find(([other]) => other === id)
      if (!(found?.[1] instanceof Pid)) continue
      await kid.die(this, await kid.pid(this, s, id), reason)
      await scn.settle(40)
    }
    const exit = await this.receive(exitOf(s), { after: 0 })
    if (exit !== TIMEOUT) return scn.log(`sup exited ${scn.fmt(exit.reason)}`)
    scn.log(`sup alive, children ${scn.fmt(await tsup.children(this, s))}`)
    await tsup.stop(this, s)
    await scn.settle(40)
  }
  const sig = (id: string, restart: NonNullable<ChildSpec['restart']>) => kid.spec(id, { restart, significant: true })
  const non = (id: string) => kid.spec(id, { restart: 'transient' })
  const a = sig('a', 'transient')
  const b = sig('b', 'transient')
  const c = non('c')
  await run('any_significant: significant transient exits normally', 'any_significant', [a, b, c], [['a', 'normal']])
  await run('any_significant: significant transient crashes -> restarted', 'any_significant', [a, c], [['a', 'boom']])
  const temporary = [sig('a', 'temporary'), c]
  await run('any_significant: significant temporary crashes -> shutdown', 'any_significant', temporary, [['a', 'boom']])
  await run('any_significant: non significant exits', 'any_significant', [a, c], [['c', 'normal']])
  await run('all_significant: first of two', 'all_significant', [a, b, c], [['a', 'normal']])
  const both: readonly Death[] = [
    ['a', 'normal'],
    ['b', 'normal'],
  ]
  await run('all_significant: both', 'all_significant', [a, b, c], both)
  scn.log('-- terminate_child by hand does not trigger')
  const s = await tsup.start(this, { autoShutdown: 'any_significant' }, [a, c])
  await Supervisor.terminateChild(this, s, 'a')
  await scn.settle(40)
  scn.log(`alive ${this.node.isAlive(s)}`)
  this.exit(s, 'shutdown')
  await scn.settle(40)
  await scn.flush(this)
  scn.log(`never + significant -> ${scn.fmt(asLists(await tsup.startLink(this, {}, [a])))}`)
  const permanent = await tsup.startLink(this, { autoShutdown: 'any_significant' }, [sig('a', 'permanent')])
  scn.log(`permanent + significant -> ${scn.fmt(asLists(permanent))}`)
}

/** `{error,{start_spec,{bad_combination,List}}}`: an array of ours is a tuple or a list of OTP's. */
function asLists(result: unknown): unknown {
  const [error, [part, [what, combination]]] = result as [string, [string, [string, unknown[]]]]
  return [error, [part, [what, list(combination)]]]
}
