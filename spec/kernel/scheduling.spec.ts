import t from 'tap'
import { type Context, loop, type Pid, type Priority } from '../../lib/index.ts'
import { LOW_PRIORITY_SHARE } from '../../lib/internal/limits.ts'
import { quiet, VirtualHost } from '../../lib/testing/index.ts'
import { inProcess, keptNode } from '../support/in-process.ts'

/** A process that notes its name with every message. */
function noting(self: Context, log: string[], name: string, priority: Priority): Pid {
  return self.spawnOpt(
    loop(() => {
      log.push(name)
    }, undefined),
    { priority },
  )
}

t.test('those of max run before those of high, those before the others', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const log: string[] = []
    const levels = ['low', 'normal', 'high', 'max'] as const
    const pids = levels.map((level) => noting(this, log, level, level))
    await quiet()
    for (const pid of pids) for (const message of [1, 2]) this.send(pid, message)
    await quiet()
    t.strictSame(log, ['max', 'max', 'high', 'high', 'normal', 'normal', 'low', 'low'])
    t.strictSame(
      pids.map((pid) => node.processInfo(pid, 'priority')?.[1]),
      levels,
    )
  })
})

/** Has each of `pids` send itself a message for every one it gets, `times` times. */
function busy(self: Context, log: string[], name: string, priority: Priority, times: number): Pid {
  const pid = self.spawnOpt(
    loop(function (this: Context, left: number) {
      log.push(name)
      if (left > 1) this.send(this.self, left - 1)
    }, undefined),
    { priority },
  )
  self.send(pid, times)
  return pid
}

t.test('one of low has its turn once in eight of normal, and is not starved', async (t) => {
  const { node } = keptNode(t, { host: new VirtualHost() })
  await inProcess(node, async function () {
    const log: string[] = []
    busy(this, log, 'low', 'low', 10)
    for (let i = 0; i < 4; i++) busy(this, log, 'normal', 'normal', 100)
    await quiet()
    const lows = log.flatMap((name, i) => (name === 'low' ? [i] : []))
    t.equal(lows.length, 10)
    const gaps = lows.slice(1).map((at, i) => at - lows[i]! - 1)
    t.ok(
      gaps.every((gap) => gap === LOW_PRIORITY_SHARE),
      'so many of normal between two',
      { gaps },
    )
  })
})

t.test('a process may raise itself, from its next slice on', async (t) => {
  const { node } = keptNode(t)
  await inProcess(node, async function () {
    const log: string[] = []
    const normal = noting(this, log, 'normal', 'normal')
    const raised = this.spawn(
      loop(function (this: Context, message: unknown) {
        if (message === 'raise') this.processFlag('priority', 'high')
        else log.push('raised')
      }, undefined),
    )
    this.send(raised, 'raise')
    await quiet()
    this.send(normal, 1)
    this.send(raised, 1)
    await quiet()
    t.strictSame(log, ['raised', 'normal'])
    t.throws(() => this.spawnOpt(() => 1, { priority: 'urgent' as never }), { code: 'badarg' })
    t.equal(node.processCount, 3, 'what was refused was not begun')
  })
})

t.test('timers have their turn while those of max never wait', async (t) => {
  const { node } = keptNode(t)
  const rounds = await new Promise<number>((resolve) => {
    node.spawn(async function () {
      let count = 0
      const spinner = this.spawnOpt(
        loop(function (this: Context) {
          count++
          this.send(this.self, 'again')
        }, undefined),
        { priority: 'max' },
      )
      this.send(spinner, 'go')
      const { timers } = node
      await new Promise<void>((due) => {
        node.host.startTimer(due, 5)
      })
      t.ok(timers)
      node.exit(spinner, 'kill')
      resolve(count)
    })
  })
  t.ok(rounds > 0)
})
