/**
 * Compiles a user of the package against the declarations that the package ships, and checks those, too
 * (`skipLibCheck: false`), as Node and as bundlers resolve them: a declaration that names what is left out of the
 * declarations compiles here and at no user's.
 *
 * `node scripts/consumer.mjs` prints what does not compile and exits with 1.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const RESOLUTIONS = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
}

/** Installs the package in `folder`: package.json and the declarations, as the build emits them. */
function install(folder) {
  const installed = join(folder, 'node_modules/guildhall')
  const config = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'tsconfig.build.json'), {}, ts.sys)
  const outDir = join(installed, 'dist')
  const options = { ...config.options, noCheck: true, emitDeclarationOnly: true, incremental: false, outDir }
  delete options.tsBuildInfoFile
  ts.createProgram(config.fileNames, options).emit()
  copyFileSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
}

/** A module that imports all there is in each entry of the package. */
function consumer() {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const entries = Object.keys(exports).filter((entry) => exports[entry].types !== undefined)
  return entries.map((entry, i) => `export * as entry${i} from '${name}${entry.slice(1)}'\n`).join('')
}

/** What does not compile, a line each. */
function errorsOf(file, resolution) {
  const strict = { strict: true, skipLibCheck: false, noEmit: true, target: ts.ScriptTarget.ES2023, types: ['node'] }
  const program = ts.createProgram([file], { ...strict, ...resolution })
  const host = {
    getCanonicalFileName: (path) => path,
    getCurrentDirectory: () => dirname(file),
    getNewLine: () => '\n',
  }
  return ts.getPreEmitDiagnostics(program).map((error) => ts.formatDiagnostic(error, host))
}

// Inside the project, where what the package depends on is found.
mkdirSync(join(ROOT, 'dist'), { recursive: true })
const folder = mkdtempSync(join(ROOT, 'dist/consumer-'))
try {
  install(folder)
  const file = join(folder, 'consumer.mts')
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer" }\n')
  writeFileSync(file, consumer())
  for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
    const errors = errorsOf(file, resolution)
    if (errors.length === 0) continue
    process.stderr.write(`${name}: ${errors.length} errors in what the package declares\n${errors.join('')}`)
    process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
