/**
 * The rules of the house that a machine can see, read from the syntax trees of the sources:
 *
 * - imports run one way between the layers, and never in a circle between files
 * - a third-party package is imported in one file, and none of them by what `import 'guildhall'` loads
 * - time, randomness and the event loop come in through the host port (lib/kernel/host.ts)
 * - no file is longer than 500 lines, no line than 120 columns, no file is named after nothing
 *
 * `node scripts/tidy.mjs` prints what breaks them and exits with 1.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Each layer may import itself and the ones before it; those in one row, not each other. */
const LAYERS = [
  ['lib/internal'],
  ['lib/kernel'],
  ['lib/behaviours'],
  ['lib/distribution'],
  ['lib/cluster', 'lib/storage', 'lib/gateway'],
  ['lib/simulation', 'lib/observe', 'lib/nact', 'lib/testing'],
  ['actors'],
  ['supervisors'],
  ['lib/api'],
  ['lib/daemon'],
  ['examples'],
]
const MAX_LINES = 500
const MAX_COLUMNS = 120
const NAMELESS = /(^|[/-])(utils?|common|helpers?|misc)([.-]|\.ts$)/

/** What only the adapters of the host port may use. */
const HOST_ADAPTERS = new Set(['lib/kernel/system-host.ts'])
const FORBIDDEN_CALLS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])
const FORBIDDEN_MEMBERS = new Set([
  'Date.now',
  'performance.now',
  'process.hrtime',
  'process.nextTick',
  'AbortSignal.timeout',
  'Math.random',
])
const FORBIDDEN_CLASSES = new Set(['WeakRef', 'FinalizationRegistry'])
const FORBIDDEN_MODULES = new Set(['node:timers', 'node:timers/promises', 'timers', 'timers/promises'])
const RANDOM_OF_CRYPTO = /^(random|getRandomValues)/

export function sourcesOf(root = ROOT) {
  const files = []
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (path.endsWith('.ts')) files.push({ path, text: readFileSync(join(root, path), 'utf8') })
    }
  }
  for (const folder of ['lib', 'actors', 'supervisors', 'examples']) walk(folder)
  return files
}

/** Every breach in `files`, an array of `{ path, text }`, as `path:line: what`. */
export function breachesOf(files) {
  const parsed = files.map(({ path, text }) => ({ path, text, ...read(path, text) }))
  return [
    ...parsed.flatMap(sizes),
    ...parsed.flatMap(directions),
    ...circles(parsed),
    ...packages(parsed),
    ...parsed.flatMap((file) => file.uses.filter(() => !HOST_ADAPTERS.has(file.path))),
  ]
}

/** The imports and the forbidden uses of one file. */
function read(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
  const imports = []
  const uses = []
  const at = (node) => `${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
  const forbid = (node, what) => uses.push(`${at(node)}: ${what} comes in through the host port (lib/kernel/host.ts)`)
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      imports.push({ to: node.moduleSpecifier.text, typeOnly: isTypeOnly(node), at: at(node) })
      if (FORBIDDEN_MODULES.has(node.moduleSpecifier.text)) forbid(node, node.moduleSpecifier.text)
      const names = node.importClause?.namedBindings?.elements ?? []
      for (const { name, propertyName } of names) {
        const imported = (propertyName ?? name).text
        const isCrypto = /^(node:)?crypto$/.test(node.moduleSpecifier.text)
        if (isCrypto && RANDOM_OF_CRYPTO.test(imported)) forbid(node, `crypto.${imported}`)
      }
    }
    if (ts.isCallExpression(node)) {
      const [first] = node.arguments
      const callee = node.expression.getText()
      const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || /^require(\.resolve)?$/.test(callee)
      if (loads && first && ts.isStringLiteral(first)) imports.push({ to: first.text, typeOnly: false, at: at(node) })
      if (FORBIDDEN_CALLS.has(callee.replace(/^globalThis\./, ''))) forbid(node, callee)
    }
    if (ts.isPropertyAccessExpression(node)) {
      const member = node.getText().replace(/^globalThis\./, '')
      if (FORBIDDEN_MEMBERS.has(member)) forbid(node, member)
      if (/^(crypto|webcrypto)\.(random|getRandomValues)/.test(member)) forbid(node, member)
    }
    if (ts.isNewExpression(node)) {
      const name = node.expression.getText()
      if (FORBIDDEN_CLASSES.has(name) || (name === 'Date' && !node.arguments?.length)) forbid(node, `new ${name}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { imports, uses }
}

function isTypeOnly(node) {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  const clause = node.importClause
  if (!clause) return false
  if (clause.isTypeOnly) return true
  const elements = clause.namedBindings?.elements
  return !clause.name && elements?.length > 0 && elements.every((element) => element.isTypeOnly)
}

function sizes({ path, text }) {
  const lines = text.split('\n')
  const found = []
  if (lines.length - 1 > MAX_LINES) found.push(`${path}:${MAX_LINES}: longer than ${MAX_LINES} lines`)
  lines.forEach((line, index) => {
    if (line.length > MAX_COLUMNS) found.push(`${path}:${index + 1}: longer than ${MAX_COLUMNS} columns`)
  })
  if (NAMELESS.test(path)) found.push(`${path}:1: a file is named after the concept it holds`)
  return found
}

function layerOf(path) {
  return LAYERS.findIndex((row) => row.some((folder) => path.startsWith(`${folder}/`)))
}

function directions({ path, imports }) {
  const from = layerOf(path)
  if (from < 0) return []
  return imports.flatMap(({ to, at }) => {
    if (!to.startsWith('.')) return []
    const target = posix.normalize(posix.join(posix.dirname(path), to))
    const layer = layerOf(target)
    if (layer < 0) return path.startsWith('examples/') ? [] : [`${at}: ${target} belongs to no layer`]
    const sibling = layer === from && folderOf(target, layer) !== folderOf(path, from)
    return layer > from || sibling ? [`${at}: ${path} must not import ${target}`] : []
  })
}

function folderOf(path, layer) {
  return LAYERS[layer].find((folder) => path.startsWith(`${folder}/`))
}

/** Circles of imports that exist when the program runs; one of types alone is harmless. */
function circles(files) {
  const graph = new Map()
  for (const { path, imports } of files) {
    const targets = imports.filter(({ to, typeOnly }) => to.startsWith('.') && !typeOnly)
    graph.set(
      path,
      targets.map(({ to }) => posix.normalize(posix.join(posix.dirname(path), to))),
    )
  }
  const found = []
  const state = new Map()
  const visit = (path, trail) => {
    if (state.get(path) === 'done') return
    if (state.get(path) === 'open') {
      found.push(`${path}:1: a circle of imports: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`)
      return
    }
    state.set(path, 'open')
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of graph.keys()) visit(path, [])
  return found
}

function packageOf(specifier) {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function packages(files) {
  const importers = new Map()
  for (const { path, imports } of files) {
    if (path.startsWith('examples/')) continue
    for (const { to, typeOnly, at } of imports) {
      const name = packageOf(to)
      // Types of Discord's payloads are vocabulary: they are used wherever payloads are, and nothing is loaded.
      if (name === undefined || (typeOnly && name === 'discord-api-types')) continue
      importers.set(name, new Map([...(importers.get(name) ?? []), [path, at]]))
    }
  }
  const found = []
  for (const [name, places] of importers) {
    if (places.size > 1) for (const at of places.values()) found.push(`${at}: ${name} enters through one file only`)
  }
  for (const name of loadedBy('lib/index.ts', files)) found.push(`lib/index.ts:1: loads ${name}`)
  return found
}

/** The third-party packages that importing `entry` loads. */
export function loadedBy(entry, files) {
  const byPath = new Map(
    files.map((file) => [file.path, file.imports ? file : { ...file, ...read(file.path, file.text) }]),
  )
  const seen = new Set()
  const loaded = new Set()
  const visit = (path) => {
    if (seen.has(path) || !byPath.has(path)) return
    seen.add(path)
    for (const { to, typeOnly } of byPath.get(path).imports) {
      if (typeOnly) continue
      const name = packageOf(to)
      if (name) loaded.add(name)
      else if (to.startsWith('.')) visit(posix.normalize(posix.join(posix.dirname(path), to)))
    }
  }
  visit(entry)
  return [...loaded]
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = breachesOf(sourcesOf())
  for (const breach of found) process.stdout.write(`${breach}\n`)
  process.stdout.write(`${relative(process.cwd(), ROOT) || '.'}: ${found.length} breaches of the house's rules\n`)
  process.exitCode = found.length > 0 ? 1 : 0
}
