import fc from 'fast-check'
import t from 'tap'
import type { Context, OtpNode, Reason, Ref } from '../../lib/index.ts'
import { keptNode } from '../support/in-process.ts'

/** What one process should be like: the rules of links, monitors and exit signals, told once more and simply. */
class ModelProcess {
  alive = true
  trapping = false
  readonly links = new Set<number>()
  /** The watched process by the number of the monitor. */
  readonly monitors = new Map<number, number>()
  readonly inbox: string[] = []
}

class Model {
  readonly processes: ModelProcess[] = []

  at(id: number): ModelProcess {
    return this.processes[id]!
  }

  /** The table of exit signals. */
  signal(to: number, from: number, reason: string, linked: boolean): void {
    const target = this.at(to)
    if (!target.alive) return
    if (reason === 'kill' && !linked) this.die(to, 'killed')
    else if (target.trapping) target.inbox.push(`EXIT ${from} ${reason}`)
    else if (reason !== 'normal' || (!linked && to === from)) this.die(to, reason)
  }

  die(id: number, reason: string): void {
    const dead = this.at(id)
    dead.alive = false
    dead.monitors.clear()
    const linked = [...dead.links]
    dead.links.clear()
    for (const other of linked) {
      this.at(other).links.delete(id)
      this.signal(other, id, reason, true)
    }
    for (const watcher of this.processes) {
      for (const [number, watched] of [...watcher.monitors]) {
        if (watched !== id) continue
        watcher.monitors.delete(number)
        watcher.inbox.push(`DOWN ${number} ${reason}`)
      }
    }
  }

  link(id: number, other: number): void {
    if (id === other) return
    if (this.at(other).alive) {
      this.at(id).links.add(other)
      this.at(other).links.add(id)
    } else if (this.at(id).trapping) this.at(id).inbox.push(`EXIT ${other} noproc`)
  }

  monitor(id: number, number: number, other: number): void {
    if (id === other) return
    if (this.at(other).alive) this.at(id).monitors.set(number, other)
    else this.at(id).inbox.push(`DOWN ${number} noproc`)
  }
}

/** The same in a node: processes that only lie there, and whose contexts are used from outside. */
class Real {
  readonly contexts: Context[] = []
  readonly refs: Ref[] = []
  readonly #node: OtpNode

  constructor(node: OtpNode) {
    this.#node = node
  }

  async add(): Promise<void> {
    await new Promise<void>((resolve) => {
      const { contexts } = this
      this.#node.spawn(async function () {
        contexts.push(this)
        resolve()
        await new Promise(() => {})
      })
    })
  }

  /** What waits for a process, as the model names it; nothing for one that has ended. */
  inboxOf(id: number): string[] {
    const messages = this.#node.processInfo(this.contexts[id]!.self, 'messages')?.[1] ?? []
    return messages.map((message) => {
      const { type, from, ref, reason } = message as { type: string; from?: unknown; ref?: unknown; reason: Reason }
      const who = type === 'EXIT' ? this.contexts.findIndex(({ self }) => self === from) : this.refs.indexOf(ref as Ref)
      return `${type} ${who} ${String(reason)}`
    })
  }
}

const COUNT = 6
const who = fc.nat(COUNT - 1)
const step = fc.oneof(
  fc.record({ do: fc.constantFrom('link', 'unlink', 'monitor'), id: who, other: who }),
  fc.record({ do: fc.constant('demonitor'), id: who, number: fc.nat(5) }),
  fc.record({ do: fc.constant('trap'), id: who, flag: fc.boolean() }),
  fc.record({
    do: fc.constant('exit'),
    id: who,
    other: who,
    reason: fc.constantFrom('normal', 'kill', 'killed', 'shutdown', 'boom'),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function apply(script: Step, model: Model, real: Real): void {
  const context = real.contexts[script.id]!
  if (!model.at(script.id).alive) return
  if ('flag' in script) {
    model.at(script.id).trapping = script.flag
    context.trapExit(script.flag)
  } else if ('number' in script) {
    model.at(script.id).monitors.delete(script.number)
    const ref = real.refs[script.number]
    if (ref !== undefined) context.demonitor(ref)
  } else if ('reason' in script) {
    model.signal(script.other, script.id, script.reason, false)
    try {
      context.exit(real.contexts[script.other]!.self, script.reason)
    } catch {
      // it ended itself
    }
  } else run(script, model, real, context)
}

function run(script: { do: string; id: number; other: number }, model: Model, real: Real, context: Context): void {
  const { id, other } = script
  const { self } = real.contexts[other]!
  if (script.do === 'monitor') {
    model.monitor(id, real.refs.length, other)
    real.refs.push(context.monitor(self))
  } else if (script.do === 'link') {
    model.link(id, other)
    try {
      context.link(self)
    } catch {
      // noproc: it does not trap exits, and lives on
    }
  } else {
    model.at(id).links.delete(other)
    model.at(other).links.delete(id)
    context.unlink(self)
  }
}

t.test('links, monitors and exit signals behave as their model', async (t) => {
  const { node } = keptNode(t)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (script) => {
      const model = new Model()
      const real = new Real(node)
      for (let i = 0; i < COUNT; i++) {
        model.processes.push(new ModelProcess())
        await real.add()
      }
      for (const each of script) {
        apply(each, model, real)
        for (const [id, expected] of model.processes.entries()) {
          const { self } = real.contexts[id]!
          const links = node
            .processInfo(self, 'links')?.[1]
            ?.map((pid) => real.contexts.findIndex((c) => c.self === pid))
          t.strictSame(
            [node.isAlive(self), [...(links ?? [])].sort(), real.inboxOf(id).sort()],
            [expected.alive, [...expected.links].sort(), expected.alive ? [...expected.inbox].sort() : []],
          )
        }
      }
      for (const { self } of real.contexts) node.exit(self, 'kill')
    }),
    { numRuns: 200 },
  )
})
