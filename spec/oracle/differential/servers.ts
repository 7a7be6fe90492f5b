import {
  type Context,
  createNode,
  type DownMessage,
  exit,
  type From,
  ignore,
  noreply,
  ok,
  Pid,
  type Reason,
  reply,
  type Self,
  start,
  startLink,
  startMonitor,
  stop,
  stopReply,
} from '../../../lib/index.ts'
import { JumpingHost } from '../../../lib/testing/index.ts'
import { stop as stopServer } from '../harness/erlang.ts'
import { Scn, scnOf } from '../harness/scn.ts'
import { type DoCall, type Functions, Srv, type SrvApi } from '../harness/srv.ts'
import { error, type List } from '../harness/terms.ts'

/** A GenServer told what to return: erlang/servers.erl is the same. */
export type ServerProgram = List

export type Next = 'none' | 'hibernate' | readonly ['timeout', number] | readonly ['continue', Outcome]
export type Raise = readonly ['error' | 'exit' | 'throw', Reason]
export type Outcome =
  | readonly ['return', 'reply' | 'early' | 'later', Next]
  | readonly ['stop', Reason]
  | readonly ['stop_reply', Reason, unknown]
  | Raise
  | 'bad'
export type Start = readonly ['return', 'reply', Next] | readonly ['stop', Reason] | Raise | 'bad' | 'ignore'
export type How = 'start' | 'start_link' | 'start_monitor'
export type ServerStep =
  | readonly ['start', How, name: string, trap: boolean, Start, end: 'ok' | Raise]
  | readonly ['call', timeout: number, Outcome]
  | readonly ['cast' | 'info', Outcome]
  | readonly ['reply' | 'stop' | 'exit', unknown]

/** Runs a program on a node of its own and returns the trace. */
export async function runServer(program: ServerProgram): Promise<string[]> {
  await using node = createNode({ host: new JumpingHost(), reporter: () => {} })
  const scn = new Scn(node)
  await new Promise<void>((done) => {
    node.spawn(async function () {
      this.spawnMonitor(async function () {
        this.trapExit(true)
        const driver = new Driver(this)
        for (const [index, step] of (program.items as ServerStep[]).entries()) await driver.step(index + 1, step)
        scn.log('end')
      })
      const { reason } = (await this.receive()) as DownMessage
      if (reason !== 'normal') scn.log(`driver exited: ${scn.fmt(reason)}`)
      done()
    })
  })
  return scn.lines
}

class Driver {
  readonly #self: Context
  readonly #scn: Scn
  #server: Pid<SrvApi> | undefined

  constructor(self: Context) {
    this.#self = self
    this.#scn = scnOf(self.node)
  }

  async step(number: number, step: ServerStep): Promise<void> {
    const scn = this.#scn
    scn.log(`${number} ${scn.fmt(step)}`)
    if (step[0] === 'start') await this.#start(step)
    else if (this.#server !== undefined) await this.#tell(step, this.#server)
    await this.#self.sleep(5)
    for (const message of await scn.flush(this.#self)) scn.log(`  driver has ${scn.fmt(message)}`)
  }

  async #start([, how, name, trap, init, end]: Extract<ServerStep, readonly ['start', ...unknown[]]>): Promise<void> {
    const args = [functionsOf(trap, init, end)] as const
    const options = name === 'none' ? {} : { name }
    const self = this.#self
    const result =
      how === 'start'
        ? await start(self, Srv, [...args], options)
        : how === 'start_link'
          ? await startLink(self, Srv, [...args], options)
          : await startMonitor(self, Srv, [...args], options)
    this.#scn.log(`  driver ${this.#scn.fmt(result)}`)
    if (result !== 'ignore' && result[0] === 'ok') this.#server = result[1] instanceof Pid ? result[1] : result[1][0]
  }

  async #tell(step: Exclude<ServerStep, readonly ['start', ...unknown[]]>, server: Pid<SrvApi>): Promise<void> {
    const self = this.#self
    const scn = this.#scn
    switch (step[0]) {
      case 'call': {
        const [, timeout, outcome] = step
        const run: DoCall = function (from, state) {
          return outcomeOf(this, outcome, state, from)
        }
        self.spawn(async function () {
          scn.log(`  client ${await scn.catching(() => this.call(server, 'do', run, { timeout }))}`)
        })
        return
      }
      case 'cast': {
        const [, outcome] = step
        return self.cast(server, 'do', function (state) {
          return outcomeOf(this, outcome, state)
        })
      }
      case 'info':
        return self.send(server, ['outcome', step[1]])
      case 'reply':
        return self.cast(server, 'do', function (state) {
          for (const from of state as From<unknown>[]) this.reply(from, step[1])
          return noreply([])
        })
      case 'stop':
        return scn.log(`  driver ${await scn.catching(() => stopServer(self, server, step[1], 60_000))}`)
      case 'exit':
        return self.exit(server, step[1])
    }
  }
}

function functionsOf(trap: boolean, init: Start, end: 'ok' | Raise): Functions {
  return {
    trap,
    init: () => initOf(init),
    info(message, state) {
      const outcome = Array.isArray(message) && message[0] === 'outcome' ? (message[1] as Outcome) : undefined
      if (outcome !== undefined) return outcomeOf(this, outcome, state)
      log(this, 'info', message)
      return noreply(state)
    },
    continue(outcome, state) {
      scnOf(this.node).log('  server continue')
      return outcomeOf(this, outcome as Outcome, state)
    },
    term(reason, state) {
      const scn = scnOf(this.node)
      scn.log(`  server terminate ${scn.fmt(reason)} with ${(state as unknown[]).length} callers`)
      return end === 'ok' ? end : raise(end)
    },
  }
}

function log(self: Self<SrvApi>, what: string, term: unknown): void {
  const scn = scnOf(self.node)
  scn.log(`  server ${what} ${scn.fmt(term)}`)
}

function initOf(init: Start): unknown {
  if (init === 'bad') return init
  if (init === 'ignore') return ignore()
  if (init[0] === 'return') return ok([], optionsOf(init[2]))
  return init[0] === 'stop' ? stop(init[1]) : raise(init)
}

function outcomeOf(self: Self<SrvApi>, outcome: Outcome, state: unknown, from?: From<unknown>): unknown {
  if (outcome === 'bad') return outcome
  switch (outcome[0]) {
    case 'return':
      return returned(self, outcome, state as readonly unknown[], from)
    case 'stop':
      return stop(outcome[1], state)
    case 'stop_reply':
      return from === undefined ? stop(outcome[1], state) : stopReply(outcome[1], outcome[2], state)
    default:
      return raise(outcome)
  }
}

function returned(
  self: Self<SrvApi>,
  [, how, next]: Extract<Outcome, readonly ['return', ...unknown[]]>,
  state: readonly unknown[],
  from: From<unknown> | undefined,
): unknown {
  const options = optionsOf(next)
  if (from === undefined) return noreply(state, options)
  if (how === 'reply') return reply('answer', state, options)
  if (how === 'later') return noreply([...state, from], options)
  self.reply(from, 'early')
  return noreply(state, options)
}

function optionsOf(next: Next): { timeout?: number; hibernate?: true; continue?: unknown } | undefined {
  if (next === 'none') return undefined
  if (next === 'hibernate') return { hibernate: true }
  return next[0] === 'timeout' ? { timeout: next[1] } : { continue: next[1] }
}

function raise([how, reason]: Raise): never {
  if (how === 'exit') return exit(reason)
  if (how === 'error') return error(reason as string)
  throw reason
}
