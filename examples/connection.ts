import {
  child,
  createNode,
  Exit,
  type GenServer,
  GenStatem,
  name,
  ok,
  type Pid,
  reply,
  type StateMachine,
  start,
  stop,
} from '../lib/index.ts'

/**
 * `npm run example connection`: a connection that keeps itself up, as a state machine. Requests wait until there is one
 * (`postpone`); a peer that refuses is asked again later, and each time a little later; a peer that goes away in the
 * middle of a request is connected to again, and the request is made once more. Who asks sees nothing of it.
 *
 *     connecting ──accepted──> connected ──the session ends──> connecting
 *         └─refused: again in 10, 20, 40, ... ms
 */
const { keepState, keepStateAndData, nextState, postpone, repeatState, stateTimeout } = GenStatem
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

// --- the other side: it refuses now and then, and its sessions do not last

interface PeerApi {
  state: readonly (number | 'refuse')[]
  init: [script: readonly (number | 'refuse')[]]
  call: { connect(): Pid<SessionApi> | 'refused' }
}

interface SessionApi {
  state: number
  init: [requests: number]
  call: { ask(line: string): string }
}

/** Answers so many requests, and is gone at the next. */
const Session: GenServer<SessionApi> = {
  init: (requests) => ok(requests),
  handleCall: {
    ask: (line, _from, left) => (left > 0 ? reply(line.toUpperCase(), left - 1) : stop('shutdown', left)),
  },
}

const Peer: GenServer<PeerApi> = {
  init: (script) => ok(script),
  handleCall: {
    async connect(_request, _from, [next, ...rest]) {
      const session = typeof next === 'number' ? await start(this, Session, [next]) : 'ignore'
      if (session === 'ignore' || session[0] === 'error') return reply('refused' as const, rest)
      return reply(session[1], rest)
    },
  },
}
const peer = name(Peer, 'peer')

// --- the connection

interface ConnectionApi {
  state: 'connecting' | 'connected'
  data: { readonly attempt: number; readonly session: Pid<SessionApi> | undefined }
  call: { ask(line: string): string }
  stateTimeout: 'connect'
}

/** Milliseconds to wait before the attempt after so many that were refused. */
const backoff = (refused: number): number => (refused === 0 ? 0 : Math.min(10 * 2 ** (refused - 1), 40))

const Connection: StateMachine<ConnectionApi> = {
  callbackMode: 'state_functions',
  stateEnter: true,
  init: () => GenStatem.ok('connecting', { attempt: 0, session: undefined }),

  states: {
    async connecting(event, data) {
      const { attempt } = data
      if (event.type === 'enter') return keepStateAndData(stateTimeout(backoff(attempt), 'connect'))
      if (event.operation === 'ask') return keepStateAndData(postpone())
      if (event.type !== 'state_timeout') return keepStateAndData() // the DOWN of a session that a request saw end
      const answer = await this.call(peer, 'connect')
      if (answer === 'refused') {
        tell(`attempt ${attempt + 1} is refused, the next in ${backoff(attempt + 1)} ms`)
        return repeatState({ attempt: attempt + 1, session: undefined })
      }
      tell(`attempt ${attempt + 1} is accepted`)
      this.monitor(answer)
      return nextState('connected', { attempt: 0, session: answer })
    },

    async connected(event, data) {
      if (event.type === 'enter') return keepState(data)
      if (event.operation !== 'ask') return nextState('connecting', { attempt: 0, session: undefined })
      try {
        return keepStateAndData(GenStatem.reply(event.from, await this.call(data.session!, 'ask', event.content)))
      } catch (failed) {
        if (!(failed instanceof Exit)) throw failed
        tell(`the session is over; "${event.content}" waits for the next`)
        return nextState('connecting', { attempt: 0, session: undefined }, postpone())
      }
    },
  },
}

const connection = GenStatem.name(Connection, 'connection')
await using node = createNode()
await node.supervise({
  strategy: 'rest_for_one',
  children: [
    child(Peer, [['refuse', 'refuse', 'refuse', 'refuse', 2, 'refuse', 3]], { name: peer }),
    GenStatem.child(Connection, [], { name: connection }),
  ],
})

const lines = ['one', 'two', 'three', 'four', 'five']
const answers = await Promise.all(lines.map((line) => GenStatem.call(node, connection, 'ask', line)))
tell(answers.join(' '))
