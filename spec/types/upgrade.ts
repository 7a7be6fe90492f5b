/**
 * An upgrade fits its modules: what `codeChange` takes is the state that there is, and the `extra` that is given.
 * `tsc --noEmit` checks this file: an error that is expected and does not come is an error.
 */
import {
  type EventHandler,
  type GenServer,
  GenStage,
  GenStatem,
  noreply,
  type OtpNode,
  ok,
  type StateMachine,
  type SupervisorModule,
  type Upgrade,
  upgrade,
} from '../../lib/index.ts'

declare const node: OtpNode

// --- servers

const Counter: GenServer<{ state: number }> = { init: () => ok(0), handleCall: {} }
const Labels: GenServer<{ state: readonly string[] }> = { init: async () => ok([]), handleCall: {} }

const apples = { unit: 'apples' } as const

interface UnitApi {
  state: { readonly count: number; readonly unit: 'apples' | 'pears' }
  codeChange: [oldVsn: unknown, state: number, extra: { readonly unit: 'apples' | 'pears' }]
}
const Units: GenServer<UnitApi> = {
  init: () => ok({ count: 0, ...apples }),
  handleCall: {},
  codeChange: (_oldVsn, count, { unit }) => ok({ count, unit }),
}
/** It takes the state of the second version, or of the first, and needs to be told nothing. */
interface LastApi {
  state: number
  codeChange: [oldVsn: unknown, state: number | UnitApi['state'], extra: undefined]
}
declare const Last: GenServer<LastApi>

export async function servers(): Promise<void> {
  await upgrade(node, [{ module: 'units', from: Counter, to: Units, extra: { unit: 'apples' } }])
  await upgrade(node, [{ module: 'last', from: Counter, to: Last }])
  await upgrade(node, [{ module: 'last', from: Units, to: Last }])
  await upgrade(node, [])
  // @ts-expect-error the state is a list of texts, and codeChange takes a number
  await upgrade(node, [{ module: 'units', from: Labels, to: Units, extra: apples }])
  // @ts-expect-error the state is that of Units already
  await upgrade(node, [{ module: 'units', from: Units, to: Units, extra: apples }])
  // @ts-expect-error no such unit
  await upgrade(node, [{ module: 'units', from: Counter, to: Units, extra: { unit: 'plums' } }])
  // @ts-expect-error extra is an object
  await upgrade(node, [{ module: 'units', from: Counter, to: Units, extra: 'apples' }])
  // @ts-expect-error extra is missing
  await upgrade(node, [{ module: 'units', from: Counter, to: Units }])
  // @ts-expect-error it is told nothing
  await upgrade(node, [{ module: 'last', from: Counter, to: Last, extra: apples }])
}

/** What a module without a protocol takes stands in its codeChange. */
export async function bareModules(): Promise<void> {
  const codeChange = (_oldVsn: unknown, { count }: UnitApi['state']) => ok(count)
  await upgrade(node, [{ module: 'back', from: Units, to: { ...Counter, codeChange } }])
  // @ts-expect-error the state is a number
  await upgrade(node, [{ module: 'back', from: Counter, to: { ...Counter, codeChange } }])
  await upgrade(node, [{ module: 'same', from: Labels, to: { ...Labels, vsn: 2 }, extra: 'whatever' }])
}

// --- several at once

export async function several(): Promise<void> {
  const toUnits = { module: 'units', from: Counter, to: Units, extra: apples }
  const labels = { module: 'labels', from: Labels, to: Labels }
  await upgrade(node, [labels, toUnits, { module: 'last', from: Units, to: Last }], { timeout: 100 })
  // @ts-expect-error the second one: another state
  await upgrade(node, [labels, { ...toUnits, from: Labels }, { module: 'last', from: Units, to: Last }])
  // @ts-expect-error the third one: nothing is told
  await upgrade(node, [labels, toUnits, { module: 'units', from: Counter, to: Units }])
  const listed = [labels, toUnits]
  await upgrade(node, listed)
  const wrong = [labels, { ...toUnits, from: Labels }]
  // @ts-expect-error one of them
  await upgrade(node, wrong)
  // Made at run time, of modules that say nothing.
  const made: Upgrade[] = [labels, toUnits]
  await upgrade(node, made)
}

// --- state machines: state, data and extra

interface LampApi {
  state: 'on' | 'off'
  data: number
}
interface DimmerApi {
  state: 'on' | 'off' | 'dim'
  data: { readonly used: number; readonly watts: number }
  codeChange: [oldVsn: unknown, state: 'on' | 'off', data: number, extra: { readonly watts: number }]
}
declare const Lamp: StateMachine<LampApi>
declare const Textual: StateMachine<{ state: 'on' | 'off'; data: string }>
declare const Sleeper: StateMachine<{ state: 'awake' | 'asleep'; data: number }>

export const Dimmer: StateMachine<DimmerApi> = {
  callbackMode: 'handle_event_function',
  init: () => GenStatem.ok('off', { used: 0, watts: 0 }),
  handleEvent: () => GenStatem.keepStateAndData(),
  codeChange: (_oldVsn, state, used, { watts }) => GenStatem.ok(state, { used, watts }),
}
// @ts-expect-error it says what it replaces, and has no codeChange
export const Unchanging: StateMachine<DimmerApi> = {
  callbackMode: 'handle_event_function',
  init: () => GenStatem.ok('off', { used: 0, watts: 0 }),
  handleEvent: () => GenStatem.keepStateAndData(),
}

export async function machines(): Promise<void> {
  await upgrade(node, [{ module: 'lamp', from: Lamp, to: Dimmer, extra: { watts: 5 } }])
  // @ts-expect-error the data are a text
  await upgrade(node, [{ module: 'lamp', from: Textual, to: Dimmer, extra: { watts: 5 } }])
  // @ts-expect-error other states
  await upgrade(node, [{ module: 'lamp', from: Sleeper, to: Dimmer, extra: { watts: 5 } }])
  // @ts-expect-error watts are a number
  await upgrade(node, [{ module: 'lamp', from: Lamp, to: Dimmer, extra: { watts: '5' } }])
  await upgrade(node, [{ module: 'lamp', from: Textual, to: Lamp, extra: 'whatever' }])
}

// --- stages and event handlers

const Numbers = GenStage.producer<{ state: number; out: number }>({
  init: () => GenStage.staged(0, { bufferSize: 10 }),
  handleDemand: (_demand, n) => noreply(n),
})
const Steps = GenStage.producer<{ state: { n: number }; out: number; codeChange: [v: unknown, n: number, step: 2] }>({
  init: () => ok({ n: 0 }),
  handleDemand: (_demand, state) => noreply(state),
  codeChange: (_oldVsn, n, step) => ok({ n: n * step }),
})

const Hottest: EventHandler<{ state: number }> = { init: () => ok(0), handleEvent: (_event, n) => ok(n) }
interface RoundedApi {
  state: string
  codeChange: [oldVsn: unknown, state: number, extra: { readonly digits: number }]
}
const Rounded: EventHandler<RoundedApi> = {
  init: () => ok(''),
  handleEvent: (_event, text) => ok(text),
  codeChange: (_oldVsn, celsius, { digits }) => ok(celsius.toFixed(digits)),
}
// @ts-expect-error it says what it replaces, and has no codeChange
export const Changeless: EventHandler<RoundedApi> = { init: () => ok(''), handleEvent: (_event, text) => ok(text) }

export async function others(): Promise<void> {
  await upgrade(node, [{ module: 'numbers', from: Numbers, to: Steps, extra: 2 }])
  // @ts-expect-error a step of 2
  await upgrade(node, [{ module: 'numbers', from: Numbers, to: Steps, extra: 3 }])
  // @ts-expect-error the state has an n, and is none
  await upgrade(node, [{ module: 'numbers', from: Steps, to: Steps, extra: 2 }])
  await upgrade(node, [{ module: 'hottest', from: Hottest, to: Rounded, extra: { digits: 1 } }])
  // @ts-expect-error the state is a text already
  await upgrade(node, [{ module: 'hottest', from: Rounded, to: Rounded, extra: { digits: 1 } }])
  // @ts-expect-error digits are a number
  await upgrade(node, [{ module: 'hottest', from: Hottest, to: Rounded, extra: { digits: '1' } }])
  const top: SupervisorModule<[]> = { init: () => ({ children: [] }) }
  await upgrade(node, [{ module: 'top', from: top, to: top, extra: 'whatever' }])
}
