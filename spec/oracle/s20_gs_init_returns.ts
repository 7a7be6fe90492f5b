import {
  type Context,
  exit,
  failure,
  ignore,
  noreply,
  ok,
  type Self,
  type StartResult,
  startMonitor,
  stop,
} from '../../lib/index.ts'
import { downOf, isExit } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import type { Scn } from './harness/scn.ts'
import { Srv, type SrvApi, started, startSrv, startSrvLink } from './harness/srv.ts'
import { error, list } from './harness/terms.ts'

type Init = (this: Self<SrvApi>) => unknown

const cases: readonly (readonly [string, Init])[] = [
  ['ok', () => ok('s')],
  ['ok_timeout', () => ok('s', { timeout: 1000 })],
  ['ok_infinity', () => ok('s', { timeout: Number.POSITIVE_INFINITY })],
  ['ok_hibernate', () => ok('s', { hibernate: true })],
  ['ok_continue', () => ok('s', { continue: 'c' })],
  ['ignore', () => ignore()],
  ['stop', () => stop('why')],
  ['stop_normal', () => stop('normal')],
  ['stop_shutdown', () => stop('shutdown')],
  ['error_tuple', () => failure('e')],
  ['bad_return', () => 'nonsense'],
  ['error', () => error('oops')],
  ['exit', () => exit('bye')],
  [
    'throw_value',
    () => {
      throw ok('thrown')
    },
  ],
  [
    'throw_bad',
    () => {
      throw 'ball'
    },
  ],
  ['badtimeout', () => ok('s', { timeout: -1 })],
]

/** Every init/1 outcome, for start/3 and start_link/3 (caller trapping), plus EXIT seen by caller. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  for (const [n, init] of cases) {
    const functions = {
      init,
      name: 'srv',
      continue: (_what: unknown, state: unknown) => noreply(state),
      info: (_message: unknown, state: unknown) => noreply(state),
      term: () => 'ok',
    }
    const r1 = await startSrv(this, functions)
    scn.log(`${scn.fmt(n)} start:      ${scn.fmt(r1)}`)
    await kill(this, scn, r1)
    const r2 = await startSrvLink(this, functions)
    await this.sleep(20)
    const exits = (await scn.flush(this)).filter(isExit)
    const ex = list(exits.map((m) => m.reason))
    scn.log(`${scn.fmt(n)} start_link: ${scn.fmt(r2)} EXIT in caller mailbox: ${scn.fmt(ex)}`)
    await kill(this, scn, r2)
    await scn.flush(this)
  }
  // start_link, caller not trapping
  for (const n of ['ignore', 'stop_normal']) {
    const [, m] = this.spawnMonitor(async function () {
      const r = await startSrvLink(this, { init: initOf(n) })
      scn.log(`  returned ${scn.fmt(r)}`)
      await this.sleep(50)
      exit('survived')
    })
    scn.log(`${scn.fmt(n)} non-trapping caller of start_link: ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  }
  for (const [n, f] of [
    ['stop', initOf('stop')],
    ['stop_shutdown', initOf('stop_shutdown')],
    ['crash', initOf('error')],
  ] as const) {
    const [, m] = this.spawnMonitor(async function () {
      await startSrvLink(this, { init: f })
      await this.sleep(50)
      exit('survived')
    })
    scn.log(`${scn.fmt(n)} non-trapping caller of start_link: ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  }
  // start_monitor
  const [p, mr] = await started(startMonitor(this, Srv, [{}]))
  scn.log(`start_monitor -> {ok,{pid,ref}} ${this.node.isAlive(p)}`)
  this.exit(p, 'kill')
  scn.log(`start_monitor DOWN ${scn.fmt((await this.receive(downOf(mr))).reason)}`)
  const failing = await startMonitor(this, Srv, [{ init: () => stop('why') }])
  scn.log(`start_monitor failing init -> ${scn.fmt(failing)}`)
  await scn.mailbox(this, 'mailbox after')
}

function initOf(name: string): Init {
  return cases.find(([n]) => n === name)![1]
}

async function kill(self: Context, scn: Scn, result: StartResult): Promise<void> {
  if (result === 'ignore' || result[0] !== 'ok') return
  self.exit(result[1], 'kill')
  await scn.waitDown(self, result[1])
}
