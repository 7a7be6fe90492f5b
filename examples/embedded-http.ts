import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { child, createNode, Exit, type GenServer, name, ok, reply } from '../lib/index.ts'

/**
 * `npm run example embedded-http`: a supervision tree inside an existing server of node:http. It starts before the
 * server listens and stops after the last answer; a request whose process crashes is answered with 500, and no other
 * request notices.
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
const node = createNode({ reporter: () => {} })
await node.supervise({ children: [child(Visits, [], { name: visits })] })

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
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo

for (const path of ['/', '/', '/crash', '/']) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  tell(`${path} ${response.status} ${(await response.text()).trim()}`)
}

// 3. the end, in the order of a host that is told to stop: no new requests, then the tree
server.close()
await once(server, 'close')
await node.shutdown()
tell('closed')
