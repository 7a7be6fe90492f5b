/**
 * Writes docs/errors.md from the one table of errors, lib/internal/errors.ts. `--check` only compares, and exits with 1
 * when the page is not what the table says.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

const TABLE = fileURLToPath(new URL('../lib/internal/errors.ts', import.meta.url))
const PAGE = fileURLToPath(new URL('../docs/errors.md', import.meta.url))

/** The page, as text. */
export function page(source = readFileSync(TABLE, 'utf8')) {
  const lines = [
    '# Error codes',
    '',
    'Every error that Guildhall raises is a `Fault` with one of these codes as its `code`. The message adds what exactly',
    'was wrong. A code never changes its meaning. This page is made from the table in `lib/internal/errors.ts` by',
    '`node scripts/error-codes.mjs`.',
  ]
  for (const { group, code, text } of entries(source)) {
    if (group !== undefined)
      lines.push('', `## ${group[0].toUpperCase()}${group.slice(1)}`, '', '| code | meaning |', '|---|---|')
    lines.push(`| \`${code}\` | ${text} |`)
  }
  return `${lines.join('\n')}\n`
}

/** The table's rows in order; `group` stands at the first of each. */
function entries(source) {
  const file = ts.createSourceFile('errors.ts', source, ts.ScriptTarget.ESNext, true)
  const rows = []
  const visit = (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== 'TABLE') return ts.forEachChild(node, visit)
    for (const property of node.initializer.expression.properties) {
      const comment = property.getFullText().match(/^\s*\/\/ (.+)$/m)?.[1]
      rows.push({ group: comment, code: property.name.getText(), text: property.initializer.text })
    }
  }
  visit(file)
  return rows
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const text = page()
  if (!process.argv.includes('--check')) writeFileSync(PAGE, text)
  else if (readFileSync(PAGE, 'utf8') !== text) {
    process.stderr.write('docs/errors.md is not what the table says: run `node scripts/error-codes.mjs`\n')
    process.exit(1)
  }
}
