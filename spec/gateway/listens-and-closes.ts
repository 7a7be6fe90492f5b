// A process that has listened, served a request and a socket, and closed the listener; it ends when nothing holds it.
import { chooseTransport } from '../../lib/gateway/choose.ts'
import { nextMessage, websocket } from './clients.ts'

const { transport } = chooseTransport(process.argv[2] === 'ws' ? 'ws' : 'uws')
const listener = await transport.listen({
  host: '127.0.0.1',
  port: 0,
  handlers: {
    request: () => ({ status: 200 }),
    open: (connection) => connection,
    message: (connection, data) => connection.send(data),
    close: () => {},
    failed: (error) => {
      throw error
    },
  },
})
const client = await websocket(listener.port)
client.send('hello')
await nextMessage(client)
process.disconnect()
await listener.close()
