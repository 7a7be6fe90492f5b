import t, { type Test } from 'tap'
import { Agent, type Context, Exit, exit, type OtpNode, type Pid, type StartResult, sys } from '../../lib/index.ts'
import { exitsWith } from '../support/exits.ts'
import { childrenOf, down, gate, nodeWithReports } from '../support/kid.ts'

type Words = ReadonlyMap<string, string>
type WordsApi = Agent.AgentApi<Words>

const put = (key: string, value: string) => (words: Words) => new Map(words).set(key, value)
const pop = (key: string) => (words: Words) => {
  const rest = new Map(words)
  rest.delete(key)
  return [words.get(key), rest] as const
}

function okOf<P>(result: StartResult<P>): Pid<P> {
  if (result === 'ignore' || result[0] === 'error') throw new Error('the agent did not start', { cause: result })
  return result[1]
}

async function agentOf<S>(t: Test, state: S): Promise<{ node: OtpNode; agent: Agent.Agent<S> }> {
  const { node } = nodeWithReports(t)
  return { node, agent: okOf(await Agent.start(node, () => state)) }
}

t.test('agent_test: can be supervised directly', async (t) => {
  const { node } = nodeWithReports(t)
  const supervisor = await node.supervise({ children: [Agent.child(() => ({ n: 0 }), { name: 'counts' })] })
  const counts = { name: 'counts' } as const
  await Agent.update<{ n: number }>(node, counts, ({ n }) => ({ n: n + 1 }))
  const [[id, before]] = (await childrenOf(node, supervisor)) as [[unknown, Pid]]
  t.equal(id, 'counts')
  const ended = down(before)
  await exitsWith(
    t,
    Agent.get(node, counts, () => exit('crash')),
    ['crash', ['gen_server', 'call', []]],
  )
  t.equal(await ended, 'crash')
  while (node.whereis('counts') === undefined) await node.sleep(1)
  t.same(await Agent.get(node, counts, (state) => state), { n: 0 }, 'it begins anew')
})

t.test('agent_test: generates child_spec/1', async (t) => {
  const plain = Agent.child(() => 1, { id: 'Agent' })
  t.match(plain, { id: 'Agent', start: Function })
  const options = { id: 'id', restart: 'temporary', shutdown: Number.POSITIVE_INFINITY } as const
  t.match(
    Agent.child(() => 1, options),
    options,
  )
})

t.test('agent_test: start_link/2 workflow with unregistered name and anonymous functions', async (t) => {
  const { node } = nodeWithReports(t)
  const ended = await new Promise((resolve, reject) => {
    node.spawn(async function () {
      this.trapExit(true)
      await workflow.call(this).then(resolve, reject)
    })
  })
  t.match(ended, { type: 'EXIT', reason: 'normal' })

  async function workflow(this: Context): Promise<unknown> {
    const pid = okOf(await Agent.startLink(this, (): Words => new Map()))
    t.same(node.processInfo(this.self, 'links')?.[1], [pid])
    t.equal(await Agent.update(this, pid, put('hello', 'world')), 'ok')
    t.equal(await Agent.get(this, pid, (words) => words.get('hello'), { timeout: 3000 }), 'world')
    t.equal(await Agent.getAndUpdate(this, pid, pop('hello'), { timeout: 3000 }), 'world')
    t.same(await Agent.get(this, pid, (words) => words), new Map())
    await Agent.stop(this, pid)
    t.notOk(node.isAlive(pid))
    return this.receive()
  }
})

t.test('agent_test: start/2 workflow with registered name and module functions', async (t) => {
  const { node } = nodeWithReports(t)
  const agent = { name: 'agent' } as { readonly name: string; readonly protocol?: WordsApi }
  const pid = okOf(await Agent.start(node, (): Words => new Map(), { name: 'agent' }))
  t.same(node.processInfo(pid, 'registered_name'), ['registered_name', 'agent'])
  t.same(await Agent.start(node, () => new Map(), { name: 'agent' }), ['error', ['already_started', pid]])
  t.equal(Agent.cast(node, agent, put('hello', 'world')), 'ok')
  t.equal(await Agent.get(node, agent, (words) => words.get('hello')), 'world')
  t.equal(await Agent.getAndUpdate(node, agent, pop('hello')), 'world')
  t.same(await Agent.get(node, agent, (words) => words), new Map())
  await Agent.stop(node, agent)
  t.equal(node.whereis('agent'), undefined)
  t.equal(Agent.cast(node, agent, put('nobody', 'listens')), 'ok')
})

t.test('agent_test: :sys.change_code/4 with mfa, with raising mfa', async (t) => {
  const { node, agent } = await agentOf(t, new Map() as Words)
  await sys.suspend(node, agent)
  t.equal(await sys.changeCode(node, agent, Agent.AgentServer, 'vsn', put('hello', 'world')), 'ok')
  t.match(await sys.changeCode(node, agent, Agent.AgentServer, 'vsn', () => exit('raised')), ['error', 'raised'])
  await sys.resume(node, agent)
  t.equal(
    await Agent.get(node, agent, (words) => words.get('hello')),
    'world',
    'as the last change that worked left it',
  )
})

t.test('functions run in the agent, one after the other, and may be async', async (t) => {
  const { node, agent } = await agentOf(t, [] as readonly string[])
  t.equal(
    await Agent.get(node, agent, function () {
      return this.self
    }),
    agent,
  )
  const { opened, open } = gate()
  const slow = Agent.update(node, agent, async (log) => [...log, await opened])
  Agent.cast(node, agent, (log) => [...log, 'cast'])
  Agent.cast(node, agent, async (log) => [...log, 'async cast'])
  const last = Agent.getAndUpdate(node, agent, async (log) => [log.length, [...log, 'last']] as const)
  open()
  t.equal(await slow, 'ok')
  t.equal(await last, 3)
  t.same(await Agent.get(node, agent, (log) => log), ['ok', 'cast', 'async cast', 'last'])
})

t.test('what goes wrong: the start, a crash, a result of another form, a timeout, an agent that is gone', async (t) => {
  const { node, agent } = await agentOf(t, 1)
  t.match(await Agent.start(node, () => exit('no_start')), ['error', 'no_start'])
  t.match(await Agent.start(node, async () => exit('later')), ['error', 'later'])
  const never = (): Promise<number> => new Promise(() => {})
  t.same(await Agent.start(node, never, { timeout: 1 }), ['error', 'timeout'])

  const bad = okOf(await Agent.start(node, () => 1))
  const wrong = (() => ['no', 'pair', 'this']) as unknown as () => readonly [number, number]
  await exitsWith(t, Agent.getAndUpdate(node, bad, wrong), [['bad_return_value', ['no', 'pair', 'this']], []])
  const slow = (state: number) => node.sleep(100).then(() => state + 1)
  const late = Agent.update(node, agent, slow, { timeout: 1 })
  await exitsWith(t, late, ['timeout', ['gen_server', 'call', [agent, ['update', slow], 1]]])
  t.equal(await Agent.get(node, agent, (state) => state), 2, 'a function that was given up still runs')
  const crash = await Agent.get(node, agent, () => Promise.reject(new RangeError('x'))).catch((error) => error)
  t.match(crash, Exit)
  t.match((crash as Exit).reason, [{ message: 'x' }, ['gen_server', 'call', [agent, ['get', Function]]]])
  await exitsWith(
    t,
    Agent.get(node, agent, (state) => state),
    ['noproc', []],
  )
  await exitsWith(t, Agent.stop(node, agent), 'noproc')
})
