import {
  _,
  type Caller,
  child,
  createNode,
  DynamicSupervisor,
  Exit,
  type GenServer,
  noreply,
  ok,
  type Pid,
  Registry,
  reply,
  stop,
  variable,
} from '../lib/index.ts'

/**
 * `npm run example cache`: a cache over a Registry. Each thing that is kept is a process, registered under its key with
 * the kind of thing as its value; it loads itself, answers, and ends when nobody has asked for a while. Whoever asks
 * for a key that is being loaded waits for that one load; a load that fails takes nothing else along. Another registry,
 * with duplicate keys, lists who wants to hear when a kind of thing is forgotten.
 */
const KEEP_MS = 60_000
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

type Kind = 'page' | 'user'
const kept = new Registry<string, Kind>('kept', { keys: 'unique' })
const listeners = new Registry<Kind>('listeners', { keys: 'duplicate' })

// --- what is slow, and fails now and then

const loads: string[] = []

async function load(this: { sleep(milliseconds: number): Promise<void> }, key: string): Promise<string> {
  loads.push(key)
  await this.sleep(5)
  if (key === 'page 404') throw new Error('there is no such page')
  return `${key}, load ${loads.filter((other) => other === key).length}`
}

// --- one thing that is kept

interface EntryApi {
  state: { readonly value: string; readonly keep: number }
  init: [key: string, keep: number]
  continue: { readonly load: string }
  call: { value(): string }
  cast: { forget(): void }
}

const Entry: GenServer<EntryApi> = {
  init: (key, keep) => ok({ value: '', keep }, { continue: { load: key } }),
  async handleContinue({ load: key }, { keep }) {
    return noreply({ value: await load.call(this, key), keep }, { timeout: keep })
  },
  handleCall: { value: (_request, _from, state) => reply(state.value, state, { timeout: state.keep }) },
  handleCast: { forget: (_request, state) => stop('normal', state) },
  handleInfo: (_timeout, state) => stop('normal', state),
}

/** The value under `key`, loaded when it is not there, and kept until nobody has asked for `keep` milliseconds. */
async function get(caller: Caller, key: string, keep: number = KEEP_MS): Promise<string> {
  const kind: Kind = key.startsWith('user') ? 'user' : 'page'
  const entry = kept.via<EntryApi>(key, kind)
  if (kept.whereis(caller, key) === undefined) {
    // Someone else may have been quicker: then there is an entry, and this start says `already_started`.
    await DynamicSupervisor.startChild(
      caller,
      'entries',
      child(Entry, [key, keep], { name: entry, restart: 'temporary' }),
    )
  }
  return caller.call(entry, 'value')
}

/** Forgets all things of a kind, and tells those who want to hear of it. */
function forget(caller: Caller, kind: Kind): number {
  const ofKind = kept.clause([_, variable('pid'), kind], ({ pid }) => pid)
  const pids = kept.select(caller, ofKind)
  for (const pid of pids) caller.cast(pid as Pid<EntryApi>, 'forget')
  listeners.dispatch(caller, kind, (found) => found.map(([pid]) => caller.send(pid, `all of ${kind} are forgotten`)))
  return pids.length
}

// --- what it shows

await using node = createNode({ reporter: () => {} })
await node.supervise({
  strategy: 'one_for_all',
  children: [kept.child(), listeners.child(), DynamicSupervisor.child({ maxChildren: 1000 }, { name: 'entries' })],
})

const five = await Promise.all([1, 2, 3, 4, 5].map(() => get(node, 'user 7')))
tell(`five ask at once: ${[...new Set(five)].join()}, loaded ${loads.length} time`)
tell(`asked again: ${await get(node, 'user 7')}`)

const failed = await get(node, 'page 404').catch((exit: unknown) => exit)
const [why] = failed instanceof Exit ? (failed.reason as readonly [Error]) : []
tell(`a load that fails: ${why?.message}; the others are still there: ${kept.count(node)}`)

const heard = new Promise((resolve) => {
  node.spawn(async function () {
    listeners.register(this, 'user')
    resolve(await this.receive())
  })
})
await get(node, 'user 8')
await get(node, 'page 1')
const counts = (['user', 'page'] as const).map((kind) => kept.countSelect(node, kept.clause([_, _, kind])))
tell(`kept now: ${counts[0]} users, ${counts[1]} page`)
tell(`forgotten: ${forget(node, 'user')} users; told: ${await heard}`)
tell(`loaded anew: ${await get(node, 'user 7')}`)

await get(node, 'page 2', 20)
while (kept.whereis(node, 'page 2') !== undefined) await node.sleep(20)
const keys = kept.clause([variable('key'), _, _], ({ key }) => key)
const left = kept.select(node, keys)
tell(`nobody asked for page 2 for a while; kept: ${[...left].sort().join(', ')}`)
