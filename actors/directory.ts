import {
  type ChildSpec,
  DynamicSupervisor,
  type GenServer,
  isAlreadyStarted,
  noreply,
  ok,
  type Registry,
  reply,
} from '../lib/behaviours/index.ts'
import type { Caller, From } from '../lib/kernel/context.ts'
import { describe } from '../lib/kernel/exit.ts'
import type { Pid } from '../lib/kernel/pid.ts'
import { type Outcome, refused } from './outcome.ts'
import { pipeToSelf, type Settled } from './pipe-to-self.ts'

/**
 * Actors by key: a guild, a user's presence, a channel's history, a guild's relay. On each node each kind has
 *
 *     registry    key -> pid; an actor that is started again registers itself anew
 *     supervisor  a dynamic one, with the actors as its children
 *     directory   this server, under the kind's name: finds an actor, or starts it
 *
 * How callers find the node that has a key is in routing.ts.
 */
export interface DirectorySpec {
  readonly registry: Registry<string>
  /** The registered name of the dynamic supervisor. */
  readonly supervisor: string
  /** An actor with this key, registered under it. */
  readonly child: (key: string) => ChildSpec
  /** Whether there can be an actor with this key; a refusal otherwise. */
  readonly check?: (key: string) => Promise<Outcome<null>>
}

export interface DirectoryApi {
  state: DirectoryState
  init: [spec: DirectorySpec]
  call: {
    /** The actor with this key, started when it does not run. */
    locate(request: { readonly key: string }): Outcome<Pid>
    /** The actor with this key if it runs. */
    find(request: { readonly key: string }): Pid | null
  }
  info: Located
}

interface DirectoryState {
  readonly spec: DirectorySpec
  /** Who waits for the actors that are being started. */
  readonly starting: Map<string, From<Outcome<Pid>>[]>
}

interface Located {
  readonly type: 'located'
  readonly key: string
  readonly settled: Settled<Outcome<Pid>>
}

export const Directory: GenServer<DirectoryApi> = {
  moduleName: 'Directory',
  init: (spec) => ok({ spec, starting: new Map() }),

  handleCall: {
    locate({ key }, from, state) {
      const { spec, starting } = state
      const running = spec.registry.whereis(this, key)
      if (running !== undefined) return reply(['ok', running], state)
      const waiting = starting.get(key)
      if (waiting !== undefined) waiting.push(from)
      else {
        starting.set(key, [from])
        pipeToSelf(this, startActor(this, spec, key), (settled) => ({ type: 'located', key, settled }))
      }
      return noreply(state)
    },
    find({ key }, _from, state) {
      return reply(state.spec.registry.whereis(this, key) ?? null, state)
    },
  },

  handleInfo({ key, settled }, state) {
    const waiting = state.starting.get(key) ?? []
    state.starting.delete(key)
    const outcome = settled[0] === 'ok' ? settled[1] : refused('guild_unavailable', String(settled[1]))
    for (const from of waiting) this.reply(from, outcome)
    return noreply(state)
  },
}

async function startActor(process: Caller, spec: DirectorySpec, key: string): Promise<Outcome<Pid>> {
  const checked = await spec.check?.(key)
  if (checked?.[0] === 'error') return checked
  const started = await DynamicSupervisor.startChild(process, spec.supervisor, spec.child(key))
  if (started === 'ignore') return refused('guild_unavailable', `${key} declined to start`)
  if (started[0] === 'ok' && started[1] !== undefined) return ['ok', started[1]]
  // Its supervisor was quicker to start it again.
  if (isAlreadyStarted(started)) return ['ok', started[1][1]]
  return refused('guild_unavailable', `${key} does not start: ${describe(started[1])}`)
}
