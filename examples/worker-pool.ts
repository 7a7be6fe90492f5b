import { createNode, type Fault, type ModuleFunction, Pool, Task } from '../lib/index.ts'

/**
 * `npm run example worker-pool`: a pool of two worker threads with a queue of four. Ten requests come at once: six are
 * served, four are told that the pool is busy and come again later. Then a job that never ends is stopped when its time
 * is up, one that crashes its thread is survived, and at last everything is ended in order.
 */
const tell = (line: string): void => void process.stdout.write(`  ${line}\n`)
const chapter = (title: string): void => void process.stdout.write(`\n${title}\n`)

const job = (name: string): ModuleFunction => ({
  module: new URL('./worker-pool/jobs.js', import.meta.url),
  function: name,
})
type CountPrimes = typeof import('./worker-pool/jobs.ts').countPrimes

const reporter = ({ label }: { label: readonly string[] }): void => {
  if (label[1] !== 'progress') tell(`report: ${label.join(' ')}`)
}
await using node = createNode({ reporter })
await node.supervise({ children: [Pool.child({ name: 'primes', threads: 2, queue: 4 })] })

chapter('Ten requests at once: two threads, four places in the queue.')
let busy = 0
const numbers = Array.from({ length: 10 }, (_, n) => n)
const first = await Promise.all(numbers.map(count))
tell(`${first.filter((primes) => primes !== undefined).length} are served, ${busy} are told that the pool is busy`)

chapter('Those that were refused come again, two at a time, from a stream of tasks.')
await new Promise<void>((resolve) => {
  node.spawn(async function () {
    const refused = numbers.filter((n) => first[n] === undefined)
    for await (const [, primes] of Task.asyncStream(this, refused, count, { maxConcurrency: 2, timeout: 60_000 })) {
      tell(`${primes} primes`)
    }
    resolve()
  })
})

chapter('A job that never ends: its thread is stopped when the time is up.')
await Pool.run(node, 'primes', job('neverEnds'), [], { timeout: 200 }).catch((error: Error) => tell(error.message))
tell(JSON.stringify(await Pool.status(node, 'primes')))

chapter('A job that crashes its thread: the caller hears of it, the next one gets a new thread.')
await Pool.run(node, 'primes', job('crash'), [], { timeout: 60_000 }).catch(() => tell('the call failed'))
tell(`${await count(1)} primes`)

chapter('The end.')

/** Counts primes in a thread of the pool; `undefined` when the pool is busy. */
async function count(n: number): Promise<number | undefined> {
  try {
    return await Pool.run<CountPrimes>(node, 'primes', job('countPrimes'), [20_000 * (n + 1)], { timeout: 60_000 })
  } catch (error) {
    if ((error as Partial<Fault>).code !== 'busy') throw error
    busy++
    return undefined
  }
}
