import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { child, createNode, DynamicSupervisor, type GenServer, noreply, ok, reply } from '../lib/index.ts'

/**
 * `npm run example echo`: a TCP server in which each connection is a process of its own under a DynamicSupervisor. What
 * one client makes crash is that client's connection: the other connections do not notice, and new ones are accepted.
 *
 *     supervisor ──┬── connections (DynamicSupervisor) ──── one Connection for each client
 *                  └── Listener: accepts, and asks `connections` for a process for each socket
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

interface ConnectionApi {
  state: Socket
  init: [socket: Socket]
  info: readonly ['line', string] | 'closed'
}

/** Echoes what it gets; owns its socket, which is closed whenever and however the process ends. */
const Connection: GenServer<ConnectionApi & { call: object }> = {
  init(socket) {
    this.own({ [Symbol.dispose]: () => void socket.destroy() })
    socket.on('data', (data) => this.send(this.self, ['line', data.toString()]))
    socket.on('close', () => this.send(this.self, 'closed'))
    socket.on('error', () => {}) // `close` follows
    return ok(socket)
  },
  handleCall: {},
  handleInfo(message, socket) {
    if (message === 'closed') this.exit(this.self, 'normal')
    else if (message[1] === 'crash') throw new Error('a bug that this client has found')
    else socket.write(message[1].toUpperCase())
    return noreply(socket)
  },
}

interface ListenerApi {
  state: Server
  call: { port(): number }
  info: Socket
}

const Listener: GenServer<ListenerApi> = {
  async init() {
    const server = createServer((socket) => this.send(this.self, socket)).listen(0, '127.0.0.1')
    this.own({ [Symbol.dispose]: () => void server.close() })
    await once(server, 'listening')
    return ok(server)
  },
  handleCall: { port: (_request, _from, server) => reply((server.address() as AddressInfo).port, server) },
  async handleInfo(socket, server) {
    await DynamicSupervisor.startChild(this, 'connections', child(Connection, [socket], { restart: 'temporary' }))
    return noreply(server)
  },
}

await using node = createNode({
  reporter: ({ label, details }) => {
    if (label[1] === 'child_terminated') tell(`the supervisor reports: ${(details.reason as Error).message}`)
  },
})
await node.supervise({
  strategy: 'rest_for_one',
  children: [DynamicSupervisor.child({}, { name: 'connections' }), child(Listener, [], { name: 'listener' })],
})
const port = await node.call<ListenerApi, 'port'>('listener', 'port')

async function client(): Promise<{ ask(text: string): Promise<string>; socket: Socket }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const ask = async (text: string) => {
    socket.write(text)
    return `${await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => 'closed')])}`
  }
  return { ask, socket }
}

const [ann, bob] = [await client(), await client()]
tell(`ann: hello -> ${await ann.ask('hello')}`)
tell(`bob: hi -> ${await bob.ask('hi')}`)
tell(`bob: crash -> ${await bob.ask('crash')}`)
tell(`ann: still there? -> ${await ann.ask('still there?')}`)
const cat = await client()
tell(`cat: may I? -> ${await cat.ask('may I?')}`)
const { active } = await DynamicSupervisor.countChildren(node, 'connections')
tell(`connections that live: ${active}`)
await node.shutdown()
await Promise.all([ann, cat].map(({ socket }) => socket.closed || once(socket, 'close')))
tell('shut down: all sockets are closed')
