import { GenStatem, type StateMachine, sys } from '../../lib/index.ts'
import { stop as stopServer } from './harness/erlang.ts'
import { call, type FsmApi, type Functions, started, startFsm, startFsmLink } from './harness/fsm.ts'
import { downOf, isExit } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { error, list } from './harness/terms.ts'

const { ignore, keepStateAndData, ok, popCallbackModule, pushCallbackModule, reply, stop } = GenStatem

const Second: StateMachine<FsmApi> = {
  callbackMode: 'handle_event_function',
  init: () => ok('s', 0),
  handleEvent(event) {
    if (event.operation === 'who') return keepStateAndData([reply(event.from as never, 'second_module' as never)])
    return keepStateAndData([popCallbackModule(), reply(event.from as never, 'popped' as never)])
  },
}

/** init returns, call timeout/late reply, complex states, change/push/pop_callback_module, exit from parent. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const inits: readonly (readonly [string, () => unknown])[] = [
    ['ok', () => ok('s', 'd')],
    ['ignore', () => ignore()],
    ['stop', () => stop('why')],
    ['bare_stop', () => 'stop'],
    ['bad', () => 'nonsense'],
    ['error', () => error('x')],
    [
      'throw',
      () => {
        throw stop('thrown')
      },
    ],
  ]
  for (const [name, init] of inits) {
    const r = await startFsmLink(this, { init, ev: () => keepStateAndData() })
    await this.sleep(20)
    const exits = (await scn.flush(this)).filter(isExit).map(({ reason }) => reason)
    scn.log(`init ${scn.fmt(name)} -> ${scn.fmt(r)}, EXIT ${scn.fmt(list(exits))}`)
    if (r === 'ignore' || r[0] === 'error') continue
    this.exit(r[1], 'kill')
    await scn.waitDown(this, r[1])
    await scn.flush(this)
  }
  const answering: Functions['ev'] = async function (_type, content, _state, _data, from) {
    if (content === 'push') return keepStateAndData([pushCallbackModule(Second), reply(from, 'pushed')])
    if (content === 'who') return keepStateAndData([reply(from, 'first_module')])
    await this.sleep(50)
    return keepStateAndData([reply(from, 'late')])
  }
  const p = await started(startFsm(this, { state: ['complex', { n: 1 }], ev: answering }))
  const slow = (timeout: number | readonly ['clean_timeout', number]) =>
    scn.catching(() => GenStatem.call<FsmApi, string>(this, p, 'slow', undefined, { timeout }))
  scn.log(`call timeout -> ${await slow(10)}`)
  await this.sleep(80)
  await scn.mailbox(this, 'late reply')
  scn.log(`clean_timeout -> ${await slow(['clean_timeout', 10])}`)
  const who = ['who', 'push', 'who', 'pop', 'who']
  const answers: string[] = []
  for (const request of who) answers.push(`${request} ${scn.fmt(await call(this, p, request))}`)
  scn.log(answers.join(' '))
  const telling: Functions['ev'] = (type, content) => {
    scn.log(`${scn.fmt(type)} ${scn.fmt(content)}`)
    return keepStateAndData()
  }
  const q = await started(startFsmLink(this, { ev: telling }))
  const mq = this.monitor(q)
  this.exit(q, 'shutdown')
  const wq = (await this.receive(downOf(mq))).reason
  scn.log(`not trapping, parent shutdown -> ${scn.fmt(wq)} (no terminate)`)
  await scn.flush(this)
  const init: NonNullable<Functions['init']> = function () {
    this.trapExit(true)
    return ok('s', 0)
  }
  const r = await started(startFsmLink(this, { init, ev: telling }))
  const m = this.monitor(r)
  this.spawn(function () {
    scn.name('stranger', this.self)
    this.exit(r, 'hello')
  })
  await scn.settle()
  this.exit(r, 'shutdown')
  scn.log(`trapping, parent shutdown -> ${scn.fmt((await this.receive(downOf(m))).reason)}`)
  const replaced = await sys.replaceState<readonly unknown[]>(this, p, ([state]) => [state, 'new_data'])
  scn.log(`replace_state ${scn.fmt(replaced)}`)
  scn.log(`stop ${await stopServer(this, p)}`)
}
