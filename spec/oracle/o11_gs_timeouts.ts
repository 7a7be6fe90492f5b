import { noreply, ok, type Pid, reply, stop, sys } from '../../lib/index.ts'
import { atom, downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type Functions, type SrvApi, started, startSrv } from './harness/srv.ts'

type Server = Pid<SrvApi>

/** The integer timeout of a result: what cancels it, what restarts it, when it loses. */
export const main: Scenario = async function (scn) {
  const server = (functions: Functions): Promise<Server> => started(startSrv(this, functions))
  const wait = (to: Server, timeout: unknown) =>
    this.cast(to, 'do', (state) => noreply(state, { timeout: timeout as number }))
  const end = (to: Server) => sys.stop(this, to)
  scn.log('-- from init, once')
  const a = await server({ name: 'a', init: () => ok(0, { timeout: 20 }) })
  await this.sleep(150)
  await end(a)
  scn.log('-- 0 from init')
  const a0 = await server({ name: 'a', init: () => ok(0, { timeout: 0 }) })
  await scn.settle()
  await end(a0)
  scn.log('-- from cast, call and info')
  const b = await server({
    name: 'b',
    info(message, state) {
      if (message === 'go') return noreply(state, { timeout: 10 })
      scn.log(`b info ${scn.fmt(message)}`)
      return noreply(state)
    },
  })
  wait(b, 10)
  await this.sleep(80)
  scn.log(scn.fmt(await this.call(b, 'do', (_from, state) => reply('ok', state, { timeout: 10 }))))
  await this.sleep(80)
  this.send(b, 'go')
  await this.sleep(80)
  await end(b)
  scn.log('-- any message cancels it, and it is not armed again')
  const messages: readonly [string, (c: Server) => unknown][] = [
    ['call', (c) => this.call(c, 'x')],
    ['cast', (c) => this.cast(c, 'message', 'm')],
    ['info', (c) => this.send(c, 'hello')],
    ['timeout_by_hand', (c) => this.send(c, 'timeout')],
  ]
  for (const [label, message] of messages) {
    const c = await server({ name: 'c' })
    scn.log(label)
    wait(c, 100)
    await message(c)
    await this.sleep(250)
    await end(c)
  }
  scn.log('-- infinity is no timeout')
  const d = await server({ name: 'd' })
  wait(d, Number.POSITIVE_INFINITY)
  await this.sleep(60)
  await end(d)
  scn.log('-- a later result replaces it')
  const e = await server({ name: 'e' })
  wait(e, 50)
  wait(e, 300)
  await this.sleep(150)
  scn.log('not yet')
  await this.sleep(300)
  await end(e)
  scn.log('-- a system message counts anew')
  const requests: readonly [string, (f: Server) => Promise<unknown>][] = [
    ['get_state', (f) => sys.getState(this, f)],
    ['replace_state', (f) => sys.replaceState(this, f, (state) => state)],
    ['get_status', (f) => sys.getStatus(this, f)],
    ['statistics', (f) => sys.statistics(this, f, true)],
  ]
  for (const [label, request] of requests) {
    const f = await server({ name: 'f' })
    scn.log(label)
    wait(f, 300)
    for (let i = 0; i < 3; i++) {
      await this.sleep(150)
      await request(f)
    }
    scn.log('not yet')
    await this.sleep(400)
    await end(f)
  }
  scn.log('-- suspended it does not fire; resumed it counts from its full length')
  const h = await server({ name: 'h' })
  wait(h, 100)
  await sys.suspend(this, h)
  await this.sleep(250)
  scn.log('not yet')
  await sys.resume(this, h)
  await this.sleep(40)
  scn.log('still not')
  await this.sleep(200)
  await end(h)
  scn.log('-- suspended, a message comes; resumed the message wins')
  const h2 = await server({ name: 'h' })
  wait(h2, 0)
  await scn.settle()
  wait(h2, 100)
  await sys.suspend(this, h2)
  this.cast(h2, 'message', 'm')
  await this.sleep(30)
  await sys.resume(this, h2)
  await this.sleep(250)
  await end(h2)
  scn.log('-- 0 loses to what is queued')
  const i = await server({ name: 'i' })
  this.cast(i, 'do', function (state) {
    this.send(this.self, 'one')
    this.cast(this.self, 'message', 'two')
    return noreply(state, { timeout: 0 })
  })
  await scn.settle()
  await end(i)
  scn.log('-- 0 loses to a queued system message, and fires after it')
  const j = await server({ name: 'j' })
  const me = this.self
  this.cast(j, 'do', async function (state) {
    this.send(me, 'in')
    await this.sleep(80)
    return noreply(state, { timeout: 0 })
  })
  await this.receive(atom('in'))
  this.spawn(async function () {
    await sys.replaceState(this, j, (state) => {
      scn.log('j system')
      return state
    })
    this.send(me, 'done')
  })
  await this.receive(atom('done'))
  await scn.settle()
  await end(j)
  scn.log('-- 0 wins over what comes later')
  const k = await server({
    name: 'k',
    info(message, state) {
      if (message === 'timeout') {
        scn.log(`k timeout, state ${scn.fmt(state)}`)
        this.send(this.self, 'later')
        return noreply(Number(state) + 1)
      }
      scn.log(`k ${scn.fmt(message)}`)
      return Number(state) < 3 ? noreply(state, { timeout: 0 }) : noreply(state)
    },
  })
  this.send(k, 'begin_it')
  await scn.settle()
  await end(k)
  scn.log('-- 0 again and again')
  const l = await server({
    name: 'l',
    info(message, state) {
      if (message === 'timeout' && state === 3) return stop('normal', 'done')
      scn.log(`l ${scn.fmt(state)}`)
      return noreply(Number(state) + 1, { timeout: 0 })
    },
  })
  const ml = this.monitor(l)
  this.send(l, 'go')
  scn.log(`down ${scn.fmt((await this.receive(downOf(ml))).reason)}`)
  scn.log('-- with continue, and from it')
  const n = await server({
    name: 'n',
    init: () => ok(0, { continue: 'c' }),
    continue(_what, state) {
      scn.log('n continue')
      return noreply(state, { timeout: 20 })
    },
  })
  await this.sleep(150)
  await end(n)
  scn.log('-- an exit and a DOWN are messages, too')
  const o = await server({ name: 'o', trap: true })
  this.cast(o, 'do', function (state) {
    const x = this.spawnLink(async function () {
      await this.sleep(20)
    })
    scn.name('x', x)
    return noreply(state, { timeout: 100 })
  })
  await this.sleep(250)
  await end(o)
  scn.log('-- a late answer is none')
  const p = await server({ name: 'p' })
  const slow = await server({ name: 'slow' })
  this.cast(p, 'do', async function (state) {
    const late = this.call(
      slow,
      'do',
      async function (_from, other) {
        await this.sleep(60)
        return reply('late', other)
      },
      { timeout: 10 },
    )
    await late.catch(() => {})
    return noreply(state, { timeout: 150 })
  })
  await this.sleep(400)
  await end(p)
  scn.log('-- stop comes first')
  const v = await server({ name: 'v' })
  wait(v, 30)
  await end(v)
  await this.sleep(60)
  scn.log('-- timeouts that are none')
  for (const timeout of [-1, 1.5, 'soon']) {
    const w = await server({ name: 'w', term: () => 'ok' })
    const mw = this.monitor(w)
    wait(w, timeout)
    scn.log(`${scn.fmt(timeout)} -> ${scn.fmt((await this.receive(downOf(mw))).reason)}`)
  }
  for (const timeout of [-1, 'soon']) {
    const result = await startSrv(this, { init: () => ok(0, { timeout: timeout as number }) })
    scn.log(`init ${scn.fmt(timeout)} -> ${scn.fmt(result)}`)
  }
}
