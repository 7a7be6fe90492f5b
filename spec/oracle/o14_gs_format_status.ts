import {
  type FormatStatus,
  type GenServer,
  ok,
  type Pid,
  type Reason,
  reply,
  start,
  stop,
  sys,
} from '../../lib/index.ts'
import { downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { scnOf } from './harness/scn.ts'
import { charlist, error, list } from './harness/terms.ts'

type Format = (status: FormatStatus) => unknown

interface Api {
  state: unknown
  init: [format: Format]
  call: { get(): unknown }
  cast: { crash(what: string): void; leave(reason: Reason): void; bad(what: string): void }
}

const formats = new WeakMap<Pid, Format>()

const Secretive: GenServer<Api> = {
  moduleName: 'o14_gs_format_status',
  init(format) {
    scnOf(this.node).name('s', this.self)
    formats.set(this.self, format)
    return ok('secret')
  },
  handleCall: { get: (_request, _from, state) => reply(state, state) },
  handleCast: {
    crash: () => error('password'),
    leave: (reason, state) => stop(reason, state),
    bad: () => 'nonsense' as never,
  },
  terminate(reason, state) {
    const scn = scnOf(this.node)
    scn.log(`terminate ${scn.fmt(reason)} ${scn.fmt(state)}`)
  },
  formatStatus(status) {
    return formats.get(this.self)!(status) as FormatStatus
  },
}

/** `format_status/1`: what sys:get_status and the reports show; sys:get_state goes past it. */
export const main: Scenario = async function (scn) {
  const hide: Format = ({ state, message, reason, log }) => ({
    state: ['hidden', state],
    log: list([['logged', log.length]]),
    ...(message === undefined ? {} : { message: ['masked', message] }),
    ...(reason === undefined ? {} : { reason: reason instanceof Error ? reason : ['why', reason] }),
  })
  const begin = async (format: Format): Promise<Pid<Api>> => {
    const result = await start(this, Secretive, [format])
    return result[1] as Pid<Api>
  }
  const misc = async (p: Pid<Api>): Promise<void> => {
    const [, , [, m], [, state, , dbg, [, first, ...rest]]] = await sys.getStatus(this, p)
    const [, d1] = first as readonly ['data', readonly (readonly [string, unknown])[]]
    const own = rest.flatMap((data) => (data as readonly ['data', readonly unknown[]])[1])
    const options = list(dbg.map((option) => (option as readonly unknown[])[0]))
    const shown = own.map((pair) => {
      const [key, value] = pair as readonly [string, unknown]
      return [charlist(key), typeof value === 'string' && value.includes(' ') ? charlist(value) : value]
    })
    scn.log(`${m} ${state} ${scn.fmt(options)} ${scn.fmt(list(shown))}`)
    scn.log(`keys ${scn.fmt(list(d1.map(([key]) => charlist(key))))}`)
    scn.log(`logged ${scn.fmt(d1.find(([key]) => key === 'Logged events')?.[1])}`)
  }
  scn.log('-- status')
  const p = await begin(hide)
  await misc(p)
  scn.log(`get_state ${scn.fmt(await sys.getState(this, p))}`)
  scn.log(`replace_state ${scn.fmt(await sys.replaceState(this, p, (state) => [state, 2]))}`)
  await misc(p)
  scn.log(`call ${scn.fmt(await this.call(p, 'get'))}`)
  await sys.log(this, p, true)
  await this.call(p, 'get')
  await misc(p)
  await sys.suspend(this, p)
  await misc(p)
  await sys.resume(this, p)
  await sys.stop(this, p)
  scn.log('-- what it is given')
  const keys: Format = (status) => {
    scn.log(`   given ${scn.fmt(status)}`)
    return status
  }
  const q = await begin(keys)
  await misc(q)
  await sys.stop(this, q)
  scn.log('-- reports')
  scn.withLogs(({ label: [by, what], details }) => {
    if (by === 'gen_server' && what === 'terminate') {
      const { last_message: message, state, reason, log } = details
      const state1 = typeof state === 'string' && state.includes(' ') ? charlist(state) : state
      scn.log(
        `   REPORT message ${scn.fmt(message)} state ${scn.fmt(state1)} reason ${scn.fmt(reason)} log ${scn.fmt(log)}`,
      )
    } else if (by === 'proc_lib') {
      const [info] = details.report as readonly [{ error_info: readonly unknown[] }]
      scn.log(`   CRASH ${scn.fmt(info.error_info[0])}`)
    }
  })
  const leave = (reason: Reason) => (x: Pid<Api>) => this.cast(x, 'leave', reason)
  const run = async (label: string, format: Format, act: (x: Pid<Api>) => void): Promise<void> => {
    scn.log(label)
    const x = await begin(format)
    const m = this.monitor(x)
    act(x)
    const { reason } = await this.receive(downOf(m))
    await scn.settle()
    scn.log(`   down ${scn.fmt(reason)}`)
  }
  await run('error', hide, (x) => this.cast(x, 'crash', 'pin'))
  await run('stop', hide, leave('boom'))
  await run('bad return', hide, (x) => this.cast(x, 'bad', 'pin'))
  await run('orderly', hide, leave('normal'))
  await run('shown as given', keys, leave('boom'))
  scn.log('-- with a log')
  const l1 = await begin(hide)
  await sys.log(this, l1, true)
  await this.call(l1, 'get')
  const ml = this.monitor(l1)
  this.cast(l1, 'leave', 'boom')
  await this.receive(downOf(ml))
  await scn.settle()
  scn.log('-- only some keys come back')
  await run('no state', ({ reason, message }) => ({ reason, message }), leave('boom'))
  const p3 = await begin((status) => ({ ...status, state: 'shown', extra: 'x' }))
  await misc(p3)
  await sys.stop(this, p3)
  scn.log('-- format_status fails')
  const failing = () => error('in_format')
  await run('error', failing, leave('boom'))
  const p4 = await begin(failing)
  await misc(p4)
  await sys.stop(this, p4)
  const p5 = await begin(() => {
    throw 'in_format'
  })
  await misc(p5)
  await sys.stop(this, p5)
  const p6 = await begin(() => 'no_map')
  scn.log(await scn.catching(() => misc(p6).then(() => 'ok')))
  await scn.settle()
  scn.log(`alive ${this.node.isAlive(p6)}`)
}
