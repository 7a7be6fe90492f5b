import { fault } from '../internal/errors.ts'
import { describe } from './exit.ts'
import { type Priority, setPriority } from './priority.ts'
import type { Process } from './process.ts'

/** The flags of a process (`erlang:process_flag/2`) that have a meaning here, with the values they take. */
export interface ProcessFlags {
  readonly trap_exit: boolean
  readonly priority: Priority
}

export type FlagName = keyof ProcessFlags
export type FlagValue<F extends FlagName> = ProcessFlags[F]

type Setters = { readonly [F in FlagName]: (process: Process, value: FlagValue<F>) => FlagValue<F> }

const SETTERS: Setters = {
  trap_exit: (process, value) => {
    if (typeof value !== 'boolean') throw fault('badarg', `trap_exit is true or false, not ${describe(value)}`)
    return process.trapExit(value)
  },
  priority: setPriority,
}

/** Sets a flag and returns what it was. Heaps and queues are the engine's business, so there are no flags of them. */
export function setFlag<F extends FlagName>(process: Process, flag: F, value: FlagValue<F>): FlagValue<F> {
  if (typeof flag !== 'string' || !Object.hasOwn(SETTERS, flag)) {
    throw fault('badarg', `a process has the flags ${Object.keys(SETTERS).join(', ')}, not ${describe(flag)}`)
  }
  return SETTERS[flag](process, value)
}
