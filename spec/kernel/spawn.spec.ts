import t from 'tap'
import { type Context, createNode, type DownMessage, exit, Pid, type SpawnReply, TIMEOUT } from '../../lib/index.ts'

const quiet = { reporter: () => {} }

/** Runs `body` as a process of a new node and waits for its end; what it throws fails the test. */
async function inProcess(body: (this: Context) => Promise<void>, maxProcesses = 100): Promise<void> {
  await using node = createNode({ ...quiet, maxProcesses })
  await new Promise<void>((resolve, reject) => {
    node.spawn(async function () {
      await body.call(this).then(resolve, reject)
    })
  })
}

t.test('spawnOpt returns the monitor when there is one, and links when it is told to', () =>
  inProcess(async function () {
    this.trapExit(true)
    const plain = this.spawnOpt(() => exit('a'), {})
    t.ok(plain instanceof Pid)
    const linked = this.spawnOpt((reason: string) => exit(reason), { link: true }, 'b')
    t.match(await this.receive(), { type: 'EXIT', from: linked, reason: 'b' })
    const [pid, ref] = this.spawnOpt(() => exit('c'), { monitor: { tag: 'gone' } })
    t.match(await this.receive(), { type: 'gone', ref, object: pid, reason: 'c' })
    t.throws(() => this.spawnOpt('no function' as never, {}), { code: 'badarg' })
  }),
)

t.test('spawnRequest tells of the outcomes that it is asked for', () =>
  inProcess(async function () {
    const told = async (reply: 'yes' | 'no' | 'error_only' | 'success_only') => {
      const ref = this.spawnRequest(() => {}, { reply, link: false })
      const first = await this.receive(undefined, { after: 0 })
      return first !== TIMEOUT && (first as SpawnReply).ref === ref
    }
    t.equal(await told('yes'), true)
    t.equal(await told('success_only'), true)
    t.equal(await told('no'), false)
    t.equal(await told('error_only'), false)
    t.throws(() => this.spawnRequest(() => {}, { reply: 'never' as 'no' }), { code: 'badarg', message: /error_only/ })
    t.throws(() => this.receive(undefined, 10 as never), { code: 'badarg', message: /{ after }/ })
  }),
)

t.test('spawnRequest answers before anything from the new process arrives', () =>
  inProcess(async function () {
    const me = this.self
    const ref = this.spawnRequest(function () {
      this.send(me, 'from the child')
    }, {})
    const answer = (await this.receive()) as SpawnReply
    t.equal(answer.type, 'spawn_reply')
    t.equal(answer.ref, ref)
    t.equal(answer.result[0], 'ok')
    t.equal(await this.receive(), 'from the child')
    t.throws(() => this.spawnRequest(1 as never, {}), { code: 'badarg' })
  }),
)

t.test('spawnRequest on a node that is full answers so', () =>
  inProcess(async function () {
    const ref = this.spawnRequest(() => 1, { replyTag: 'mine', monitor: true })
    t.strictSame(await this.receive(), { type: 'mine', ref, result: ['error', 'system_limit'] })
  }, 1),
)

t.test('a function that does not exist gives a process that ends with undef', () =>
  inProcess(async function () {
    const [, ref] = this.spawnMonitor(undefined as never)
    const down = (await this.receive()) as DownMessage
    t.equal(down.ref, ref)
    t.match(down.reason, { code: 'undef' })
  }),
)

t.test('processInfo reads one item, and refuses what it does not know', () =>
  inProcess(async function () {
    const { node, self } = this
    const peer = this.spawnLink(async function () {
      await this.receive((message) => message === 'stop')
    })
    t.strictSame(node.processInfo(self, 'links'), ['links', [peer]])
    t.strictSame(node.processInfo(self, 'registered_name'), [])
    node.register('me', self)
    t.strictSame(node.processInfo(self, 'registered_name'), ['registered_name', 'me'])
    t.strictSame(node.processInfo(self, 'trap_exit'), ['trap_exit', false])
    t.strictSame(node.processInfo(self, 'parent'), ['parent', 'undefined'])
    this.send(self, 1)
    this.send(self, 2)
    t.strictSame(node.processInfo(self, 'message_queue_len'), ['message_queue_len', 2])
    const ref = this.monitor(peer)
    this.send(peer, 'stop')
    await this.receive((message) => (message as DownMessage).ref === ref)
    t.equal(node.processInfo(peer, 'links'), undefined)
    t.throws(() => node.processInfo(self, 'heaps' as never), { code: 'badarg' })
    await using other = createNode(quiet)
    t.throws(() => other.processInfo(self, 'links'), { code: 'badarg' })
  }),
)

t.test('cancelTimer with options', () =>
  inProcess(async function () {
    const timer = this.sendAfter(5000, this.self, 'late')
    t.equal(this.cancelTimer(timer, { async: true }), 'ok')
    t.match(await this.receive(), { type: 'cancel_timer', ref: timer, result: Number })
    t.equal(this.cancelTimer(timer, { info: false }), 'ok')
    t.equal(this.cancelTimer(timer, { async: true, info: false }), 'ok')
    t.equal(this.cancelTimer(timer, {}), false)
    t.strictSame(this.node.processInfo(this.self, 'message_queue_len'), ['message_queue_len', 0])
  }),
)
