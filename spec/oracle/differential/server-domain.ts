import { list } from '../harness/terms.ts'
import type { Domain } from './domain.ts'
import { serverPrograms } from './server-programs.ts'
import { runServer, type ServerProgram } from './servers.ts'

/** GenServer: starts, calls, casts, messages, continues, timeouts, stops. */
export const servers: Domain<ServerProgram> = {
  module: 'servers',
  programs: serverPrograms,
  termOf: (program) => program,
  run: runServer,
  canonical,
  stepsOf: (program) => program.items,
  withSteps: (_, steps) => list(steps),
}

/**
 * Within a step each of the three prints in order; nothing promises who of them is first, nor which of many clients.
 * What is printed behind the end is of what was running still.
 */
function canonical(trace: readonly string[]): string[] {
  const steps: string[][] = []
  const end = trace.indexOf('end')
  for (const line of end < 0 ? trace : trace.slice(0, end)) {
    if (line.startsWith('  ')) steps.at(-1)!.push(line)
    else steps.push([line])
  }
  return steps.flatMap(([step, ...events]) => {
    const of = (who: string) => events.filter((line) => line.startsWith(`  ${who} `))
    return [step!, ...of('server'), ...of('client').sort(), ...of('driver')]
  })
}
