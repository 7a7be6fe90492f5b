import { createNode, GenStatem, type StateMachine } from '../lib/index.ts'

/**
 * `npm run example door`: a door with a code lock, as a state machine. The right digits open it for a while; whoever
 * wants to go in before waits; three wrong codes in a row, and the lock takes no digits until it has calmed down.
 *
 *     locked ──the code──> open ──100 ms, or closed──> locked
 *     locked ──3 wrong──> blocked ──50 ms──> locked
 */
const { keepState, keepStateAndData, nextState, ok, postpone, reply, stateTimeout, timeout } = GenStatem
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

interface DoorApi {
  state: 'locked' | 'open' | 'blocked'
  data: { readonly code: string; readonly typed: string; readonly wrong: number }
  init: [code: string]
  call: { enter(who: string): string; isOpen(): boolean }
  cast: { button(digit: string): void; close(): void }
  stateTimeout: 'lock' | 'calm'
  timeout: { forget: 'digits' }
}

const Door: StateMachine<DoorApi> = {
  callbackMode: 'state_functions',
  stateEnter: true,
  init: (code) => ok('locked', { code, typed: '', wrong: 0 }),

  states: {
    locked(event, door) {
      if (event.type === 'enter') {
        tell(event.content === 'locked' ? 'the door is locked' : `the door is locked again; it was ${event.content}`)
        return keepState({ ...door, typed: '' })
      }
      if (event.type === 'timeout') {
        tell(`nobody goes on typing: ${door.typed} is forgotten`)
        return keepState({ ...door, typed: '' })
      }
      switch (event.operation) {
        case 'enter':
          tell(`${event.content} waits`)
          return keepStateAndData(postpone()) // comes again when the state has changed
        case 'isOpen':
          return keepStateAndData(reply(event.from, false))
        case 'button': {
          const typed = door.typed + event.content
          if (typed.length < door.code.length) return keepState({ ...door, typed }, timeout('forget', 50, 'digits'))
          const done = timeout('forget', 'cancel')
          if (typed === door.code) return nextState('open', { ...door, wrong: 0 }, [done, stateTimeout(100, 'lock')])
          tell(`${typed} is wrong`)
          const wrong = door.wrong + 1
          if (wrong < 3) return keepState({ ...door, typed: '', wrong }, done)
          return nextState('blocked', { ...door, wrong: 0 }, [done, stateTimeout(50, 'calm')])
        }
        default:
          return keepStateAndData()
      }
    },

    open(event, door) {
      if (event.type === 'enter') tell('the door is open')
      if (event.type === 'state_timeout') return nextState('locked', door)
      if (event.operation === 'enter') return keepStateAndData(reply(event.from, `${event.content} is in`))
      if (event.operation === 'isOpen') return keepStateAndData(reply(event.from, true))
      return event.operation === 'close' ? nextState('locked', door) : keepStateAndData()
    },

    blocked(event, door) {
      if (event.type === 'enter') tell('the door takes no digits for a while')
      if (event.type === 'state_timeout') return nextState('locked', door)
      if (event.operation === 'isOpen') return keepStateAndData(reply(event.from, false))
      return event.operation === 'enter' ? keepStateAndData(postpone()) : keepStateAndData()
    },
  },
}

const door = GenStatem.name(Door, 'door')
await using node = createNode()
await node.supervise({ children: [GenStatem.child(Door, ['1234'], { name: door })] })
const type = (digits: string): void => {
  for (const digit of digits) node.cast(door, 'button', digit)
}

const alice = GenStatem.call(node, door, 'enter', 'alice')
const bob = GenStatem.call(node, door, 'enter', 'bob')
type('1234')
tell(await alice)
tell(await bob)
node.cast(door, 'close')

type('99')
await node.sleep(100)
tell(`is it open? ${await GenStatem.call(node, door, 'isOpen')}`)

type('111122223333')
type('1234')
const carol = GenStatem.call(node, door, 'enter', 'carol')
await node.sleep(100)
type('1234')
tell(await carol)
await node.sleep(200)
tell(`is it open? ${await GenStatem.call(node, door, 'isOpen')}`)
