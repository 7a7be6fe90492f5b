/**
 * What must not compile. `tsc --noEmit` checks this file: an error that is expected and does not come is an error.
 */
import {
  _,
  type Caller,
  type Chunk,
  ConsumerSupervisor,
  type ConsumerSupervisorModule,
  END_OF_TABLE,
  type GenServer,
  GenStage,
  noreply,
  ok,
  type Pid,
  type ProcessCaller,
  reply,
  stop,
  Table,
  variable,
} from '../../lib/index.ts'

interface NumbersApi {
  state: number
  init: [start: number]
  out: number
  call: { position(): number }
}

export const Numbers = GenStage.producer<NumbersApi>({
  init: (start) => ok(start),
  handleDemand: (demand, n) => GenStage.emit([n], n + demand),
  handleCall: {
    position: (_request, _from, n) => reply(n, n),
  },
})

export const Wrong = GenStage.producer<NumbersApi>({
  init: () => GenStage.staged(0, { dispatcher: GenStage.broadcastDispatcher() }),
  // @ts-expect-error it emits numbers
  handleDemand: (demand, n) => GenStage.emit([`${n}`], n + demand),
  handleCall: {
    // @ts-expect-error a position is a number
    position: (_request, _from, n) => GenStage.replyEmit('7', [1], n),
  },
})

// @ts-expect-error a producer has handleDemand
export const Idle = GenStage.producer<NumbersApi>({ init: () => ok(0) })

interface LabelsApi {
  state: null
  in: number
  out: string
}

export const Labels = GenStage.producerConsumer<LabelsApi>({
  init: () =>
    GenStage.staged(null, {
      dispatcher: GenStage.partitionDispatcher({ partitions: 2, hash: (label) => [label, label.length % 2] }),
    }),
  handleEvents: (events, _from, state) =>
    GenStage.emit(
      events.map((n) => n.toFixed()),
      state,
    ),
})

export const Unlabelled = GenStage.producerConsumer<LabelsApi>({
  init: () =>
    GenStage.staged(null, {
      // @ts-expect-error it emits texts
      dispatcher: GenStage.partitionDispatcher<number>({ partitions: 2, hash: (n) => [n, n % 2] }),
    }),
  // @ts-expect-error numbers come in, texts go out
  handleEvents: (events, _from, state) => GenStage.emit(events, state),
})

interface PrinterApi {
  state: string[]
  in: string
  init: [labels: Pid<LabelsApi>]
}

export const Printer = GenStage.consumer<PrinterApi>({
  init: (labels) => GenStage.staged([], { subscribeTo: [labels, { to: labels, maxDemand: 10 }] }),
  handleEvents: (events, _from, state) => noreply([...state, ...events]),
})

interface MisledApi {
  state: string[]
  in: string
  init: [numbers: Pid<NumbersApi>]
}

export const Misled = GenStage.consumer<MisledApi>({
  // @ts-expect-error the producer emits numbers
  init: (numbers) => GenStage.staged([], { subscribeTo: [numbers] }),
  // @ts-expect-error a consumer emits nothing
  handleEvents: (events, _from, state) => GenStage.emit(events, state),
  handleCancel: (_why, _from, state) => stop('normal', state),
})

export async function subscriptions(
  caller: Caller,
  numbers: Pid<NumbersApi>,
  labels: Pid<LabelsApi>,
  printer: Pid<PrinterApi>,
): Promise<void> {
  await GenStage.syncSubscribe(caller, printer, { to: labels, cancel: 'temporary' })
  await GenStage.syncSubscribe(caller, labels, { to: numbers, selector: (n) => n > 3 })
  // @ts-expect-error the printer takes texts
  await GenStage.syncSubscribe(caller, printer, { to: numbers })
  // @ts-expect-error a producer subscribes to nothing
  await GenStage.syncSubscribe(caller, numbers, { to: labels })
  // @ts-expect-error a consumer has no events to give
  GenStage.asyncSubscribe(caller, printer, { to: printer })
  for await (const label of GenStage.stream(caller, [labels])) label.toUpperCase()
  // @ts-expect-error numbers are no texts
  for await (const n of GenStage.stream(caller, [numbers])) n.toUpperCase()
}

interface JobApi {
  state: string
  init: [queue: string, event: number]
}
const Job: GenServer<JobApi> = { init: (queue, event) => ok(`${queue} ${event}`), handleCall: {} }

export async function consumerSupervisors(
  caller: Caller,
  numbers: Pid<NumbersApi>,
  labels: Pid<LabelsApi>,
): Promise<void> {
  const template = ConsumerSupervisor.template(Job, ['mails'], { restart: 'transient' })
  const started = await ConsumerSupervisor.startLink(caller, { children: [template], subscribeTo: [numbers] })
  // @ts-expect-error the queue is missing
  ConsumerSupervisor.template(Job, [])
  // @ts-expect-error the event comes behind the arguments
  ConsumerSupervisor.template(Job, ['mails', 1])
  // @ts-expect-error it would never be done with its event
  ConsumerSupervisor.template(Job, ['mails'], { restart: 'permanent' })
  // @ts-expect-error a job takes numbers
  ConsumerSupervisor.child({ children: [template], subscribeTo: [{ to: labels, maxDemand: 10 }] })
  // @ts-expect-error one template
  ConsumerSupervisor.child({ children: [template, template] })
  // @ts-expect-error whether it is started again is to be said
  ConsumerSupervisor.child({ children: [{ id: 'job', start: () => 'ignore' }] })
  const Mailer: ConsumerSupervisorModule<[most: number], number> = {
    init: (maxDemand) => ({ children: [template], subscribeTo: [{ to: numbers, maxDemand }] }),
  }
  ConsumerSupervisor.child(Mailer, [10], { name: 'mailer' })
  // @ts-expect-error a wrong argument of the module
  ConsumerSupervisor.child(Mailer, ['ten'])
  if (started === 'ignore' || started[0] === 'error') return
  await GenStage.syncSubscribe(caller, started[1], { to: numbers, maxDemand: 10 })
  await ConsumerSupervisor.startChild(caller, started[1], [1])
  await ConsumerSupervisor.whichChildren(caller, started[1])
  // @ts-expect-error a job takes numbers
  await GenStage.syncSubscribe(caller, started[1], { to: labels })
  // @ts-expect-error a job takes a number
  await ConsumerSupervisor.startChild(caller, started[1], ['one'])
  // @ts-expect-error a producer is no supervisor
  await ConsumerSupervisor.terminateChild(caller, numbers, numbers)
}

type Row = readonly [name: string, members: number]

export function tables(caller: ProcessCaller): void {
  const table = new Table<Row>(caller, { type: 'ordered_set', name: Table.named<Row>('rooms') })
  table.insert(caller, ['lobby', 3])
  // @ts-expect-error the second element is a number
  table.insert(caller, ['lobby', '3'])
  // @ts-expect-error a key is a text
  table.lookup(caller, 3)
  // @ts-expect-error there is no such type
  new Table<Row>(caller, { type: 'tree' })
  const [first] = table.select(caller, [variable('name'), 3], undefined, (bound) => bound.name.length)
  first?.toFixed()
  // @ts-expect-error the second element of a pattern is a number, too
  table.matchObject(caller, [variable('name'), 'three'])
  // @ts-expect-error a table under another name
  Table.whereis(caller, Table.named<readonly [number]>('rooms'))?.insert(caller, ['lobby', 3])
  const counters = new Table<{ id: string; hits: number }, string>(caller, { key: 'id' })
  counters.updateCounter(caller, 'a', { position: 'hits', increment: 1 }, { id: 'a', hits: 0 })
  // @ts-expect-error there is no such field
  counters.updateElement(caller, 'a', 'misses', 1)
  // @ts-expect-error hits are numbers
  counters.updateElement(caller, 'a', 'hits', 'many')
  counters.updateElement(caller, 'a', [['hits', 2]], { id: 'a', hits: 0 })
  // @ts-expect-error there is no such field
  counters.updateElement(caller, 'a', [['misses', 2]])
  const hits: number | 'none' = counters.lookupElement(caller, 'a', 'hits', 'none')
  counters.lookupElements(caller, 'a', 'hits').push(hits === 'none' ? 0 : hits)
  // @ts-expect-error without a default it is a number
  counters.lookupElement(caller, 'a', 'hits').toUpperCase()
}

export function steps(caller: ProcessCaller): void {
  const table = new Table<Row>(caller)
  const long = (bound: { readonly name: string }) => bound.name.length
  const first: Chunk<number> = table.select(caller, [variable('name'), _], undefined, long, 10)
  if (first === END_OF_TABLE) return
  const [found, next] = first
  found[0]?.toFixed()
  const second: Chunk<number> = table.select(caller, next)
  const rows: Chunk<Row> = table.matchObject(caller, _, 10)
  // @ts-expect-error a chunk is no list
  rows.map((row) => row)
  // @ts-expect-error the continuation is one of numbers
  const texts: Chunk<string> = table.match(caller, next)
  table.selectReplace(caller, [variable('name'), _], undefined, ({ name }) => [name, 0])
  // @ts-expect-error what takes the place of a row is a row
  table.selectReplace(caller, [variable('name'), _], undefined, ({ name }) => [name, 'none'])
  const key = table.firstLookup(caller)
  if (key !== END_OF_TABLE) key[0].toUpperCase()
  void [second, texts]
}

interface TotalApi {
  state: { readonly total: number }
  in: number
  codeChange: [oldVsn: unknown, state: number, extra: string]
}

export const Total = GenStage.consumer<TotalApi>({
  init: () => ok({ total: 0 }),
  handleEvents: (_events, _from, state) => noreply(state),
  codeChange: (_oldVsn, total, extra) => ok({ total: total + extra.length }),
  formatStatus: (status) => ({ ...status, state: 'secret' }),
})

export const WrongTotal = GenStage.consumer<TotalApi>({
  init: () => ok({ total: 0 }),
  handleEvents: (_events, _from, state) => noreply(state),
  // @ts-expect-error the new state is an object
  codeChange: (_oldVsn, total) => ok(total),
})
