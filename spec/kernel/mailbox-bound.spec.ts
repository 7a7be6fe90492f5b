import fc from 'fast-check'
import t from 'tap'
import {
  type Context,
  exit,
  type GenServer,
  loop,
  type MailboxPolicy,
  noreply,
  ok,
  type Pid,
  reply,
  sys,
} from '../../lib/index.ts'
import { MAILBOX_REPORT_MS } from '../../lib/internal/limits.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { exitsWith } from '../support/exits.ts'
import { inProcess, keptNode } from '../support/in-process.ts'

interface DeafApi {
  state: undefined
  call: { ask(): void }
  cast: { tell(): void }
}

/** A process whose mailbox is never looked at. */
function deaf(self: Context, limit: number, policy: MailboxPolicy): Pid<DeafApi> {
  const pid = self.spawnOpt(
    async () => {
      await new Promise(() => {})
    },
    { mailbox: { limit, policy } },
  )
  return pid as Pid<DeafApi>
}

t.test('reject drops what is too much, and a call fails at once with mailbox_full', async (t) => {
  const { node, reports } = keptNode(t)
  await inProcess(node, async function () {
    const pid = deaf(this, 2, 'reject')
    for (const message of [1, 2, 3, 4]) this.send(pid, message)
    t.strictSame(node.processInfo(pid, 'messages'), ['messages', [1, 2]])
    await exitsWith(t, this.call(pid, 'ask'), [{ code: 'mailbox_full' }, ['gen_server', 'call', [pid, 'ask']]])
    this.cast(pid, 'tell')
    t.strictSame(node.processInfo(pid, 'mailbox'), ['mailbox', { limit: 2, policy: 'reject', lost: 4 }])
    t.match(reports, [{ level: 'warning', label: ['process', 'mailbox_full'], details: { pid, lost: 1, limit: 2 } }])
    this.exit(pid, 'kill')
    t.match(reports[1], { details: { lost: 4 } }, 'the end tells what had not been told')
    t.equal(reports.length, 2)
  })
})

t.test('drop_oldest takes the new message in the place of the oldest, whose caller hears of it', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const pid = deaf(this, 2, 'drop_oldest')
    const call = this.call(pid, 'ask')
    this.send(pid, 1)
    this.send(pid, 2)
    await exitsWith(t, call, [{ code: 'mailbox_full' }, {}])
    this.send(pid, 3)
    t.strictSame(node.processInfo(pid, 'messages'), ['messages', [2, 3]])
  })
})

t.test('kill ends the process with killed, and says so', async (t) => {
  const { node, reports } = keptNode(t)
  await inProcess(node, async function () {
    const pid = deaf(this, 1, 'kill')
    const ref = this.monitor(pid)
    this.send(pid, 1)
    this.send(pid, 2)
    t.match(await this.receive(), { ref, reason: 'killed' })
    t.match(reports, [{ level: 'error', label: ['process', 'mailbox_full'], details: { pid, policy: 'kill' } }])
  })
})

t.test('exit and down messages are taken past the bound and never dropped', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    for (const policy of ['reject', 'drop_oldest'] as const) {
      const victims = [this.spawn(async () => new Promise(() => {})), this.spawn(async () => new Promise(() => {}))]
      const pid = this.spawnOpt(
        async function (one: Pid, two: Pid) {
          this.trapExit(true)
          this.link(one)
          this.monitor(two, { tag: 'gone' })
          await new Promise(() => {})
        },
        { mailbox: { limit: 1, policy } },
        victims[0]!,
        victims[1]!,
      )
      await quiet()
      this.send(pid, 1)
      for (const victim of victims) this.exit(victim, 'bye')
      this.send(pid, 2)
      const [, messages] = node.processInfo(pid, 'messages') as ['messages', unknown[]]
      const signals = [{ type: 'EXIT' }, { type: 'gone' }]
      t.match(messages, policy === 'reject' ? [1, ...signals] : [...signals, 2], policy)
      t.equal(messages.length, 3)
      this.send(pid, { type: 'EXIT', reason: 'looks like one' })
      t.match(node.processInfo(pid, 'mailbox'), ['mailbox', { lost: 2 }])
    }
  })
})

interface Api {
  state: number[]
  init: []
  call: { count(): number }
}
const Keeper: GenServer<Api> = {
  init: () => ok([]),
  handleCall: { count: (_request, _from, state) => reply(state.length, state) },
  handleInfo: (message, state) => noreply([...state, message as number]),
}

t.test('a suspended server with a bound keeps within it and can be resumed', async (t) => {
  const { node } = keptNode(t)
  const pid = await node.start(Keeper, [], { mailbox: { limit: 3, policy: 'drop_oldest' } })
  await sys.suspend(node, pid)
  for (let i = 0; i < 3; i++) node.send(pid, i)
  await quiet()
  for (let i = 3; i < 10; i++) node.send(pid, i)
  await sys.resume(node, pid)
  t.strictSame(await sys.getState(node, pid), [7, 8, 9])
  t.equal(await node.call(pid, 'count'), 3)
})

t.test('losses are reported at once, then at most once in a second, and all of them', async (t) => {
  const host = new VirtualHost()
  const { node, reports } = keptNode(t, { host })
  await inProcess(node, async function () {
    const pid = deaf(this, 1, 'reject')
    const lost = () => reports.map(({ details }) => details.lost)
    for (let i = 0; i < 10; i++) this.send(pid, i)
    t.strictSame(lost(), [1])
    host.advance(MAILBOX_REPORT_MS)
    t.strictSame(lost(), [1, 9])
    this.send(pid, 'one more')
    host.advance(MAILBOX_REPORT_MS - 1)
    t.strictSame(lost(), [1, 9])
    host.advance(1)
    t.strictSame(lost(), [1, 9, 10])
    host.advance(10 * MAILBOX_REPORT_MS)
    t.strictSame(lost(), [1, 9, 10], 'nothing was lost since')
    this.send(pid, 'and one')
    t.strictSame(lost(), [1, 9, 10, 11], 'at once again')
  })
})

t.test('a bounded mailbox behaves as the model of its policy', async (t) => {
  const script = fc.array(fc.oneof(fc.constant('take' as const), fc.nat(9)), { maxLength: 40 })
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    await fc.assert(
      fc.asyncProperty(script, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (steps, limit, drops) => {
        const got: unknown[] = []
        let wanted: (() => void) | undefined
        const pid = this.spawnOpt(
          async function () {
            for (;;) {
              await new Promise<void>((resolve) => {
                wanted = resolve
              })
              got.push(await this.receive())
            }
          },
          { mailbox: { limit, policy: drops ? 'drop_oldest' : 'reject' } },
        )
        await quiet()
        let model: number[] = []
        let lost = 0
        const taken: number[] = []
        for (const step of steps) {
          if (step === 'take') {
            if (model.length === 0) continue
            wanted?.()
            await quiet()
            taken.push(model.shift()!)
          } else {
            this.send(pid, step)
            if (model.length < limit) model.push(step)
            else {
              lost++
              if (drops) model = [...model.slice(1), step]
            }
          }
        }
        t.strictSame(got, taken)
        t.strictSame(node.processInfo(pid, 'messages')?.[1], model)
        t.match(node.processInfo(pid, 'mailbox'), ['mailbox', { lost }])
        this.exit(pid, 'kill')
      }),
      { numRuns: 30 },
    )
  })
})

t.test('a bound that is none is refused before anything is begun', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    for (const mailbox of [
      { limit: 0, policy: 'reject' },
      { limit: 1.5, policy: 'kill' },
      { limit: 1, policy: 'x' },
    ]) {
      t.throws(() => this.spawnOpt(() => 1, { mailbox: mailbox as never }), { code: 'badarg' })
    }
    t.equal(node.processCount, 1)
  })
  await t.rejects(node.start(Keeper, [], { mailbox: { limit: 0, policy: 'reject' } }), { code: 'badarg' })
})

t.test('a full node refuses one more process, and has room when one has ended', async (t) => {
  const { node } = keptNode(t, { maxProcesses: 2 })
  const idle = loop((state) => state, undefined)
  const first = node.spawn(idle)
  node.spawn(idle)
  t.throws(() => node.spawn(idle), { code: 'system_limit' })
  await t.rejects(node.start(Keeper, []), { code: 'system_limit' })
  node.exit(first, 'kill')
  t.ok(node.isAlive(node.spawn(idle)))
  t.equal(node.processCount, 2)
})

t.test('of many that register one name at once one gets it, and its end frees it for one more', async (t) => {
  const { node } = keptNode(t)
  for (let round = 0; round < 20; round++) {
    const outcomes: string[] = []
    const contender = function (this: Context): void {
      try {
        node.register('the one', this.self)
        outcomes.push('won')
      } catch (error) {
        outcomes.push((error as { code: string }).code)
      }
      exit('done')
    }
    const pids = Array.from({ length: 8 }, () => node.spawn(contender))
    await quiet()
    t.equal(node.whereis('the one'), undefined)
    t.equal(outcomes.length, pids.length)
    t.ok(outcomes.includes('won'))
    t.ok(outcomes.every((outcome) => outcome === 'won' || outcome === 'badarg'))
  }
})
