// Guildhall's side of the gateway benchmark: the same lines in and the same events out as server.c, along the way that
// an event takes in production: encoded once, pushed to each session's outbox, numbered by its resume window, and
// written at the end of the turn by whichever transport runs here.
//
//   node ours.mjs [auto | uws | ws]     prints "READY <port> <control port>"
//   node ours.mjs transports            prints the names to choose from here, the default first
import { createServer } from 'node:net'
import { chooseTransport, encodeEvent, Outbox, ResumeWindow, WriteTurn } from '../../dist/lib/gateway/index.js'
import { systemHost } from '../../dist/lib/kernel/system-host.js'

if (process.argv[2] === 'transports') {
  const name = chooseTransport().transport.name === 'ws' ? 'ws' : 'uws ws'
  process.stdout.write(`${name}\n`)
  process.exit()
}

/** As many events as server.c keeps. The daemon keeps more: see RESUME_WINDOW_EVENTS. */
const WINDOW = { events: 256, bytes: 1_048_576 }

const { transport } = chooseTransport(process.argv[2])
const turn = new WriteTurn(systemHost)
const sessions = new Set()

const listener = await transport.listen({
  host: '127.0.0.1',
  port: 0,
  handlers: {
    request: () => ({ status: 404 }),
    open(connection) {
      const outbox = new Outbox(new ResumeWindow(WINDOW), turn)
      outbox.attach(connection, 0)
      sessions.add(outbox)
      return outbox
    },
    message() {},
    drain: (outbox) => outbox.flush(),
    close: (outbox) => sessions.delete(outbox),
    failed(error) {
      throw error
    },
  },
})

let perBurst = 1
const waiting = []
let scheduled = false

/** Publishes one burst at most in a turn of the event loop. */
function publish() {
  scheduled = false
  const events = waiting.splice(0, perBurst).map((json) => encodeEvent('MESSAGE_CREATE', json))
  // A session's process handles all that has come for it in its turn, one message after another.
  for (const outbox of sessions) for (const event of events) outbox.push(event)
  schedule()
}

function schedule() {
  if (scheduled || waiting.length === 0) return
  scheduled = true
  setImmediate(publish)
}

const control = createServer((socket) => {
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop()
    for (const line of lines) {
      if (line.startsWith('!per ')) perBurst = Number(line.slice(5))
      else waiting.push(line)
    }
    schedule()
  })
  socket.on('close', () => process.exit())
})
control.listen(0, '127.0.0.1', () => process.stdout.write(`READY ${listener.port} ${control.address().port}\n`))
