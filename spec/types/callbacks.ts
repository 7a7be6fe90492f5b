/**
 * What a protocol speaks of, its module has a callback for, and a handler that stops tells the state it stops with.
 * `tsc --noEmit` checks this file: an error that is expected and does not come is an error.
 */
import {
  type BareStop,
  type EventHandler,
  type GenServer,
  GenStage,
  GenStatem,
  noreply,
  ok,
  reply,
  type StateMachine,
  stop,
} from '../../lib/index.ts'

/** Of nothing but a state: no callback besides the two that every server has. */
export const Least: GenServer<{ state: number }> = { init: () => ok(0), handleCall: {} }

// @ts-expect-error there are casts, and no handleCast
export const Castless: GenServer<{ state: number; cast: { reset(): void } }> = { init: () => ok(0), handleCall: {} }

export const HalfCast: GenServer<{ state: number; cast: { reset(): void; set(n: number): void } }> = {
  init: () => ok(0),
  handleCall: {},
  // @ts-expect-error there are two casts
  handleCast: { reset: () => noreply(0) },
}

// @ts-expect-error there are messages, and no handleInfo
export const Infoless: GenServer<{ state: number; info: 'tick' }> = { init: () => ok(0), handleCall: {} }

// @ts-expect-error it goes on, and has no handleContinue
export const Unfinished: GenServer<{ state: number; continue: 'load' }> = { init: () => ok(0), handleCall: {} }

// @ts-expect-error it says what it replaces, and has no codeChange
export const Unchanging: GenServer<{ state: number; codeChange: [oldVsn: 1, state: string, extra: null] }> = {
  init: () => ok(0),
  handleCall: {},
}

export const Whole: GenServer<{ state: number; cast: { reset(): void }; info: 'tick'; continue: 'load' }> = {
  init: () => ok(0, { continue: 'load' }),
  handleCall: {},
  handleCast: { reset: () => noreply(0) },
  handleInfo(message, n) {
    this.send(this.self, message satisfies 'tick')
    return noreply(n)
  },
  handleContinue: (what, n) => noreply(n + (what satisfies 'load').length),
}

interface StoppingApi {
  state: number
  call: { end(): number }
  cast: { end(): void }
  info: 'end'
}

export const Stopping: GenServer<StoppingApi> = {
  // Here there is no state yet.
  init: () => stop('no file'),
  // @ts-expect-error a handler stops with its state
  handleCall: { end: () => stop('normal') },
  // @ts-expect-error a handler stops with its state
  handleCast: { end: async () => stop('normal') },
  // @ts-expect-error a handler stops with its state
  handleInfo: (_message, n) => (n > 0 ? noreply(n) : stop('normal')),
}

export const bare: BareStop = stop('normal')
// @ts-expect-error a state is no reason
export const full: BareStop = stop('normal', 1)

// --- state machines

interface LampApi {
  state: 'on' | 'off'
  data: number
  cast: { flip(): void }
}

export const Lamp: StateMachine<LampApi> = {
  callbackMode: 'state_functions',
  init: () => stop('no power'),
  // A machine that stops without its data keeps them.
  states: { on: () => stop('broken'), off: () => GenStatem.keepStateAndData() },
}

export const Half: StateMachine<LampApi> = {
  callbackMode: 'state_functions',
  init: () => GenStatem.ok('off', 0),
  // @ts-expect-error the state `on` has no function
  states: { off: () => GenStatem.keepStateAndData() },
}

// @ts-expect-error handleEvent is missing
export const Unhandled: StateMachine<LampApi> = {
  callbackMode: 'handle_event_function',
  init: () => GenStatem.ok('off', 0),
}

export const Numbered: StateMachine<{ state: 'idle' | readonly ['busy', number]; data: null }> = {
  // @ts-expect-error a state that is no name has no function: handle_event_function
  callbackMode: 'state_functions',
  init: () => GenStatem.ok('idle', null),
  states: { idle: () => GenStatem.keepStateAndData() },
}

// --- event handlers

// @ts-expect-error there are calls, and no handleCall
export const Speechless: EventHandler<{ state: number; event: string; call: { size(): number } }> = {
  init: () => ok(0),
  handleEvent: (_event, n) => ok(n),
}

// @ts-expect-error there are messages, and no handleInfo
export const Unread: EventHandler<{ state: number; event: string; info: 'tick' }> = {
  init: () => ok(0),
  handleEvent: (_event, n) => ok(n),
}

// --- stages

interface TapApi {
  state: number
  out: number
  call: { count(): number }
  cast: { close(): void }
  info: 'drip'
}

export const Tap = GenStage.producer<TapApi>({
  init: () => ok(0),
  handleDemand: (_demand, n) => noreply(n),
  handleCall: { count: (_request, _from, n) => reply(n, n) },
  handleCast: { close: (_request, n) => stop('normal', n) },
  handleInfo: (_message, n) => GenStage.emit([n], n + 1),
})

const { init, handleDemand, handleCall, handleCast, handleInfo } = {} as Parameters<typeof GenStage.producer<TapApi>>[0]

// @ts-expect-error handleCall is missing
GenStage.producer<TapApi>({ init, handleDemand, handleCast, handleInfo })
// @ts-expect-error handleCast is missing
GenStage.producer<TapApi>({ init, handleDemand, handleCall, handleInfo })
// @ts-expect-error handleInfo is missing
GenStage.producer<TapApi>({ init, handleDemand, handleCall, handleCast })
// @ts-expect-error handleDemand is missing
GenStage.producer<TapApi>({ init, handleCall, handleCast, handleInfo })
// @ts-expect-error handleEvents is missing
GenStage.consumer<{ state: null; in: number }>({ init: () => ok(null) })
// @ts-expect-error handleEvents is missing
GenStage.producerConsumer<{ state: null; in: number; out: number }>({ init: () => ok(null) })
// @ts-expect-error a stage stops with its state
GenStage.producer<{ state: number; out: number }>({ init: () => ok(0), handleDemand: () => stop('normal') })
