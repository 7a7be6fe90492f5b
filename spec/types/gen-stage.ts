/**
 * What must not compile. `tsc --noEmit` checks this file: an error that is expected and does not come is an error.
 */
import { type Caller, GenStage, noreply, ok, type Pid, reply, stop, Table, variable } from '../../lib/index.ts'

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

type Row = readonly [name: string, members: number]

export function tables(caller: Caller): void {
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
}
