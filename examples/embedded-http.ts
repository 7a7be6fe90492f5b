import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { child, createNode, Exit, type GenServer, name, ok, reply } from '../lib/index.ts'

/**
 * `npm run example embedded-http`: a supervision tree inside an existing server of node:http. It starts before the
 * server listens and stops after the last answer; a request whose process crashes is answered with 500, and no other
 * request notices. When the tree gives up, which its supervisor does at the second crash within five seconds, the
 * server ends as well, for whoever runs it to start it anew.
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

interface VisitsApi {
  state: ReadonlyMap<string, number>
  call: { visit(page: { path: string }): number }
}

const Visits: GenServer<VisitsApi> = {
  init: () => ok(new Map()),
  handleCall: {
    visit({ path }, _from, counts) {
      if (path === '/crash') throw new Error('this page is broken')
      const count = (counts.get(path) ?? 0) + 1
      return reply(count, new Map(counts).set(path, count))
    },
  },
  terminate: (reason) => tell(`the visits end: ${reason instanceof Error ? reason.message : String(reason)}`),
}
const visits = name(Visits, 'visits')

// 1. the tree, whose supervisor lives as long as the node
const node = createNode({ reporter: ({ level, label }) => tell(`${level}: ${label.join(' ')}`) })
const tree = await node.supervise({ children: [child(Visits, [], { name: visits })] })

// 2. the server; a node is the caller for code outside any process
const server = createServer(async (request, response) => {
  try {
    const count = await node.call(visits, 'visit', { path: request.url ?? '/' }, { timeout: 1000 })
    response.end(`visit ${count}\n`)
  } catch (error) {
    response.statusCode = error instanceof Exit ? 500 : 400
    response.end('try again\n')
  }
})

// 3. the end: the host is told to stop, or the tree gives up. No new requests then, and the tree after the last answer
const ended = new Promise<void>((resolve) => {
  const end = (why: string) => {
    if (!server.listening) return
    tell(why)
    server.close(() => resolve(node.shutdown()))
  }
  process.once('SIGTERM', () => end('told to stop'))
  node.endOf(tree).then((reason) => end(`the tree ended: ${reason}`))
})

await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo
for (const path of ['/', '/', '/crash', '/']) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  tell(`${path} ${response.status} ${(await response.text()).trim()}`)
}
process.kill(process.pid, 'SIGTERM')
await ended
tell('closed')
