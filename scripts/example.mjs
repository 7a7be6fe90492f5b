/**
 * `npm run example NAME`: runs one of the examples, as it was built. Without a name that exists, tells those there are.
 */
import { readdirSync } from 'node:fs'

const folder = new URL('../examples/', import.meta.url)
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'demo.ts')
  .map((file) => file.slice(0, -'.ts'.length))
const [name] = process.argv.slice(2)

if (name !== undefined && names.includes(name)) await import(`../dist/examples/${name}.js`)
else {
  process.stderr.write(`npm run example NAME, where NAME is one of: ${names.join(', ')}\n`)
  process.exitCode = 1
}
