import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'

const ROOT = join(import.meta.dirname, '..')
const run = promisify(execFile)

/** A code block of a text, with where it stands. */
interface Example {
  readonly at: string
  readonly code: string
}

const DOCS = ['README.md', ...filesIn('docs', '.md')]
const HEADERS = ['lib/behaviours', 'lib/nact', 'lib/testing'].flatMap((folder) => filesIn(folder, '.ts'))
const examples = [...HEADERS.flatMap((path) => inComments(path)), ...DOCS.flatMap((path) => inMarkdown(path))].filter(
  ({ code }) => /^import (\{[^}]*\}|.*) from 'guildhall/.test(code),
)

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { encoding: 'utf8', recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`)
}

function linesOf(path: string): readonly string[] {
  return readFileSync(join(ROOT, path), 'utf8').split('\n')
}

/** The blocks of comments that are indented by four more columns; pictures that follow them are no code. */
function inComments(path: string): Example[] {
  return indented(path, linesOf(path), / \* {5}(.*)/, / \*/)
}

/** The blocks of a text that are fenced as TypeScript, or indented. */
function inMarkdown(path: string): Example[] {
  const lines = linesOf(path)
  const fenced: Example[] = []
  lines.forEach((line, index) => {
    if (!/^```(ts|js)$/.test(line)) return
    const end = lines.indexOf('```', index)
    fenced.push({ at: `${path}:${index + 2}`, code: lines.slice(index + 1, end).join('\n') })
  })
  return [...fenced, ...indented(path, lines, / {4}(.*)/, /^/)]
}

function indented(path: string, lines: readonly string[], code: RegExp, blank: RegExp): Example[] {
  const isCode = (line: string | undefined) => line !== undefined && line.match(code)?.index === 0
  const isBlank = (line: string | undefined) => line !== undefined && line.replace(blank, '').trim() === ''
  const found: Example[] = []
  for (let start = 0; start < lines.length; start++) {
    if (!isCode(lines[start])) continue
    let end = start
    while (isCode(lines[end]) || (isBlank(lines[end]) && isCode(lines[end + 1]))) end++
    const text = lines.slice(start, end).map((line) => line.match(code)?.[1] ?? '')
    const picture = text.findIndex((_, i) => text[i - 1] === '' && paragraphOf(text, i).includes('──'))
    found.push({ at: `${path}:${start + 1}`, code: text.slice(0, picture < 0 ? undefined : picture).join('\n') })
    start = end
  }
  return found
}

function paragraphOf(lines: readonly string[], start: number): string {
  const end = lines.indexOf('', start)
  return lines.slice(start, end < 0 ? undefined : end).join('\n')
}

t.test('the examples of headers and documents', async (t) => {
  // In the package's own scope, where `guildhall` is what was built.
  mkdirSync(join(ROOT, 'dist'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, 'dist/examples-of-docs-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const files = examples.map(({ code }, index) => {
    const file = join(folder, `${index}.ts`)
    writeFileSync(file, `${code}\nexport {}\n`)
    return file
  })

  t.test('compile', async (t) => {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
    const program = ts.createProgram(files, { ...options, noEmit: false, rootDir: folder, outDir: folder })
    program.emit()
    for (const [index, file] of files.entries()) {
      const source = program.getSourceFile(file)
      const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      const told = errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
      t.strictSame(told, [], examples[index]!.at)
    }
  })

  t.test('run, and nothing crashes', async (t) => {
    for (const [index, file] of files.entries()) {
      const { at } = examples[index]!
      const failed = (error: { stderr: string; killed: boolean }) => ({ stderr: `${error.killed} ${error.stderr}` })
      const { stderr } = await run(process.execPath, [file.replace('.ts', '.js')], { timeout: 30_000 }).catch(failed)
      t.strictSame(stderr.split('\n').filter(isTrouble), [], at)
    }
  })
})

/** Anything on standard error but reports of what an example does on purpose. */
function isTrouble(line: string): boolean {
  return line !== '' && !/^\[(notice|warning|info)\]|supervisor child_terminated/.test(line)
}

t.test('every behaviour opens with an example, its control flow and when not to use it', async (t) => {
  const behaviours =
    'agent application consumer-supervisor dynamic-supervisor gen-event gen-server gen-stage gen-statem ' +
    'partition-supervisor pg pool proc-lib registry supervisor sys table task task-supervisor'
  for (const name of behaviours.split(' ')) {
    const path = HEADERS.find((path) => path.endsWith(`/${name}.ts`)) ?? name
    const header = readFileSync(join(ROOT, path), 'utf8')
    t.ok(
      examples.some(({ at }) => at.startsWith(`${path}:`)),
      `${name} has an example`,
    )
    t.match(header, /──|When it ends|Its life/, `${name} has its control flow`)
    t.match(header.replaceAll('\n *', ''), /When not to use it/, `${name} says when not to use it`)
  }
})

t.test('what the documents name exists', async (t) => {
  for (const doc of DOCS) {
    const text = readFileSync(join(ROOT, doc), 'utf8')
    const paths = text.match(/(?<=`)(lib|spec|examples|docs|scripts|bench|actors|supervisors)\/[\w./-]*(?=`)/g) ?? []
    for (const path of new Set(paths)) t.ok(existsSync(join(ROOT, path)), `${doc} names ${path}`)
    const links = text.match(/(?<=\]\()(?!https?:|#)[^)#\s]+/g) ?? []
    for (const link of new Set(links)) t.ok(existsSync(join(ROOT, doc, '..', link)), `${doc} links to ${link}`)
  }
})

t.test('every rule is held by a scenario or a spec that exists', async (t) => {
  const scenarios = new Set(filesIn('spec/oracle', '.ts').map((path) => path.split('/').at(-1)?.replace(/_.*/, '')))
  const rules = rowsOf('docs/semantics.md').filter(({ columns }) => columns.at(-1) === 'held by')
  t.ok(rules.length > 0)
  for (const { at, rows } of rules) {
    for (const [index, row] of rows.entries()) {
      const held = row.at(-1) ?? ''
      const named = held.match(/\b[a-z]\d\d\b/g) ?? []
      for (const scenario of named) t.ok(scenarios.has(scenario), `${at + index}: ${scenario}`)
      t.ok(named.length > 0 || /`[\w-]+\//.test(held), `${at + index}: held by something`, { row })
    }
  }
})

t.test('every behaviour stands beside Erlang and Elixir, with an example', async (t) => {
  const sections = readFileSync(join(ROOT, 'docs/otp.md'), 'utf8').split(/^## /m).slice(1)
  t.ok(sections.length > 15)
  for (const section of sections) {
    const name = section.split('\n', 1)[0]
    t.match(section, /^\| (Erlang \| )?Elixir \| Guildhall \|$/m, `${name} has a table`)
    t.equal(section.match(/^```ts$/gm)?.length, 1, `${name} has one example`)
  }
})

/** The tables of a document: where the rows begin, the names of the columns, and the cells. */
function rowsOf(path: string) {
  const tables: { at: number; columns: string[]; rows: string[][] }[] = []
  const cells = (line: string) =>
    line
      .replaceAll('\\|', '¦')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  linesOf(path).forEach((line, index, lines) => {
    if (!/^\|[-|]+\|$/.test(line)) return
    const rows: string[][] = []
    for (let i = index + 1; lines[i]?.startsWith('|'); i++) rows.push(cells(lines[i]!))
    tables.push({ at: index + 2, columns: cells(lines[index - 1]!), rows })
  })
  return tables
}
