import { fork } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import {
  Application,
  type Context,
  GenEvent,
  GenStatem,
  type HandlerRef,
  multiCall,
  type Name,
  PartitionSupervisor,
  Pool,
  pg,
  Registry,
  type Report,
  receiveResponse,
  Supervisor,
  sys,
  Task,
} from '../../lib/index.ts'
import { keptNode } from '../support/in-process.ts'

/**
 * Whatever asks for something and does not wait for it ends alone when that fails: the process, and not the OS process
 * that it lives in. Arguments are those that only a program without types would hand over, where there is no other way
 * to fail.
 */
const registry = new Registry('forgotten', { keys: 'unique' })
const wrong = 'nonsense' as never
const nobody: Name<{ call: { get(): void } }> = { name: 'nobody' }

const failing: Readonly<Record<string, (this: Context) => unknown>> = {
  'a call': function () {
    return this.call(nobody, 'get')
  },
  'a call of a state machine': function () {
    return GenStatem.call(this, nobody, 'get')
  },
  'a call of an event handler': function () {
    return GenEvent.call(this, 'nobody', {} as HandlerRef<{ state: 0; call: { get(): void } }>, 'get')
  },
  'a multi-call': function () {
    return multiCall(this, [], nobody, 'get', undefined, { timeout: -1 })
  },
  'a response': function () {
    return receiveResponse(this, {} as never)
  },
  'a start of a supervisor': function () {
    return Supervisor.startLink(this, { children: [] }, { timeout: wrong })
  },
  'a request to a supervisor': function () {
    return Supervisor.whichChildren(this, 'nobody' as never)
  },
  'a resize': function () {
    return PartitionSupervisor.resize(this, 'nobody', 1)
  },
  'a group': function () {
    return pg.join(this, 'nobody', 'room', wrong)
  },
  'a group without a scope': function () {
    return pg.join(this, 'nobody', 'room', this.self)
  },
  'a monitor of groups': function () {
    return pg.monitorScope(this, 'nobody')
  },
  'a lock': function () {
    return registry.lock(this, 'key', () => {
      throw new Error('what it runs fails')
    })
  },
  'a lock of a registry that does not run': function () {
    return new Registry('missing', { keys: 'unique' }).lock(this, 'key', () => 1)
  },
  'a pool': function () {
    return Pool.run(this, 'nobody', { module: new URL('file:///nowhere.mjs'), function: 'none' }, [])
  },
  'a lease': function () {
    return Pool.runOn(this, wrong, wrong, [] as never)
  },
  'what is no task': function () {
    return Task.await(this, wrong)
  },
  'a task under no supervisor': function () {
    return Task.Supervisor.asyncNolink(this, 'nobody', () => 1)
  },
  'a shutdown of what is no task': function () {
    return Task.shutdown(this, wrong)
  },
  'a look into nobody': function () {
    return sys.getState(this, 'nobody')
  },
  'an application': function () {
    return Application.ensureAllStarted(this, {} as never)
  },
}

for (const [what, fail] of Object.entries(failing)) {
  t.test(`${what} that fails and that nobody awaits ends its process and no other`, async (t) => {
    const reports: Report[] = []
    const { node } = keptNode(t, { reporter: (report: Report) => reports.push(report) })
    await node.supervise({ children: [registry.child()] })
    const pid = node.spawn(async function () {
      void fail.call(this)
      await this.receive()
    })
    t.not(await node.endOf(pid), 'normal')
    const [report, ...others] = reports.filter(({ level }) => level === 'error')
    t.match(report?.details, { pid, hint: /nobody awaited it/ })
    t.same(others, [])
  })
}

/** What becomes of a program of its own that rejects a promise of no node, too. */
async function outcomeOf(...args: string[]) {
  const child = fork(new URL('./rejecting-program.ts', import.meta.url), args, { silent: true })
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')])
  return { out, err, code: code as number | null }
}

t.test('a rejection of no process is thrown, unless the program listens: it hears of all then', async (t) => {
  const [bare, listening] = await Promise.all([outcomeOf(), outcomeOf('listens')])
  t.match(bare, { out: '', err: /nobody of the library/, code: 1 })
  t.match(listening, { out: 'goes on, has heard of 2\n', err: '', code: 0 })
})
