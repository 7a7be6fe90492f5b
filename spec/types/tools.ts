/** Compiled, never run: what of pg, applications, sys, proc_lib and upgrade must compile, and what must not. */
import {
  Application,
  type Caller,
  type Context,
  child,
  defineApplication,
  type GenServer,
  type GroupEvent,
  type OtpNode,
  ok,
  type Pid,
  pg,
  procLib,
  reply,
  Supervisor,
  start,
  sys,
  upgrade,
} from '../../lib/index.ts'

declare const caller: Caller
declare const self: Context
declare const node: OtpNode
declare const pid: Pid

const Counter: GenServer<{ state: number; init: [start: number]; call: { add(n: number): number } }> = {
  init: (start) => ok(start),
  handleCall: { add: (n, _from, count) => reply(count + n, count + n) },
}

export async function groups(): Promise<void> {
  await pg.join(caller, 'scope', ['room', 7], [pid, pid])
  const members: readonly Pid[] = pg.getMembers(caller, 'scope', ['room', 7])
  const [ref, present] = await pg.monitor(self, 'scope', 'room')
  const event: GroupEvent = [ref, 'join', 'room', present]
  // @ts-expect-error members are pids
  await pg.join(caller, 'scope', 'room', ['server'])
  // @ts-expect-error a scope has a name
  await pg.join(caller, 7, 'room', pid)
  // @ts-expect-error no such event
  const other: GroupEvent = [ref, 'died', 'room', present]
  // @ts-expect-error a scope is started by its name alone
  pg.child('scope', { name: 'other' })
  void [members, event, other]
}

const storage = defineApplication({ name: 'storage', env: { folder: 'data' } })

export async function applications(): Promise<void> {
  const chat = defineApplication({
    name: 'chat',
    applications: [storage],
    start() {
      return Supervisor.startLink(this, { children: [child(Counter, [0], { id: 'counter' })] })
    },
    prepStop: (state: unknown) => state,
  })
  await Application.ensureAllStarted(node, [storage, chat], 'permanent')
  const folder: string = Application.getEnv(node, storage, 'folder', 'none')
  // @ts-expect-error no such type
  await Application.start(node, chat, 'forever')
  // @ts-expect-error an application is defined
  await Application.start(node, { name: 'chat' })
  // @ts-expect-error a dependency is named by its definition
  defineApplication({ name: 'x', applications: ['storage'] })
  // @ts-expect-error it needs a name
  defineApplication({ env: { folder: 'data' } })
  // @ts-expect-error start gives the top supervisor
  defineApplication({ name: 'x', start: () => 'started' })
  void folder
}

export async function system(): Promise<void> {
  await sys.replaceState(caller, pid, (count: number) => count + 1)
  // @ts-expect-error the new state is of another type
  await sys.replaceState(caller, pid, (count: number) => `${count}`)
  // @ts-expect-error no such flag
  await sys.log(caller, pid, 'on')
  // @ts-expect-error 'print' is for logs
  await sys.statistics(caller, pid, 'print')
  // @ts-expect-error an installed function has a state
  await sys.install(caller, pid, [() => 'done'])
  const opened: 'ok' | readonly ['error', 'open_file'] = await sys.logToFile(caller, pid, 'events.log')
  // @ts-expect-error it is a path, or false
  await sys.logToFile(caller, pid, true)
  const count = (n: number, _event: sys.SystemEvent) => n + 1
  await start(caller, Counter, [0], { debug: ['trace', ['log', 5], ['log_to_file', 'x'], ['install', [count, 0]]] })
  // @ts-expect-error no such option
  await start(caller, Counter, [0], { debug: ['tracing'] })
  // @ts-expect-error it is a list of options
  await start(caller, Counter, [0], { debug: 'trace' })
  void opened
}

async function clock(this: Context, every: number): Promise<void> {
  procLib.initAck(this, ['ok', this.self])
  await this.sleep(every)
}

export async function special(): Promise<void> {
  await procLib.startLink(self, clock, [1000])
  // @ts-expect-error every is a number
  await procLib.startLink(self, clock, ['1000'])
  // @ts-expect-error an argument is missing
  await procLib.start(caller, clock, [])
  // @ts-expect-error only a process is linked
  procLib.spawnLink(caller, clock, 1000)
  // @ts-expect-error only a process has a starter
  procLib.initAck(caller, ['ok', pid])
}

export async function upgrades(): Promise<void> {
  const pids: readonly Pid[] = await upgrade(node, [{ module: 'counter', from: Counter, to: { ...Counter, vsn: 2 } }])
  // @ts-expect-error what it is upgraded to is missing
  await upgrade(node, [{ module: 'counter', from: Counter }])
  // @ts-expect-error upgrades are a list
  await upgrade(node, { module: 'counter', from: Counter, to: Counter })
  // @ts-expect-error a module is an object
  await upgrade(node, [{ module: 'counter', from: 'counter.v1', to: Counter }])
  void pids
}

export function keys(): void {
  const phases = Application.getKey(caller, 'chat', 'start_phases')?.[1]
  phases?.[0]?.[0].toUpperCase()
  // @ts-expect-error there is no such key
  Application.getKey(caller, 'chat', 'modules')
}
