import { list } from '../harness/terms.ts'
import type { Domain } from './domain.ts'
import { puppetPrograms } from './puppet-programs.ts'
import { type PuppetProgram, runPuppets } from './puppets.ts'

/** Processes: links, monitors, exit signals, names, aliases, timers, spawning, mailboxes. */
export const puppets: Domain<PuppetProgram> = {
  module: 'puppets',
  programs: puppetPrograms,
  termOf: ({ count, steps }) => [count, list(steps)],
  run: runPuppets,
  canonical,
  stepsOf: ({ steps }) => steps,
  withSteps: ({ count }, steps) => ({ count, steps: steps as PuppetProgram['steps'] }),
}

/**
 * What a process has received in one step is in order for each sender, and not between senders. Nor is it promised in
 * which order links and monitors hear of an end, be it past or present, or which of the processes that fall together is
 * the first.
 */
function canonical(trace: readonly string[]): string[] {
  const steps: string[][] = []
  for (const line of trace) {
    if (line.startsWith('  ')) steps.at(-1)!.push(line)
    else steps.push([line])
  }
  return steps.flatMap(([step, ...events]) => [step!, ...inOrder(events)])
}

interface Event {
  readonly key: string
  readonly line: string
}

function inOrder(events: readonly string[]): string[] {
  const keyed = events.map((line): Event => {
    const [, receiver, sender] = /^ {2}(\S+) < (\S+) [!:] /.exec(line) ?? []
    return { key: sender === undefined ? `${/^ {2}\S+ \S+/.exec(line)?.[0]}` : `  ${receiver} < ${sender}`, line }
  })
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  for (let from = 0; from < keyed.length; ) {
    let to = from
    while (isEnd(keyed[to]) && keyed[to]!.key === keyed[from]!.key) to++
    if (to - from > 1) {
      const sorted = keyed.slice(from, to).sort((a, b) => (a.line < b.line ? -1 : 1))
      keyed.splice(from, to - from, ...sorted)
    }
    from = Math.max(to, from + 1)
  }
  return keyed.map(({ line }) => line)
}

function isEnd(event: Event | undefined): boolean {
  return event !== undefined && /^ {2}\S+ < \S+ ! /.test(event.line)
}
