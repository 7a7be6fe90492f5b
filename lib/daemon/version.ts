import { readFileSync } from 'node:fs'

/** The version of this package, as its package.json has it. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('guildhall/package.json')), 'utf8'))
  return String(version)
}
