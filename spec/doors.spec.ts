import { readFileSync } from 'node:fs'
import t from 'tap'
import { COMPANIONS } from './doors/companions.ts'
import { type Doors, knocksOn } from './doors/door.ts'
import { KERNEL } from './doors/kernel.ts'
import { type Callable, watchStrays, wrongWith } from './doors/knock.ts'
import { SERVERS } from './doors/servers.ts'
import { SUPERVISORS } from './doors/supervisors.ts'
import { internals, originOf, surface } from './doors/surface.ts'
import { TOOLS } from './doors/tools.ts'

/**
 * Every public function, called with everything that is wrong in each place, the other arguments being right: it
 * returns something legitimate, or it throws or rejects with a Fault or an Exit; what is wrong by the table of the
 * function is refused. No error without a code comes of it, nobody else ends, nothing is rejected that nobody awaits,
 * and the node goes on. A function that is not in the tables fails the spec.
 */
const TABLES: Readonly<Record<string, Doors>> = {
  'the kernel': KERNEL,
  servers: SERVERS,
  'supervisors, tasks and applications': SUPERVISORS,
  'registries, groups, tables, sys, stages': TOOLS,
  'testing and nact': COMPANIONS,
}

/** What is public, and called by no user: a host by its node, the loop's side of `sys` with each message by the loop. */
const OF_PORTS = ['monotonic', 'wall', 'startTimer', 'stopTimer', 'bytes', 'below', 'microtask', 'macrotask', 'pick']
const OF_LOOPS = ['debugEvent', 'debugOptions', 'handleSystem', 'isDebugged', 'isSuspended', 'loggedEvents', 'statusOf']
/** Made by the node alone. */
const MADE = ['Pid', 'Ref']

const functions = surface()
const doors = Object.fromEntries(Object.values(TABLES).flatMap((table) => Object.entries(table)))
watchStrays()

t.test('every public function is in the tables', async (t) => {
  t.same(
    Object.keys(doors).filter((path) => !functions.has(path)),
    [],
    'and nothing else',
  )
  const covered = new Set(Object.keys(doors).map((path) => functions.get(path)))
  const isPublic = publicity()
  const missing = Array.from(functions).filter(([path, fn]) => !covered.has(fn) && isPublic(path, fn))
  t.same(
    missing.map(([path]) => path),
    [],
  )
})

/** Whether a path leads to something that users call. */
function publicity(): (path: string, fn: Callable) => boolean {
  const internal = internals()
  const context = readFileSync(new URL('../lib/kernel/context.ts', import.meta.url), 'utf8')
  const ofContext = new Set(Array.from(context.matchAll(/^ {2}(\w+)[<(]/gm), ([, name]) => name!))
  return (path, fn) => {
    const name = path.split(/[./#]/).at(-1)!
    if (path.startsWith('Context#')) return ofContext.has(name)
    if (path.includes('Host#') && OF_PORTS.includes(name)) return false
    if (path.startsWith('sys.') && OF_LOOPS.includes(name)) return false
    return !MADE.includes(path) && !internal.has(originOf(path, fn))
  }
}

for (const [part, table] of Object.entries(TABLES)) {
  t.test(part, async (t) => {
    for (const [path, door] of Object.entries(table)) {
      const mistakes: string[] = []
      for (const knock of knocksOn(door)) {
        const wrong = await wrongWith(functions.get(path)!, door, knock)
        if (wrong.length > 0) mistakes.push(`${knock.what}: ${wrong.join('; ')}`)
      }
      t.same(mistakes, [], path)
    }
  })
}
