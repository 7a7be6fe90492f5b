import { OtpNode } from '../behaviours/otp-node.ts'
import { fault } from '../internal/errors.ts'
import { TEST_REPORTS, TEST_TURNS } from '../internal/limits.ts'
import { describe } from '../kernel/exit.ts'
import type { NodeOptions } from '../kernel/node.ts'
import { ANY, mustBeOptions, type OptionKinds } from '../kernel/options.ts'
import { Pid } from '../kernel/pid.ts'
import type { Process } from '../kernel/process.ts'
import type { Dest } from '../kernel/protocol.ts'
import type { Report } from '../kernel/report.ts'
import { systemHost } from '../kernel/system-host.ts'
import { SeededHost } from './seeded-host.ts'
import { mustBeDuration, quiet, SEED, VirtualHost } from './virtual-host.ts'

/**
 * A node for tests. Its clock stands still until it is advanced, its randomness and the order in which ready processes
 * run are those of a seed, its reports are kept, and there are ways to crash a process and to await quiet.
 *
 *     import { child, type GenServer, name, ok, reply } from 'guildhall'
 *     import { createTestNode } from 'guildhall/testing'
 *     import assert from 'node:assert/strict'
 *     import { test } from 'node:test'
 *
 *     const Counter: GenServer<{ state: number; init: [start: number]; call: { add(n: number): number } }> = {
 *       init: (start) => ok(start),
 *       handleCall: { add: (n, _from, count) => reply(count + n, count + n) },
 *     }
 *     const counter = name(Counter, 'counter')
 *
 *     test('a crash brings a fresh counter, an hour later still', async () => {
 *       await using node = createTestNode({ seed: 7 })
 *       await node.supervise({ children: [child(Counter, [0], { name: counter })] })
 *       await node.call(counter, 'add', 2)
 *       await node.crash(counter)                         // as if its code had thrown
 *       await node.advance(3_600_000)                     // an hour, with all that is due in it
 *       assert.equal(await node.call(counter, 'add', 1), 1)
 *       assert.equal(node.reportsOf('supervisor', 'child_terminated').length, 1)
 *     })
 *
 * `call` and all other waiting works as on any node, except that a timeout passes only when the clock is advanced. A
 * wait for the outside, a socket or a file, is not seen by `quiet`: use `until`.
 */
export class TestNode extends OtpNode {
  declare readonly host: VirtualHost
  readonly #reports: Report[]

  constructor(options: TestNodeOptions = {}) {
    mustBeOptions('a test node', options, TEST_NODE)
    const { seed = 1, host = new SeededHost(seed), ...rest } = options
    const reports: Report[] = []
    const keep = (report: Report): void => {
      if (reports.push(report) > TEST_REPORTS) reports.shift()
    }
    super({ ...rest, host, reporter: keep })
    this.#reports = reports
  }

  /** The node's reports, the oldest first: the last TEST_REPORTS of them. */
  get reports(): readonly Report[] {
    return this.#reports
  }

  /** The reports with this label. */
  reportsOf(...label: Report['label']): readonly Report[] {
    return this.#reports.filter((report) => report.label[0] === label[0] && report.label[1] === label[1])
  }

  /** Resolves when all that is ready has run and everyone waits, for messages, for time or for the outside. */
  quiet(): Promise<void> {
    return quiet(this.host)
  }

  /**
   * Lets `milliseconds` pass: what is due runs at its own time, and what follows from it before the next is due.
   * @throws Fault `badarg` for what is no number of milliseconds, 0 or more.
   */
  async advance(milliseconds: number): Promise<void> {
    mustBeDuration(milliseconds)
    const end = this.host.now + milliseconds
    await this.quiet()
    for (let due = this.host.nextDue; due !== undefined && due <= end; due = this.host.nextDue) {
      this.host.advance(Math.max(0, due - this.host.now)) // what was due while the host stalled is late
      await this.quiet()
    }
    this.host.advance(Math.max(0, end - this.host.now))
    await this.quiet()
  }

  /**
   * Ends a process as if its code had thrown `error`, and resolves when what follows from it is done.
   * @throws Fault `noproc` when there is none.
   */
  async crash(to: Dest, error: Error = new Error('crashed by a test')): Promise<void> {
    if (!(error instanceof Error)) throw fault('badarg', 'a process crashes with an Error')
    this.#processAt(to).crash(error)
    await this.quiet()
  }

  /** Resolves with the pid that is registered under `name` as soon as there is one that is not `before`. */
  async registeredAs(name: string, before?: Pid): Promise<Pid> {
    if (typeof name !== 'string') throw fault('badarg', `a name is a string, not ${describe(name)}`)
    if (before !== undefined && !(before instanceof Pid)) throw fault('badarg', 'who had the name before is a pid')
    await this.until(() => this.whereis(name) !== undefined && this.whereis(name) !== before, `a process named ${name}`)
    return this.whereis(name)!
  }

  /**
   * Resolves when `condition` holds; it is looked at in every turn of the event loop.
   * @throws Fault `test_timeout` when it did not within TEST_TURNS turns; `what` says what was waited for.
   */
  async until(condition: () => boolean, what = 'a condition'): Promise<void> {
    if (typeof condition !== 'function') throw fault('badarg', 'until takes a function that tells whether it is so')
    for (let turn = 0; !condition(); turn++) {
      if (turn === TEST_TURNS) throw fault('test_timeout', `${describe(what)} in ${TEST_TURNS} turns`)
      await new Promise<void>((resolve) => systemHost.macrotask(resolve))
    }
  }

  #processAt(to: Dest): Process {
    const pid = to instanceof Pid ? to : this.resolve(to).pid
    if (pid?.process === undefined) throw fault('noproc', `${describe(to)} leads to no process of ${this.name}`)
    return pid.process
  }
}

export interface TestNodeOptions extends Omit<NodeOptions, 'host' | 'reporter'> {
  /** What decides chance: the node's randomness, and the order in which ready processes run. A positive integer. */
  readonly seed?: number
  /** A host of one's own: several nodes with one clock share one. */
  readonly host?: VirtualHost
}

/** With the others of a node, which looks at them itself. */
const TEST_NODE: OptionKinds<TestNodeOptions> = {
  seed: SEED,
  host: { right: 'a VirtualHost', takes: (value) => value instanceof VirtualHost },
  name: ANY,
  maxProcesses: ANY,
}

/** Makes a node for tests. */
export function createTestNode(options?: TestNodeOptions): TestNode {
  return new TestNode(options)
}
