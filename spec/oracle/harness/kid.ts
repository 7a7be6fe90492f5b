import {
  type ChildOptions,
  type ChildSpec,
  type Context,
  child,
  type GenServer,
  ignore,
  noreply,
  ok,
  Pid,
  type Reason,
  type Self,
  Supervisor,
  stop,
} from '../../../lib/index.ts'
import { scnOf } from './scn.ts'
import { error } from './terms.ts'
import type { Sup } from './tsup.ts'

export interface KidOptions {
  /** Whether it traps exits; true unless told otherwise. */
  readonly trap?: boolean
  /** Decides how incarnation `n` starts. */
  readonly init?: (this: Self<KidApi>, n: number) => KidStart | Promise<KidStart>
  /** Milliseconds that `terminate` takes. */
  readonly slow?: number
  readonly term?: (reason: Reason) => unknown
  /** Whether it says nothing when it terminates. */
  readonly quiet?: boolean
}

export type KidStart = 'ok' | 'ignore' | readonly ['stop' | 'crash', string]

export interface KidApi {
  state: { readonly name: string; readonly options: KidOptions }
  init: [id: string, options: KidOptions]
  cast: { die(reason: Reason): void }
}

/** A supervisor's child whose start and end are given in its options (erlang/kid.erl). */
export const Kid: GenServer<KidApi> = {
  async init(id, options) {
    const scn = scnOf(this.node)
    this.trapExit(options.trap ?? true)
    const [name, n] = scn.inc(id, this.self)
    const result = options.init === undefined ? 'ok' : await options.init.call(this, n)
    if (result === 'ok') {
      scn.log(`${scn.fmt(name)} init`)
      return ok({ name, options })
    }
    if (result === 'ignore') {
      scn.log(`${scn.fmt(name)} init -> ignore`)
      return ignore()
    }
    const [how, reason] = result
    scn.log(`${scn.fmt(name)} init -> ${how === 'stop' ? `stop ${scn.fmt(reason)}` : `error(${scn.fmt(reason)})`}`)
    return how === 'stop' ? stop(reason) : error(reason)
  },
  handleCall: {},
  handleCast: {
    die(reason, state) {
      const scn = scnOf(this.node)
      scn.log(`${scn.fmt(state.name)} dies ${scn.fmt(reason)}`)
      return stop(reason, state)
    },
  },
  handleInfo(message, state) {
    const scn = scnOf(this.node)
    scn.log(`${scn.fmt(state.name)} got ${scn.fmt(message)}`)
    return noreply(state)
  },
  async terminate(reason, { name, options }) {
    const scn = scnOf(this.node)
    if (!options.quiet) scn.log(`${scn.fmt(name)} terminate ${scn.fmt(reason)}`)
    if (options.slow !== undefined) await this.sleep(options.slow)
    return options.term?.(reason)
  },
}

export function spec(id: string, over: ChildOptions<KidApi> = {}, options: KidOptions = {}): ChildSpec<KidApi> {
  return child(Kid, [id, options], { id, ...over })
}

/** The pid of the child `id` of a supervisor. */
export async function pid(self: Context, supervisor: Sup, id: string): Promise<Pid<KidApi>> {
  const children = await Supervisor.whichChildren(self, supervisor)
  const found = children.find(([other]) => other === id)?.[1]
  if (!(found instanceof Pid)) throw new Error('badmatch', { cause: found })
  return found as Pid<KidApi>
}

/** Makes the child exit with `reason` and waits until it is down. */
export async function die(self: Context, kid: Pid<KidApi>, reason: Reason): Promise<void> {
  const waiting = scnOf(self.node).waitDown(self, kid)
  if (reason === 'kill') self.exit(kid, 'kill')
  else self.cast(kid, 'die', reason)
  await waiting
}
