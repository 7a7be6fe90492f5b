import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { runCommandLine } from '../../lib/daemon/command-line.ts'
import { guildhall as program } from '../../lib/daemon/program.ts'
import { createBot, dataFolder, GUILDHALL, guildhall, type Output, startDaemon } from './daemon.ts'

/** Runs a command in this OS process: the same program, sooner. */
async function here(...args: readonly string[]): Promise<Output> {
  let [stdout, stderr] = ['', '']
  const out = (line: string) => {
    stdout += `${line}\n`
  }
  const err = (line: string) => {
    stderr += `${line}\n`
  }
  return { code: await runCommandLine(program, args, { out, err }), stdout, stderr }
}

// Many OS processes are started here, which takes long on a machine that is busy.
t.setTimeout(400_000)

t.test('help and version', async (t) => {
  t.match(await here('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
  const { stdout, code } = await here('--help')
  t.equal(code, 0)
  for (const words of ['start', 'token create', 'status', 'kill guild ID']) t.match(stdout, `guildhall ${words}`)
  t.match(await here('start', '--help'), { code: 0, stdout: /--port PORT .*8080/ })
})

t.test('a command line that cannot be understood: exit code 2, and what would be right', async (t) => {
  const rows: readonly [args: readonly string[], says: RegExp][] = [
    [[], /which command\? start, token create/],
    [['--json'], /a command comes first/],
    [['begin'], /no command 'begin', only start/],
    [['start', '--prot', '1'], /--prot/],
    [['start', 'now'], /takes nothing but options/],
    [['start', '--port', '-1'], /'--port' argument is ambiguous/],
    [['start', '--port', 'http'], /--port is a whole number from 0 to 65535, not 'http'/],
    [['start', '--nodes', '0'], /--nodes is a whole number from 1/],
    [['start', '--nodes', '2', '--port', '0'], /--port is a whole number from 1/],
    [['start', '--nodes', '2', '--port', '65535'], /2 nodes do not fit/],
    [['start', '--transport', 'tcp'], /--transport is auto, uws, ws, not 'tcp'/],
    [['token', 'create'], /needs --name NAME/],
    [['token', 'create', '--name', 'x'], /2 to 32 characters/],
    [['token', 'create', '--name', 'a\tb'], /that can be seen/],
    [['kill', 'guild'], /takes ID/],
  ]
  for (const [args, says] of rows) {
    const { code, stdout, stderr } = await here(...args)
    t.same({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, /^guildhall: bad_option: /)
    t.match(stderr, says)
    t.equal(stderr.trim().split('\n').length, 1, 'one line')
  }
  t.match(await guildhall('begin'), { code: 2, stdout: '', stderr: /bad_option/ })
})

t.test('a folder or a port that cannot be had: a coded error, and what to do', async (t) => {
  const folder = dataFolder(t)
  const file = join(folder, 'file')
  writeFileSync(file, '')
  for (const args of [
    ['start', '--port', '0'],
    ['token', 'create', '--name', 'alice'],
  ]) {
    t.match(await guildhall(...args, '--data', file), {
      code: 1,
      stderr: /^guildhall: storage_unwritable: .*is a file/,
    })
  }
  const port = await occupied(t)
  for (const nodes of ['1', '2']) {
    const refused = await guildhall('start', '--port', port, '--nodes', nodes, '--data', join(folder, nodes))
    t.match(refused, { code: 1, stderr: /^guildhall: port_in_use: .*choose another port.*EADDRINUSE\)\n$/ })
  }
  const elsewhere = await guildhall('start', '--port', '0', '--host', '192.0.2.1', '--data', folder)
  t.match(elsewhere, { code: 1, stderr: /^guildhall: host_unavailable: / })
  t.match(await here('status', '--data', folder), { code: 1, stderr: /^guildhall: not_running: / })
})

t.test('one node: tokens while it runs, its status, its end', async (t) => {
  const folder = dataFolder(t)
  const before = await createBot(folder, 'alice')
  t.match(before, { token: /^[\w-]+\.[\w-]+\.[\w-]+$/, user: { id: /^\d{17,19}$/, username: 'alice' } })
  const daemon = await startDaemon(t, { folder })
  t.match(daemon.lines.at(-1), /^listening on http:\/\/127\.0\.0\.1:\d+$/)
  const shown = daemon.lines.join('\n')
  for (const told of [
    /address +http.*\/api/,
    /transport +(uWebSockets\.js|ws) \(.+\)/,
    /store +lmdb in/,
    /token create/,
  ]) {
    t.match(shown, told)
  }
  t.ok(shown.includes(folder), 'it tells where the store lies')

  const during = await createBot(folder, 'bob')
  for (const { token, user } of [before, during]) {
    const response = await fetch(`${daemon.api(1)}/v10/users/@me`, { headers: { Authorization: `Bot ${token}` } })
    t.match(await response.json(), user)
  }
  const stored = readdirSync(folder)
    .filter((name) => name.endsWith('.mdb'))
    .map((name) => readFileSync(join(folder, name)))
  for (const { token } of [before, during]) {
    const secret = token.split('.')[2]!
    t.notOk(
      stored.some((bytes) => bytes.includes(secret)),
      'only the hash of a token is stored',
    )
  }

  t.equal(statSync(join(folder, 'control.sock')).mode & 0o777, 0o600, 'nobody else may give it orders')
  const { stdout } = await guildhall('status', '--json', '--data', folder)
  t.match(JSON.parse(stdout).nodes, [{ state: 'serving', pid: daemon.process.pid, port: daemon.port }])
  t.match((await here('status', '--data', folder)).stdout, /^node +state +address/)
  t.match(await here('kill', 'guild', '17', '--data', folder), { code: 1, stderr: /unknown_guild/ })
  t.match(await here('kill', 'guild', 'tea', '--data', folder), { code: 1, stderr: /unknown_guild/ })
  const second = await guildhall('start', '--port', '0', '--data', folder)
  t.match(second, { code: 1, stderr: /^guildhall: already_running: / }, 'a folder has one daemon')

  t.equal(await daemon.stop(), 0)
  t.notOk(readdirSync(folder).includes('control.sock'))
  const again = await startDaemon(t, { folder })
  again.process.kill('SIGINT')
  t.same(await once(again.process, 'exit'), [0, null], 'SIGINT ends it, too')
})

t.test('a daemon that was killed leaves nothing that hinders the next one', async (t) => {
  const folder = dataFolder(t)
  const daemon = await startDaemon(t, { folder, nodes: 2 })
  const { nodes } = await daemon.status()
  daemon.process.kill('SIGKILL')
  await once(daemon.process, 'exit')
  await Promise.all(nodes.map(({ pid }) => gone(pid)))
  t.pass('its nodes have ended with it')
  const next = await startDaemon(t, { folder, nodes: 2 })
  t.equal((await next.status()).nodes.length, 2)
  t.equal(await next.stop(), 0)
})

t.test('a node that never gets its port back: the last line says so', async (t) => {
  const daemon = await startDaemon(t, { folder: dataFolder(t), nodes: 2 })
  const [, second] = (await daemon.status()).nodes
  const ended = once(daemon.process, 'exit')
  process.kill(second!.pid, 'SIGKILL')
  await occupy(t, second!.port)
  t.same(await ended, [1, null])
  t.match(daemon.lines.at(-1), /^guildhall: it was started again and again, and failed: port_in_use: /)
})

t.test('told to stop while it starts, it stops', async (t) => {
  const args = [GUILDHALL, 'start', '--port', '0', '--data', dataFolder(t)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.once('data', () => child.kill('SIGTERM'))
  t.same(await once(child, 'exit'), [0, null])
})

/** A port of this host on which somebody listens until the test ends. */
async function occupied(t: Teardown): Promise<string> {
  const server = await occupy(t, 0)
  const address = server.address()
  return String(typeof address === 'object' && address?.port)
}

/** Listens on a port of this host, as soon as it is free, until the test ends. */
async function occupy(t: Teardown, port: number): Promise<Server> {
  for (;;) {
    const server = createServer().listen(port, '127.0.0.1')
    const isOurs = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isOurs) continue
    t.teardown(() => server.close())
    return server
  }
}

interface Teardown {
  teardown(run: () => Server): void
}

/** Resolves when no process has this id. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
