import {
  type Body,
  child,
  createNode,
  type DownMessage,
  type From,
  type GenServer,
  name,
  noreply,
  ok,
  type Ref,
  reply,
  type Self,
} from '../lib/index.ts'

/**
 * `npm run example philosophers`: five philosophers and five forks, all of them processes. A philosopher needs both the
 * fork on the left and the one on the right to eat. Each takes the one with the lower number first, so that they never
 * wait for each other in a circle. A fork watches who holds it: one that dies with forks in hand starves nobody.
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

interface ForkApi {
  /** The monitor of the philosopher who holds it, and those who wait for it. */
  state: { readonly holder: Ref | undefined; readonly waiting: readonly From<'taken'>[] }
  call: { take(): 'taken'; isFree(): boolean }
  cast: { putDown(): void }
  info: DownMessage
}

const Fork: GenServer<ForkApi> = {
  init: () => ok({ holder: undefined, waiting: [] }),
  handleCall: {
    take(_request, from, { holder, waiting }) {
      return handOver(this, holder, [...waiting, from])
    },
    isFree: (_request, _from, state) => reply(state.holder === undefined, state),
  },
  handleCast: {
    putDown(_request, { holder, waiting }) {
      this.demonitor(holder!, { flush: true })
      return handOver(this, undefined, waiting)
    },
  },
  handleInfo(message, { holder, waiting }) {
    return handOver(this, message.ref === holder ? undefined : holder, waiting)
  },
}

/** A fork that is free goes to the one who has waited longest. */
function handOver(fork: Self<ForkApi>, holder: Ref | undefined, waiting: readonly From<'taken'>[]) {
  const [next, ...others] = waiting
  if (holder !== undefined || next === undefined) return noreply({ holder, waiting })
  fork.reply(next, 'taken')
  return noreply({ holder: fork.monitor(next.pid!), waiting: others })
}

const MEALS = 100
const forkAt = (place: number) => name(Fork, `fork${place}`)
const meals = new Map<string, number>()

/** The fork with the lower number first: nothing else is needed. */
const philosopher: Body<[string, number]> = async function (who, place) {
  const first = forkAt(Math.min(place, (place + 1) % 5))
  const second = forkAt(Math.max(place, (place + 1) % 5))
  for (let meal = 1; meal <= MEALS; meal++) {
    await this.call(first, 'take')
    await this.call(second, 'take')
    if (who === 'socrates' && meal === 2) return tell('socrates drinks the hemlock, with both forks in hand')
    meals.set(who, meal)
    await this.sleep(0)
    this.cast(second, 'putDown')
    this.cast(first, 'putDown')
  }
}

await using node = createNode()
const places = [0, 1, 2, 3, 4]
await node.supervise({ children: places.map((place) => child(Fork, [], { name: forkAt(place) })) })

const names = ['plato', 'socrates', 'hypatia', 'laozi', 'averroes']
await new Promise<void>((resolve) => {
  node.spawn(async function () {
    const refs = names.map((who, place) => this.spawnOpt(philosopher, { monitor: true }, who, place)[1])
    for (const ref of refs) await this.receive((message) => (message as DownMessage).ref === ref)
    resolve()
  })
})
for (const who of names) tell(`${who} has eaten ${meals.get(who)} times`)
const free = await Promise.all(places.map((place) => node.call(forkAt(place), 'isFree')))
tell(`forks on the table in the end: ${free.filter(Boolean).length}`)
