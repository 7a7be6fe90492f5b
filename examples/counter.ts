import { Agent, child, createNode, type GenServer, name, noreply, ok, reply, stop } from '../lib/index.ts'

/**
 * `npm run example counter`: a GenServer under a supervisor. It counts, it crashes, and it is started again with what
 * it had put in a safe place before: an agent beside it.
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

interface CounterApi {
  state: number
  call: { add(request: { n: number }): number; value(): number }
  cast: { reset(): void; fail(reason: string): void }
}

/** The safe place, and the counter, by the names that they are registered under. */
const memory = { name: 'memory' } as { readonly name: string; readonly protocol?: Agent.AgentApi<number> }

const Counter: GenServer<CounterApi> = {
  async init() {
    return ok(await Agent.get(this, memory, (count) => count))
  },
  handleCall: {
    async add({ n }, _from, count) {
      await Agent.update(this, memory, () => count + n)
      return reply(count + n, count + n)
    },
    value: (_request, _from, count) => reply(count, count),
  },
  handleCast: {
    reset: () => noreply(0),
    fail: (reason, count) => stop(reason, count),
  },
}
const counter = name(Counter, 'counter')

await using node = createNode({
  reporter: ({ label, details }) => {
    if (label[1] === 'child_terminated') tell(`the supervisor reports: a child ended with ${String(details.reason)}`)
  },
})
await node.supervise({
  strategy: 'rest_for_one',
  children: [Agent.child(() => 0, { name: 'memory' }), child(Counter, [], { name: counter })],
})

tell(`add 2: ${await node.call(counter, 'add', { n: 2 })}`)
tell(`add 3: ${await node.call(counter, 'add', { n: 3 })}`)
node.cast(counter, 'reset')
tell(`after a reset that nobody wrote down: ${await node.call(counter, 'value')}`)

const before = node.whereis('counter')!
node.cast(counter, 'fail', 'a_bug')
while (node.isAlive(before) || node.whereis('counter') === undefined) await node.sleep(1)
tell(`started again, from what was written down: ${await node.call(counter, 'value')}`)

const answer = await node.call(counter, 'add', { n: 1 }, { timeout: 1000 })
tell(`and it counts on: ${answer}`)
