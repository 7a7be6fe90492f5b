import { type OptionKind, type OptionKinds, TIME } from '../../kernel/options.ts'
import { Pid } from '../../kernel/pid.ts'
import { PROCESS } from '../../kernel/process-options.ts'
import type { Name, NameRegistry } from '../../kernel/protocol.ts'
import { checkDebugOptions } from '../sys/debug-switch.ts'
import type { StartOptions } from './start.ts'

/** What a process is registered under; whether that is on its own node is seen when it starts. */
export const NAME: OptionKind = {
  right: 'a string, name(...), or a via: a process is registered on its own node',
  takes: isName,
}

function isName(value: unknown): boolean {
  if (typeof value === 'string') return true
  if (typeof value !== 'object' || value === null || value instanceof Pid) return false
  if ('via' in value) return typeof (value.via as Partial<NameRegistry> | undefined)?.registerName === 'function'
  return typeof (value as Partial<Name>).name === 'string'
}

/** The options of every start of a behaviour; `debug` throws what is wrong with it by itself. */
export const START: OptionKinds<StartOptions> = {
  ...PROCESS,
  name: NAME,
  timeout: TIME,
  hibernateAfter: TIME,
  debug: {
    right: 'an array of debug options',
    takes: (value) => {
      checkDebugOptions(value as never)
      return true
    },
  },
}
