// What a measured process of Node does, ours or a peer's: warm up, measure, print one line of JSON.
// Arguments, the same for every contender: WORK BATCH WARM-UP-MS MEASURED-MS.

const [size, warmUp, measured] = process.argv.slice(-3).map(Number)

/**
 * Runs `batch(size)`, which answers how many operations it saw completed, until the time is up. `tidy` runs after each
 * batch and is not counted.
 */
async function repeat(batch, tidy, milliseconds) {
  let count = 0
  let elapsed = 0
  do {
    const started = performance.now()
    count += await batch(size)
    elapsed += performance.now() - started
    await tidy?.()
  } while (elapsed < milliseconds)
  return { count, seconds: elapsed / 1000 }
}

/** Rate of a work: prints the operations completed and the seconds they took, warm-up excluded. */
export async function measureRate(batch, tidy) {
  await repeat(batch, tidy, warmUp)
  finish(await repeat(batch, tidy, measured))
}

/** Resident bytes of one thing: the slope from a tenth of `size` to all, so that what the runtime takes is left out. */
export async function measureSlope(make) {
  const alive = []
  const fill = async (count) => {
    while (alive.length < count) alive.push(await make())
    return (await settled()).rss
  }
  const few = await fill(size / 10)
  const many = await fill(size)
  finish({ count: alive.length, bytes: (many - few) / (size - size / 10) })
}

/** Memory of a thing: `start(size)` makes them and answers what keeps them alive; prints the bytes of one. */
export async function measureMemory(start) {
  const before = await settled()
  const alive = await start(size)
  const after = await settled()
  const bytes = (after.heapUsed + after.external - before.heapUsed - before.external) / size
  finish({ count: size, bytes, resident: (after.rss - before.rss) / size, alive: alive !== undefined })
}

async function settled() {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc()
  }
  return process.memoryUsage()
}

function finish(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
}
