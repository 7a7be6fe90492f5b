import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const ROOT = join(import.meta.dirname, '..')
/** What `npm run example` runs: the examples as they were built. */
const SCRIPT = `${ROOT}/scripts/example.mjs`
const run = promisify(execFile)

/** Every example but the demo, which has a spec of its own. `NAME.out` holds the lines that `NAME.ts` ends with. */
const names = readdirSync(`${ROOT}/examples`)
  .filter((file) => file.endsWith('.ts') && file !== 'demo.ts')
  .map((file) => file.slice(0, -'.ts'.length))

for (const name of names) {
  t.test(`the example ${name} shows what it says, and ends by itself`, async (t) => {
    const { stdout } = await run(process.execPath, [SCRIPT, name])
    const expected = readFileSync(`${ROOT}/examples/${name}.out`, 'utf8').trimEnd().split('\n')
    t.ok(expected.length > 1)
    t.same(stdout.trimEnd().split('\n').slice(-expected.length), expected)
  })
}

t.test('npm run example tells the names there are when it does not know the one it is given', async (t) => {
  for (const args of [[], ['nothing'], ['../demo'], ['demo']]) {
    const failed = run(process.execPath, [SCRIPT, ...args]).catch((error) => error)
    t.match(await failed, { code: 1, stderr: `npm run example NAME, where NAME is one of: ${names.join(', ')}\n` })
  }
})

t.test('an example fits two screens', async (t) => {
  for (const name of names) {
    const lines = readFileSync(`${ROOT}/examples/${name}.ts`, 'utf8').split('\n').length - 1
    t.ok(lines <= 120, name, { lines })
  }
})
