import fastify, { type FastifyInstance } from 'fastify'
import { child, createNode, Exit, type GenServer, name, type OtpNode, ok, pinoReporter, reply } from '../lib/index.ts'

/**
 * `npm run example embedded-fastify`: a supervision tree as a plugin of fastify. It is there when the server is ready,
 * every handler reaches it as `request.server.node`, and fastify's own close ends it. What the tree reports goes to
 * fastify's log; a tree that gives up, at the second crash within five seconds, closes the server.
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

declare module 'fastify' {
  interface FastifyInstance {
    readonly node: OtpNode
  }
}

interface StockApi {
  state: number
  init: [pieces: number]
  call: { take(order: { pieces: number }): readonly ['ok', number] | readonly ['error', 'sold_out'] }
}

const Stock: GenServer<StockApi> = {
  init: (pieces) => ok(pieces),
  handleCall: {
    take({ pieces }, _from, left) {
      if (pieces > left) return reply(['error', 'sold_out'], left)
      return reply(['ok', left - pieces], left - pieces)
    },
  },
}
const stock = name(Stock, 'stock')

const tree = Object.assign(
  async (app: FastifyInstance) => {
    const node = createNode({ reporter: pinoReporter(app.log) })
    const tree = await node.supervise({ children: [child(Stock, [10], { name: stock })] })
    app.decorate('node', node)
    app.addHook('onClose', () => node.shutdown())
    node.endOf(tree).then(() => app.close())
  },
  { [Symbol.for('skip-override')]: true },
)

/** Where fastify's log goes: a line of JSON for each entry. */
const stream = {
  write(line: string) {
    const { level, msg, details = {} } = JSON.parse(line)
    tell(`log ${level}: ${msg} ${details.reason ?? ''}`)
  },
}
const app = fastify({ logger: { level: 'warn', stream } })
app.register(tree)
app.post<{ Params: { pieces: string } }>('/orders/:pieces', async ({ params, server: { node } }, response) => {
  const [outcome, detail] = await node.call(stock, 'take', { pieces: Number(params.pieces) }, { timeout: 1000 })
  return outcome === 'ok' ? { left: detail } : response.code(409).send({ error: detail })
})
app.setErrorHandler((error, _request, response) => {
  response.code(error instanceof Exit ? 503 : 500).send({ error: 'try again' })
})
await app.ready()

for (const pieces of [4, 5, 3]) {
  const { statusCode, body } = await app.inject({ method: 'POST', url: `/orders/${pieces}` })
  tell(`${pieces} pieces: ${statusCode} ${body}`)
}
const { node } = app
for (let crash = 1; crash <= 2; crash++) {
  node.exit(node.whereis('stock')!, 'kill')
  const { statusCode, body } = await app.inject({ method: 'POST', url: '/orders/3' })
  tell(`after crash ${crash}, 3 pieces: ${statusCode} ${body}`)
}
await node.terminated
tell(`closed, ${node.processCount} processes left`)
