import t from 'tap'
import { type Context, type Pid, type Ref, TIMEOUT } from '../../lib/index.ts'
import { inProcess, keptNode } from '../support/in-process.ts'

/** What is in the mailbox; a `DOWN` as the reason it tells. */
async function flush(self: Context): Promise<unknown[]> {
  const found: unknown[] = []
  for (;;) {
    const message = await self.receive(undefined, { after: 0 })
    if (message === TIMEOUT) return found
    found.push((message as { reason?: unknown })?.reason ?? message)
  }
}

/** A process that lives until the test ends. */
const idle = async function (this: Context): Promise<void> {
  await this.receive(() => false)
}

const MODES = ['explicit_unalias', 'demonitor', 'reply_demonitor'] as const

t.test('an alias takes messages until unalias; those that have come stay', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const alias = this.alias()
    this.send(alias, 'one')
    node.send(alias, 'two')
    t.equal(this.unalias(alias), true)
    t.equal(this.unalias(alias), false)
    this.send(alias, 'three')
    t.strictSame(await flush(this), ['one', 'two'])
    t.equal(this.unalias(node.makeRef()), false)
    this.send(node.makeRef(), 'to nobody, which is no error')
    t.throws(() => this.unalias('alias' as never), { code: 'badarg' })
  })
})

t.test('one with reply takes one message', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const alias = this.alias({ reply: true })
    this.send(alias, 1)
    this.send(alias, 2)
    t.strictSame(await flush(this), [1])
    t.equal(this.unalias(alias), false)
  })
})

t.test('another process cannot end it, and it ends with its own', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const alias = this.alias()
    const answer = new Promise((resolve) => {
      this.spawn(function () {
        resolve(this.unalias(alias))
      })
    })
    t.equal(await answer, false)
    this.send(alias, 'still')
    t.strictSame(await flush(this), ['still'])
  })
  await node.sleep(0)
  t.equal(node.aliases.size, 0)
})

t.test('the alias of a monitor: what ends it, by its mode', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const modes = async (script: (ref: Ref, target: Pid) => void | Promise<void>): Promise<unknown[]> => {
      const outcomes: unknown[] = []
      for (const alias of MODES) {
        const target = this.spawn(idle)
        const ref = this.monitor(target, { alias })
        await script(ref, target)
        outcomes.push([await flush(this), this.demonitor(ref), this.unalias(ref)])
      }
      return outcomes
    }
    const two = (ref: Ref) => {
      this.send(ref, 1)
      this.send(ref, 2)
    }
    t.strictSame(await modes(two), [
      [[1, 2], true, true],
      [[1, 2], true, false],
      [[1], false, false],
    ])
    const afterDemonitor = (ref: Ref) => {
      t.equal(this.demonitor(ref), true)
      this.send(ref, 'late')
    }
    t.strictSame(await modes(afterDemonitor), [
      [['late'], false, true],
      [[], false, false],
      [[], false, false],
    ])
    const afterDown = (ref: Ref, target: Pid) => {
      this.exit(target, 'bye')
      this.send(ref, 'late')
    }
    t.strictSame(await modes(afterDown), [
      [['bye', 'late'], false, true],
      [['bye'], false, false],
      [['bye'], false, false],
    ])
    const afterUnalias = (ref: Ref) => {
      t.equal(this.unalias(ref), true)
      this.send(ref, 'late')
    }
    t.strictSame(
      await modes(afterUnalias),
      MODES.map(() => [[], true, false]),
      'the monitor stays',
    )
  })
})

t.test('of a process that is gone the monitor fires at once, and takes its alias along', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const gone = this.spawn(() => {})
    await this.sleep(0)
    for (const alias of MODES) {
      const ref = this.monitor(gone, { alias, tag: 'gone' })
      this.send(ref, 'late')
      const late = alias === 'explicit_unalias' ? ['late'] : []
      t.strictSame(await flush(this), ['noproc', ...late], alias)
    }
    const self = this.monitor(this.self, { alias: 'explicit_unalias' })
    this.send(self, 'hi')
    t.strictSame(await flush(this), [], 'a monitor of oneself is none, and no alias')
    t.throws(() => this.monitor(gone, { alias: 'x' as never }), { code: 'badarg' })
  })
})

t.test('the monitor of a spawn may be an alias, and is the ref of a spawnRequest', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const [, ref] = this.spawnOpt(() => {}, { monitor: { alias: 'explicit_unalias' } })
    this.send(ref, 'via')
    await this.sleep(0)
    t.strictSame(await flush(this), ['via', 'normal'])
    const request = this.spawnRequest(() => {}, { monitor: { alias: 'reply_demonitor' } })
    this.send(request, 'first')
    await this.sleep(0)
    const [answer, message, ...rest] = await flush(this)
    t.match(answer, { type: 'spawn_reply', ref: request })
    t.equal(message, 'first')
    t.strictSame(rest, [], 'the monitor is gone')
  })
})
