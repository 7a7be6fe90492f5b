import t from 'tap'
import {
  Agent,
  type Context,
  createNode,
  type GenServer,
  GenStatem,
  ok,
  type Pid,
  receiveResponse,
  reply,
  sendRequest,
  start,
  sys,
} from '../../lib/index.ts'

/** What fails, or is there, at once costs a turn like any message: a loop of it does not keep the node to itself. */

interface EchoApi {
  state: null
  call: { echo(): 'echo' }
}

const Echo: GenServer<EchoApi> = {
  init: () => ok(null),
  handleCall: { echo: () => reply('echo', null) },
}

const GONE = 'gone' as unknown as Pid<EchoApi>
/** A loop that shares has been stopped long before. */
const ROUNDS = 300_000

type Round = (self: Context, ended: Pid<EchoApi>) => Promise<unknown>

const rounds: Record<string, Round> = {
  'a call of a process that has ended': (self, ended) => self.call(ended, 'echo'),
  'a call of a name that nobody has': (self) => self.call(GONE, 'echo'),
  'a call of oneself': (self) => self.call(self.self as Pid<EchoApi>, 'echo'),
  'a call that does not wait': (self) => self.call<EchoApi, 'echo'>('echo' as never, 'echo', { timeout: 0 } as never),
  'a call with a wrong timeout': (self, ended) => self.call<EchoApi, 'echo'>(ended, 'echo', { timeout: -1 } as never),
  'a call of a state machine': (self, ended) => GenStatem.call(self, ended, 'echo'),
  'a request of sys': (self, ended) => sys.getState(self, ended),
  'the stop of a process that has ended': (self, ended) => sys.stop(self, ended),
  'an agent that has ended': (self, ended) => Agent.get(self, ended as never, () => 1),
  'the response to a request': (self, ended) => receiveResponse(self, sendRequest(self, ended, 'echo')),
  'a start under a name that is taken': (self) => start(self, Echo, [], { name: 'echo' }),
  'a spawn on a node that is away': (self) => self.spawn({ node: 'away@nowhere', name: 'echo' }),
}

for (const [name, round] of Object.entries(rounds)) {
  t.test(`${name}, again and again, leaves timers and others their turn`, async (t) => {
    const node = createNode({ reporter: () => {} })
    t.teardown(() => node.kill())
    await node.start(Echo, [], { name: 'echo' })
    const ended = await node.start(Echo, [])
    await sys.stop(node, ended)
    let turns = 0
    const finished = new Promise<number>((resolve) => {
      node.spawn(async function () {
        let done = 0
        while (done < ROUNDS && turns < 3) {
          await round(this, ended).catch(() => {})
          done++
        }
        resolve(done)
      })
    })
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      turns++
    }
    t.ok((await finished) < ROUNDS)
  })
}

t.test('who is killed while it shares its turn goes no further', async (t) => {
  const node = createNode({ reporter: () => {} })
  t.teardown(() => node.kill())
  const ended = await node.start(Echo, [])
  await sys.stop(node, ended)
  let done = 0
  const pid = node.spawn(async function () {
    for (;;) {
      await this.call(ended, 'echo').catch(() => {})
      done++
    }
  })
  await new Promise((resolve) => setTimeout(resolve, 1))
  node.exit(pid, 'kill')
  const before = done
  t.ok(before > 0)
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  t.equal(done, before)
})
