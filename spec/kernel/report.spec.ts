import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import {
  child,
  createNode,
  describe,
  Exit,
  type GenServer,
  lineReporter,
  ok,
  type Report,
  reply,
  start,
  stop,
} from '../../lib/index.ts'
import { DESCRIBED_CHARACTERS, DESCRIBED_PARTS } from '../../lib/internal/limits.ts'

interface Api {
  state: number
  call: { get(): number; boom(): never }
}

const Counter: GenServer<Api> = {
  moduleName: 'counter',
  init: () => ok(1),
  handleCall: {
    get: (_request, _from, state) => reply(state, state),
    boom: () => {
      throw new Error('something broke')
    },
  },
}

t.test(
  'the lines of a crash under a supervisor: one report a line, its stack once, nothing that is empty',
  async (t) => {
    const lines: string[] = []
    const node = createNode({ reporter: lineReporter((line) => lines.push(line)) })
    t.teardown(() => node.kill())
    await node.supervise({ children: [child(Counter, [], { name: 'c' })] })
    await t.rejects(node.call<Api, 'boom'>('c', 'boom'))
    while (lines.length < 3) await node.sleep(1)
    const [server, crash, supervisor] = lines.map((line) => line.replaceAll(/<[^>]*>/g, '<pid>').split('\n'))
    t.equal(server?.[0], '[error] gen_server terminate name=c last_message=boom state=1 reason=Error: something broke')
    t.match(server?.[1], /^ {4}at .*boom/)
    t.strictSame(crash, [
      '[error] proc_lib crash initial_call={counter, init, 1} pid=<pid> registered_name=c ancestors={<pid>} ' +
        'message_queue_len=0 links={<pid>} trap_exit=false status=running reductions=1 reason=Error: something broke',
    ])
    t.equal(supervisor?.length, 1)
    t.match(supervisor?.[0], '[error] supervisor child_terminated supervisor={<pid>, supervisor}')
    t.match(supervisor?.[0], 'reason=Error: something broke offender=#{pid: <pid>, id: c,')
  },
)

t.test('a reporter that throws changes nothing of what processes do, and is replaced', async (t) => {
  const written: string[] = []
  const { write } = process.stderr
  process.stderr.write = (chunk: unknown) => written.push(String(chunk)) > 0
  t.teardown(() => {
    process.stderr.write = write
  })
  const told: Report[] = []
  const node = createNode({
    reporter(report) {
      told.push(report)
      throw new Error('reporter broke')
    },
  })
  t.teardown(() => node.kill())
  const failing: GenServer<Api> = { ...Counter, init: () => stop('why') }
  t.strictSame(await start(node, failing, [], { name: 'c' }), ['error', 'why'])
  t.equal(node.whereis('c'), undefined)
  t.strictSame(await start(node, failing, []), ['error', 'why'])
  t.equal(told.length, 1, 'it gets no more')
  t.match(written[0], '[error] logger removed_failing_handler reason=Error: reporter broke')
  t.match(written[1], '[error] proc_lib crash')
  t.match(written[2], '[error] proc_lib crash')
})

t.test('a pid and a ref are shown as what they are, without the process behind them', async (t) => {
  const node = createNode()
  t.teardown(() => node.kill())
  await new Promise<void>((seen) => {
    node.spawn(function () {
      t.match(inspect({ pid: this.self }), /^\{ pid: <nonode@nohost\.\d+\.\d+> \}$/)
      t.match(inspect(this.monitor(this.self)), /^#Ref<nonode@nohost\.\d+\.\d+>$/)
      seen()
    })
  })
})

t.test('whatever a report is about, it is one line of bounded length', (t) => {
  const broken = {
    get field() {
      throw new Error('no')
    },
  }
  class Mute {
    toString(): string {
      throw new Error('no')
    }
  }
  const query = Object.create(Object.create(null), { user: { value: 'ann', enumerable: true } })
  const odd = fc.constantFrom(broken, new Mute(), query, new (class Room {})(), Symbol('s'), () => 1, new Date(0))
  const terms = fc.anything({ withNullPrototype: true, withMap: true, withSet: true, withBigInt: true, withDate: true })
  fc.assert(
    fc.property(fc.oneof(terms, odd, fc.string({ unit: 'binary', maxLength: 3000 })), (term) => {
      for (const shown of [describe(term), describe([term, { term }]), new Exit(term).message]) {
        if (/[\p{Cc}\u2028\u2029]/u.test(shown)) throw new Error('a control character')
        if (shown.length > 2 * DESCRIBED_PARTS * DESCRIBED_CHARACTERS) throw new Error('too long')
      }
    }),
  )
  t.equal(describe(broken), '#unprintable')
  t.equal(describe(query), '#{user: ann}')
  t.equal(describe(new Map([['ann', new Set([1])]])), 'Map{ann: Set{1}}')
  t.equal(describe(new (class Room {})()), '#Room')
  t.equal(describe('a\n[error] forged\u001b[2J'), 'a\\n[error] forged\\u001b[2J')
  t.match(describe(Array.from({ length: 20_000 }, (_, i) => i)), /198, \.\.\. 19801 more\}$/)
  t.end()
})
