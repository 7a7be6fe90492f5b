import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

t.test('the example of docs/testing.md passes as it stands', async (t) => {
  const code = /^```js\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, 'docs/testing.md'), 'utf8'))![1]!
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { cwd: ROOT })
  t.match(stdout, /pass 1\b/)
})
