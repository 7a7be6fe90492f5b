import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, GenStage, type Pid, stop } from '../lib/index.ts'

/**
 * `npm run example event-log`: a stream over a log of 200,000 events. One stage reads the file, four parse in parallel,
 * one counts. Events of one user keep their order, since they all take the same way; and however large the file, no
 * more of it is in memory than the stages have asked for.
 *
 *            ┌─ partition 0 ─> parser ─┐
 *     log ───┼─ partition 1 ─> parser ─┼─> counter            demand goes the other way
 *            └─ ...                   ─┘
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)
const [EVENTS, USERS, PARSERS, DEMAND] = [200_000, 97, 4, 50]
const memory = { now: 0, most: 0 }

// --- reads as many lines as are wanted; of the text, one chunk is in memory

interface LogApi {
  state: { readonly file: FileHandle; text: string; readonly done: boolean }
  init: [path: string]
  out: string
}

const Log = GenStage.producer<LogApi>({
  async init(path) {
    const file = this.own(await open(path))
    // A line is `user number action`: the first is what decides on its way.
    const hash = (line: string) => [line, Number(line.slice(1, line.indexOf(' '))) % PARSERS] as const
    const dispatcher = GenStage.partitionDispatcher({ partitions: PARSERS, hash })
    return GenStage.staged({ file, text: '', done: false }, { dispatcher })
  },
  async handleDemand(demand, state) {
    const lines: string[] = []
    let { text, done } = state
    while (lines.length < demand && !done) {
      const end = text.indexOf('\n')
      if (end >= 0) {
        lines.push(text.slice(0, end))
        text = text.slice(end + 1)
      } else {
        const { buffer, bytesRead } = await state.file.read(Buffer.alloc(4096))
        text += buffer.toString('ascii', 0, bytesRead)
        done = bytesRead === 0
      }
    }
    // Comes back once all lines before it have been sent.
    if (done && !state.done) GenStage.asyncInfo(this, this.self, 'end')
    memory.now += lines.length
    memory.most = Math.max(memory.most, memory.now)
    return GenStage.emit(lines, { ...state, text, done })
  },
  handleInfo: (_end, state) => stop('normal', state),
})

// --- parse, in parallel; each ends behind the last line of the log

type Event = readonly [user: string, number: number, action: string]

interface ParserApi {
  state: null
  init: [log: Pid<LogApi>, partition: number]
  in: string
  out: Event
}

const Parser = GenStage.producerConsumer<ParserApi>({
  init: (log, partition) => GenStage.staged(null, { subscribeTo: [{ to: log, partition, maxDemand: DEMAND }] }),
  handleEvents: (lines, _from, state) => GenStage.emit(lines.map(parse), state),
})

function parse(line: string): Event {
  const [user = '', number = '', action = ''] = line.split(' ')
  return [user, Number(number), action]
}

// --- a log: each user's events are numbered

const folder = await mkdtemp(join(tmpdir(), 'event-log-'))
const path = join(folder, 'events.log')
const actions = ['joined', 'wrote', 'left'] as const
const lineOf = (i: number) => `u${i % USERS} ${Math.floor(i / USERS) + 1} ${actions[i % actions.length]}\n`
await using writing = await open(path, 'w')
for (let i = 0; i < EVENTS; i += 1000) {
  await writing.write(Array.from({ length: 1000 }, (_, k) => lineOf(i + k)).join(''))
}

// --- counts what the parsers give, and looks whether each user's events are in order

await using node = createNode()
const log = await node.start(Log, [path])
const parsers = await Promise.all(Array.from({ length: PARSERS }, (_, i) => node.start(Parser, [log, i])))
const counts = new Map<string, number>()
const last = new Map<string, number>()
let disordered = 0
for await (const [user, number, action] of GenStage.stream(
  node,
  parsers.map((to) => ({ to, maxDemand: DEMAND })),
)) {
  memory.now--
  counts.set(action, (counts.get(action) ?? 0) + 1)
  if (number !== (last.get(user) ?? 0) + 1) disordered++
  last.set(user, number)
}
await rm(folder, { recursive: true })

// What the parsers and the counter have asked for, and as much again that waits for a parser that is behind.
const bound = 3 * PARSERS * DEMAND
tell(`events in memory at once, at most: ${memory.most}`)
tell(`within what was asked for (${bound}): ${memory.most <= bound}`)
tell(`events counted: ${[...counts.values()].reduce((sum, n) => sum + n)} of ${EVENTS}, of ${last.size} users`)
tell(`events out of order: ${disordered}`)
for (const action of actions) tell(`${action}: ${counts.get(action)}`)
