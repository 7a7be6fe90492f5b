import t from 'tap'
// @ts-expect-error the rules are a plain script, so that they run without a build
import * as tidy from '../scripts/tidy.mjs'

interface File {
  path: string
  text: string
}
const { breachesOf, loadedBy, sourcesOf } = tidy as {
  breachesOf(files: File[]): string[]
  loadedBy(entry: string, files: File[]): string[]
  sourcesOf(): File[]
}

t.test('the sources keep the rules of the house', async (t) => {
  t.same(breachesOf(sourcesOf()), [])
})

t.test('importing guildhall loads no third-party package', async (t) => {
  t.same(loadedBy('lib/index.ts', sourcesOf()), [])
})

t.test('each rule finds its breach', async (t) => {
  const breach = (path: string, text: string, others: File[] = []) => breachesOf([{ path, text }, ...others]).join('\n')
  t.match(breach('lib/kernel/a.ts', "import '../behaviours/b.ts'"), /must not import/)
  t.match(breach('lib/storage/a.ts', "import '../gateway/b.ts'"), /must not import/, 'siblings do not know each other')
  t.match(breach('actors/a.ts', "import type { B } from '../lib/api/b.ts'"), /must not import/, 'not even for a type')
  t.match(
    breach('lib/kernel/a.ts', "import './b.ts'", [{ path: 'lib/kernel/b.ts', text: "import './a.ts'" }]),
    /circle/,
  )
  t.match(breach('lib/kernel/a.ts', "import 'x'", [{ path: 'lib/kernel/b.ts', text: "import 'x'" }]), /x enters/)
  t.match(
    breach('lib/index.ts', "import './kernel/a.ts'", [{ path: 'lib/kernel/a.ts', text: "import 'x'" }]),
    /loads x/,
  )
  for (const text of [
    'setTimeout(f, 1)',
    'Date.now()',
    'new Date()',
    'performance.now()',
    'process.hrtime.bigint()',
    'process.nextTick(f)',
    'Math.random()',
    'AbortSignal.timeout(1)',
    'new WeakRef(x)',
    "import { randomBytes } from 'node:crypto'",
    "import { setTimeout } from 'node:timers/promises'",
  ]) {
    t.match(breach('lib/storage/a.ts', text), /host port/, text)
  }
  t.equal(breach('lib/storage/a.ts', 'new Date(5).toISOString()'), '', 'a given time is data')
  t.match(breach('lib/kernel/a.ts', 'x\n'.repeat(501)), /longer than 500 lines/)
  t.match(breach('lib/kernel/a.ts', 'x'.repeat(121)), /longer than 120 columns/)
  t.match(breach('lib/kernel/string-utils.ts', ''), /named after/)
})
