import {
  type Context,
  type EventHandler,
  exit,
  failure,
  GenEvent,
  type HandlerRef,
  ok,
  type Reason,
  type Report,
  reply,
  type StartResult,
  sys,
} from '../../lib/index.ts'
import { stop } from './harness/erlang.ts'
import { atom, downOf } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { type Scn, scnOf } from './harness/scn.ts'
import { error, list, module } from './harness/terms.ts'

type Result = () => unknown
interface Do {
  readonly do: readonly [...state: unknown[], run: Result]
}
interface HandlerApi {
  state: unknown
  args: unknown
  event: unknown
  call: { get(): unknown; do(run: Result): unknown }
}

/** The originals are one module whose callbacks are functions in the events, which may return anything. */
const m: EventHandler<HandlerApi> = module('g01_gen_event', {
  init(args) {
    const log = (text: string) => scnOf(this.node).log(`init ${text}`)
    const fmt = (term: unknown) => scnOf(this.node).fmt(term)
    if (isDo(args)) return args.do[0]!() as never
    if (Array.isArray(args) && args[0] === 'heir') log(`heir of ${fmt(args[1])}`)
    else if (Array.isArray(args)) log(`no heir of ${fmt(args[1])}`)
    else log(fmt(args))
    if (!Array.isArray(args)) return ok(args)
    return args[0] === 'heir' ? ok('heir') : failure('no_heir')
  },
  handleEvent(event, state) {
    return hear(scnOf(this.node), 'event', event, state) as never
  },
  handleCall: {
    get: (_request, state) => reply(state, state),
    do: (run) => run() as never,
  },
  handleInfo(message, state) {
    return hear(scnOf(this.node), 'info', message, state) as never
  },
  terminate(why, state) {
    const scn = scnOf(this.node)
    scn.log(`${scn.fmt(state)} terminate ${scn.fmt(why)}`)
    return why === 'crash' ? exit('in_terminate') : ['left', state]
  },
  codeChange(vsn, state, extra) {
    const scn = scnOf(this.node)
    scn.log(`${scn.fmt(state)} code_change ${scn.fmt([vsn, extra])}`)
    return ok([state, extra])
  },
})

function isDo(term: unknown): term is { readonly do: readonly [run: Result] } {
  return typeof term === 'object' && term !== null && 'do' in term
}

/** `{do, State, Fun}` */
function doing(state: unknown, run: Result): Do {
  return { do: [state, run] }
}

function hear(scn: Scn, what: string, message: unknown, state: unknown): unknown {
  if (isDo(message)) {
    const [whose, run] = (message as Do).do as [unknown, Result]
    return whose === state ? run() : ok(state)
  }
  scn.log(`${scn.fmt(state)} ${what} ${scn.fmt(message)}`)
  return ok(state)
}

const of = (id: string): HandlerRef<HandlerApi> => [m, id]

/** What `gen_event` is asked for, and the trace of the answers. */
class Script {
  readonly scn: Scn
  readonly self: Context
  readonly ge = 'ge'

  constructor(scn: Scn, self: Context) {
    this.scn = scn
    this.self = self
  }

  f(label: string, term: unknown): void {
    this.scn.log(`${label} -> ${this.scn.fmt(term)}`)
  }
  async show(): Promise<void> {
    this.scn.log(`handlers ${this.scn.fmt(list(await GenEvent.whichHandlers(this.self, this.ge)))}`)
  }
  add(id: string, args: unknown = id) {
    return GenEvent.addHandler(this.self, this.ge, of(id), args)
  }
  addSup(id: string, args: unknown = id) {
    return GenEvent.addSupHandler(this.self, this.ge, of(id), args)
  }
  remove(id: string, args: unknown) {
    return GenEvent.deleteHandler(this.self, this.ge, of(id), args)
  }
  sync(event: unknown) {
    return GenEvent.syncNotify(this.self, this.ge, event)
  }
  do(id: string, run: Result) {
    return GenEvent.call(this.self, this.ge, of(id), 'do', run)
  }
  swap(from: string, args: unknown, to: string, heir: string) {
    return GenEvent.swapHandler(this.self, this.ge, [of(from), args], [of(to), heir])
  }
  raised(label: string, run: () => unknown) {
    return this.scn.catching(run).then((text) => this.scn.log(`${label} -> ${text}`))
  }
}

const heir = (name: string) => () => GenEvent.swap('args', 'x1', of('z'), name)
const heirOfCall = (name: string) => () => GenEvent.swapReply('reply', 'args', 'x1', of('z'), name)
const raise = (thrown: unknown) => (): never => {
  throw thrown
}

/** gen_event: order, isolation of crashes, removal, swaps, supervised handlers, reports, sys. */
export const main: Scenario = async function (scn) {
  this.trapExit(true)
  const ge = new Script(scn, this)
  const manager = named(scn, 'ge', await GenEvent.start(this, { name: 'ge' }))
  ge.f('empty', list(await GenEvent.whichHandlers(this, 'ge')))
  await handlers(ge)
  await failures(ge)
  await swaps(ge)
  await supervised(ge)
  await infosAndSys(ge, manager)
  await ends(ge, manager)
}

async function handlers(ge: Script): Promise<void> {
  const { scn, self } = ge
  scn.log('-- order, ids, duplicates')
  ge.f('add', list([await ge.add('a'), await ge.add('b')]))
  ge.f('add plain', await GenEvent.addHandler(self, 'ge', m, 'plain'))
  ge.f('add twice', await ge.add('a', 'a2'))
  await ge.show()
  ge.f('sync_notify', await ge.sync('hello'))
  ge.f('call first of two', await GenEvent.call(self, 'ge', of('a'), 'get'))
  ge.f('call plain', await GenEvent.call(self, 'ge', m, 'get'))
  ge.f('delete first of two', await ge.remove('a', 'bye'))
  ge.f('call the other', await GenEvent.call(self, 'ge', of('a'), 'get'))
  await ge.show()
  scn.log('-- what is not there')
  ge.f('call missing id', await GenEvent.call(self, 'ge', of('zz'), 'get'))
  ge.f('call missing module', await GenEvent.call(self, 'ge', { ...m }, 'get'))
  ge.f('delete missing', await ge.remove('zz', 'x'))
  scn.log('-- inits that fail')
  const tries: [string, Result][] = [
    ['error', () => failure('no')],
    ['bad', () => 'bad'],
    ['crash', () => error('oops')],
    ['exit', () => exit('oops')],
    ['throw', raise('oops')],
    ['throw ok', raise(ok('thrown'))],
  ]
  for (const [label, run] of tries) ge.f(label, await ge.add('i', { do: [run] }))
  await ge.show()
  ge.f('delete', await ge.remove('i', 'bye'))
}

async function failures(ge: Script): Promise<void> {
  const { scn } = ge
  scn.log('-- a handler that fails is removed, the others go on')
  scn.withLogs((report) => logReport(scn, report))
  const events: [string, Result][] = [
    ['error', () => error('oops')],
    ['exit', () => exit('oops')],
    ['normal', () => exit('normal')],
    ['throw', raise('oops')],
    ['bad', () => 'bad'],
    ['undefined_ok', () => ['ok']],
    ['thrown_ok', raise(ok('x'))],
    ['remove', () => GenEvent.remove()],
    ['remove_of_a_call', () => GenEvent.removeReply('r')],
    ['reply_of_a_call', () => reply('r', 'x')],
  ]
  for (const [label, run] of events) {
    await ge.add('x')
    await ge.add('y')
    ge.f(label, await ge.sync(doing('x', run)))
    await ge.sync(label)
    ge.f('gone', await ge.remove('x', 'gone'))
    await ge.remove('y', 'gone')
  }
  scn.log('-- calls that fail')
  const calls: [string, Result][] = [
    ['error', () => error('oops')],
    ['exit', () => exit('oops')],
    ['throw', raise('oops')],
    ['bad', () => 'bad'],
    ['ok_of_an_event', () => ok('x')],
    ['remove', () => GenEvent.removeReply('bye')],
    ['remove_of_an_event', () => GenEvent.remove()],
    ['throw_ok', raise(reply('reply', 'x'))],
  ]
  for (const [label, run] of calls) {
    await ge.add('x')
    ge.f(label, await ge.do('x', run))
    ge.f('then', await ge.remove('x', 'gone'))
  }
  scn.log('-- delete and terminate')
  await ge.add('x')
  ge.f('crash in terminate', await ge.remove('x', 'crash'))
  await ge.show()
}

function logReport(scn: Scn, { label, details }: Report): void {
  if (label[0] === 'gen_event') {
    scn.log(scn.fmt(['report', label, details.handler, details.state, details.reason]))
  }
}

async function swaps(ge: Script): Promise<void> {
  const { scn } = ge
  scn.log('-- swaps')
  await ge.add('x')
  ge.f('swap', await ge.swap('x', 'args', 'z', 'heir'))
  await ge.show()
  ge.f('swap missing', await ge.swap('x', 'args', 'w', 'heir'))
  await ge.show()
  ge.f('swap, no heir', await ge.swap('z', 'args', 'v', 'no_heir'))
  await ge.show()
  ge.f('swap, crash in terminate', await ge.swap('w', 'crash', 'v', 'heir'))
  await ge.show()
  await ge.remove('v', 'bye')
  const kinds: [string, () => unknown][] = [
    ['swap in event', () => ge.sync(doing('x', heir('heir')))],
    ['swap in event, no heir', () => ge.sync(doing('x', heir('no_heir')))],
    ['swap in call', () => ge.do('x', heirOfCall('heir'))],
    ['swap in call, no heir', () => ge.do('x', heirOfCall('no_heir'))],
  ]
  for (const [label, run] of kinds) {
    await ge.add('x')
    await ge.add('y')
    ge.f(label, await run())
    await ge.show()
    for (const id of ['x', 'y', 'z']) await ge.remove(id, 'bye')
  }
}

async function supervised(ge: Script): Promise<void> {
  const { scn, self } = ge
  scn.log('-- supervised handlers')
  const s1 = (name: string) => () => GenEvent.swap('args', 's1', of('z'), name)
  const kinds: [string, () => unknown][] = [
    ['delete', () => ge.remove('s', 'bye')],
    ['remove', () => ge.sync(doing('s', () => GenEvent.remove()))],
    ['crash', () => ge.sync(doing('s', () => error('oops')))],
    ['bad', () => ge.sync(doing('s', () => 'bad'))],
    ['bad call', () => ge.do('s', () => 'bad')],
    ['swap', () => ge.swap('s', 'args', 'z', 'heir').then(() => ge.remove('z', 'bye'))],
    ['swap in event', () => ge.sync(doing('s', s1('heir'))).then(() => ge.remove('z', 'bye'))],
    ['swap in event, no heir', () => ge.sync(doing('s', s1('no_heir')))],
  ]
  for (const [label, run] of kinds) {
    await ge.addSup('s')
    await run()
    await scn.mailbox(self, label)
    await ge.remove('s', 'gone')
    await scn.flush(self)
  }
  ge.f('init fails', await ge.addSup('s', { do: [() => failure('no')] }))
  await scn.mailbox(self, 'init fails')
  await ge.add('x')
  ge.f('swap_sup', await GenEvent.swapSupHandler(self, 'ge', [of('x'), 'args'], [of('z'), 'heir']))
  await ge.remove('z', 'bye')
  await scn.mailbox(self, 'swap_sup')
  const adder = scn.spawnNamed(self, 'adder', async function () {
    await GenEvent.addSupHandler(this, 'ge', of('o'), 'o')
    exit(await this.receive())
  })
  await self.sleep(20)
  await ge.show()
  self.send(adder, 'adder_died')
  await scn.settle()
  await ge.show()
}

async function infosAndSys(ge: Script, manager: GenEvent.EventManager): Promise<void> {
  const { scn, self } = ge
  scn.log('-- info')
  self.send(manager, 'some_info')
  self.send(
    'ge',
    doing('plain', () => exit('info_crash')),
  )
  await scn.settle()
  await ge.show()
  self.exit(manager, 'from_a_stranger')
  await scn.settle()
  await ge.show()
  scn.log('-- sys')
  const states = async () => list(await sys.getState<unknown[]>(self, 'ge'))
  ge.f('get_state', await states())
  type Entry = readonly [EventHandler<HandlerApi>, unknown, unknown]
  const change = (entry: unknown) => {
    const [handler, id] = entry as Entry
    return id === 'a' ? [handler, id, 'a3'] : exit('no')
  }
  ge.f('replace_state', list((await sys.replaceState<unknown>(self, 'ge', change)) as unknown[]))
  await sys.suspend(self, 'ge')
  GenEvent.notify(self, 'ge', 'while_suspended')
  ge.f('suspended get_state', await states())
  ge.f('change_code', await sys.changeCode(self, 'ge', m, 'v0', 'extra'))
  scn.log('resume')
  await sys.resume(self, 'ge')
  await scn.settle()
  ge.f('get_state', await states())
}

async function ends(ge: Script, manager: GenEvent.EventManager): Promise<void> {
  const { scn, self } = ge
  scn.log('-- ends')
  await ge.addSup('s')
  ge.f('stop', await stop(self, 'ge'))
  await scn.mailbox(self, 'after stop')
  ge.f('notify dead pid', GenEvent.notify(self, manager, 'x'))
  ge.f(
    'notify dead name',
    badarg(() => GenEvent.notify(self, 'ge', 'x')),
  )
  ge.f('notify dead name on node', GenEvent.notify(self, { name: 'ge', node: self.node.name }, 'x'))
  await ge.raised('sync_notify dead', () => GenEvent.syncNotify(self, manager, 'x'))
  await ge.raised('which dead', () => GenEvent.whichHandlers(self, 'ge'))
  await ge.raised('add dead', () => GenEvent.addHandler(self, 'ge', m, 'x'))
  await ge.raised('call dead', () => GenEvent.call(self, 'ge', m, 'get'))
  await ge.raised('call dead, timeout', () => GenEvent.call(self, 'ge', m, 'get', undefined, { timeout: 100 }))
  const linked = named(scn, 'linked', await GenEvent.startLink(self))
  await GenEvent.addHandler(self, linked, m, 1)
  await GenEvent.addHandler(self, linked, of('2'), 2)
  const late = async () => {
    await self.node.sleep(200)
    return reply('late', 1)
  }
  await ge.raised('slow', () => GenEvent.call(self, linked, m, 'do', late, { timeout: 50 }))
  await self.sleep(250)
  await scn.mailbox(self, 'late reply')
  await ge.raised('stop with a reason', () => stop(self, linked, 'odd', 1000))
  await scn.mailbox(self, 'after stop')
  await childOfAParentThatEnds(ge)
}

async function childOfAParentThatEnds(ge: Script): Promise<void> {
  const { scn, self } = ge
  const parent = self.spawn(async function () {
    const child = named(scn, 'child', await GenEvent.startLink(this, { name: 'child' }))
    await GenEvent.addHandler(this, child, m, 'in_child')
    exit((await this.receive(atom('parent_died'))) satisfies Reason)
  })
  await self.sleep(20)
  const ref = self.monitor('child')
  self.send(parent, 'parent_died')
  ge.f('child of a parent that ends', (await self.receive(downOf(ref))).reason)
}

/** The match `{ok, Pid} = Result`, and the name that the process is printed by. */
function named(scn: Scn, name: string, result: StartResult<GenEvent.EventManagerApi>): GenEvent.EventManager {
  if (result === 'ignore' || result[0] === 'error') return error('badmatch', result)
  scn.name(name, result[1])
  return result[1]
}

function badarg(run: () => unknown): unknown {
  try {
    return run()
  } catch (thrown) {
    return ['error', (thrown as { code?: unknown }).code]
  }
}
