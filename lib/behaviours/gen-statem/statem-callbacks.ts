import { fault } from '../../internal/errors.ts'
import { oncePer } from '../../internal/once-per.ts'
import { describe } from '../../kernel/exit.ts'
import type { Process } from '../../kernel/process.ts'
import type { EventRecord } from './statem-event.ts'

export type Callback = (this: Process, ...args: unknown[]) => unknown
export type CallbackMode = 'state_functions' | 'handle_event_function'

/** A module of any protocol, as the loop sees it. */
export interface AnyGenStatem {
  readonly callbackMode: CallbackMode
  readonly stateEnter?: boolean
  readonly moduleName?: string
  readonly init: unknown
  readonly states?: object
  readonly handleEvent?: unknown
  readonly terminate?: unknown
  readonly codeChange?: unknown
  readonly formatStatus?: unknown
}

/** A callback module made ready for the loop; one for all processes that run it. */
export class Callbacks {
  readonly module: AnyGenStatem
  readonly mode: CallbackMode
  readonly stateEnter: boolean
  readonly #states: Map<unknown, Callback>
  readonly #handleEvent: Callback

  constructor(module: AnyGenStatem) {
    this.module = module
    this.mode = module.callbackMode
    this.stateEnter = module.stateEnter === true
    this.#states = new Map(Object.entries(module.states ?? {}))
    this.#handleEvent = module.handleEvent as Callback
  }

  /** Has the module handle `event` in `state`. */
  handle(process: Process, event: EventRecord, state: unknown, data: unknown): unknown {
    if (this.mode === 'handle_event_function') return this.#handleEvent.call(process, event, state, data)
    const callback = this.#states.get(state)
    if (callback === undefined) throw fault('undef', `there is no state function for ${describe(state)}`)
    return callback.call(process, event, data)
  }

  get terminate(): Callback | undefined {
    return this.module.terminate as Callback | undefined
  }
}

/** The callbacks of `module`. @throws Fault `badarg` when it is no callback module of a state machine. */
export const callbacksOf: (module: object) => Callbacks = oncePer((module) => {
  const wrong = whatIsWrong(module as Partial<AnyGenStatem>)
  if (wrong !== undefined) throw fault('badarg', wrong)
  return new Callbacks(module as AnyGenStatem)
})

function whatIsWrong(module: Partial<AnyGenStatem> | undefined): string | undefined {
  if (typeof module?.init !== 'function') return 'a GenStatem has the callback init'
  if (module.callbackMode === 'state_functions') {
    const { states } = module
    if (typeof states !== 'object' || states === null)
      return 'with state_functions a GenStatem has states, one function each'
    const wrong = Object.entries(states).find(([, callback]) => typeof callback !== 'function')
    return wrong === undefined ? undefined : `the state ${wrong[0]} is a function, not ${describe(wrong[1], 1)}`
  }
  if (module.callbackMode !== 'handle_event_function') {
    return `callbackMode is state_functions or handle_event_function, not ${describe(module.callbackMode)}`
  }
  return typeof module.handleEvent === 'function' ? undefined : 'with handle_event_function a GenStatem has handleEvent'
}
