import { child, createNode, failure, type GenServer, name, ok, reply, sys, upgrade } from '../lib/index.ts'

/**
 * `npm run example live-upgrade`: a server that is called 10,000 times a second gets new code, and its state a new
 * form, while it runs. Every call is counted: none is lost, none is answered twice. Before that, an upgrade fails and
 * leaves everything as it was.
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

interface TillApi {
  state: number
  call: { pay(cents: number): string }
}

/** The first version keeps a number. */
const TillV1: GenServer<TillApi> = {
  vsn: 1,
  init: () => ok(0),
  handleCall: { pay: (cents, _from, sum) => reply('v1', sum + cents) },
}

interface TillApiV2 {
  state: { readonly sum: number; readonly sales: number }
  call: { pay(cents: number): string }
  codeChange: [oldVsn: unknown, sum: number, extra: { readonly price: number }]
}

/** The second also counts the sales; from a sum of the first it can tell how many there were. */
const TillV2: GenServer<TillApiV2> = {
  vsn: 2,
  init: () => ok({ sum: 0, sales: 0 }),
  handleCall: {
    pay: (cents, _from, { sum, sales }) => reply('v2', { sum: sum + cents, sales: sales + 1 }),
  },
  codeChange(_oldVsn, sum, { price }) {
    return sum % price === 0 ? ok({ sum, sales: sum / price }) : failure(`${sum} cents are no whole number of sales`)
  },
}

const PRICE = 5
const CALLS = 20_000
const CALLS_PER_MS = 10
const till = name(TillV1, 'till')

await using node = createNode()
await node.supervise({ children: [child(TillV1, [], { name: till })] })

const answers = { v1: 0, v2: 0, failed: 0 }
const pending: Promise<void>[] = []

/** Makes the calls that are due; a slow machine makes them later, and never fewer. */
async function customers(): Promise<void> {
  const start = node.host.monotonic()
  while (pending.length < CALLS) {
    const due = Math.min(CALLS, Math.ceil((node.host.monotonic() - start) * CALLS_PER_MS))
    while (pending.length < due) pending.push(pay())
    await node.sleep(1)
  }
  await Promise.all(pending)
}

async function pay(): Promise<void> {
  const version = await node.call(till, 'pay', PRICE).catch(() => 'failed')
  answers[version as keyof typeof answers]++
}

async function called(times: number): Promise<void> {
  while (pending.length < times) await node.sleep(1)
}

const running = customers()
await called(CALLS / 4)
const wrong = { module: 'till', from: TillV1, to: TillV2, extra: { price: 0 } }
const refused = await upgrade(node, [wrong]).catch((error) => error.code)
tell(`an upgrade that cannot make the new state: ${refused}; ${answers.v2} calls saw it`)

await called(CALLS / 2)
const upgraded = await upgrade(node, [{ ...wrong, extra: { price: PRICE } }])
tell(`an upgrade in the midst of 10,000 calls a second: ${upgraded.length} process has new code`)
await running

const state = await sys.getState<TillApiV2['state']>(node, till)
tell(`calls: ${CALLS}, answered: ${answers.v1 + answers.v2}, failed: ${answers.failed}`)
tell(`by both versions: ${answers.v1 >= CALLS / 2 && answers.v2 > 0}`)
tell(`in the till: ${state.sum} cents of ${state.sales} sales`)

node.exit(node.whereis('till')!, 'kill')
while (node.whereis('till') === undefined) await node.sleep(1)
tell(`started again by its supervisor, whose specification names version 1: ${await node.call(till, 'pay', PRICE)}`)
