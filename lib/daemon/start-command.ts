import { resolve } from 'node:path'
import { fault } from '../internal/errors.ts'
import { NODES_PER_LAUNCHER, SHUTDOWN_MS } from '../internal/limits.ts'
import { systemHost } from '../kernel/system-host.ts'
import { prepareDataFolder } from '../storage/data-folder.ts'
import { isSnowflake } from '../storage/snowflake.ts'
import type { Command, OptionValues, Terminal } from './command-line.ts'
import { type ControlOperations, openControlSocket } from './control-socket.ts'
import { DATA_OPTION } from './data-option.ts'
import { startLauncher } from './launcher.ts'
import { failureText, type NodeStatus, type Service, type ServiceOptions } from './service.ts'
import { startSingle } from './single.ts'
import type { DaemonStatus } from './status-command.ts'
import { packageVersion } from './version.ts'
import { urlOf } from './worker-protocol.ts'

/** Runs the daemon until it is told to stop (SIGTERM, SIGINT), then ends it in order: exit code 0. */
export const startCommand: Command = {
  words: 'start',
  operands: [],
  options: {
    host: { type: 'string', value: 'HOST', default: '127.0.0.1', help: 'The address to listen on' },
    port: {
      type: 'string',
      value: 'PORT',
      default: '8080',
      help: 'The port of node 1; node i has the port i - 1 above',
    },
    data: DATA_OPTION,
    nodes: { type: 'string', value: 'N', default: '1', help: 'Nodes of the cluster; each is an OS process when N > 1' },
    transport: {
      type: 'string',
      value: 'auto|uws|ws',
      default: 'auto',
      help: 'uWebSockets.js (fast), ws (everywhere)',
    },
  },
  help: 'Starts the chat backend. Stock Discord clients log in at http://HOST:PORT/api.',
  async run(values, _operands, terminal) {
    const options = serviceOptions(values)
    const stopped = stopSignal()
    prepareDataFolder(options.folder)
    let serve: (service: Service) => void = () => {}
    const starting = new Promise<Service>((resolve) => {
      serve = resolve
    })
    await using _socket = await openControlSocket(options.folder, operationsOf(starting))
    const service = await (options.nodes === 1 ? startSingle(options) : startLauncher(options))
    serve(service)
    await announce(terminal, options, service)
    const failure = await Promise.race([stopped, service.failed])
    if (failure !== STOPPED)
      terminal.err(`guildhall: it was started again and again, and failed: ${failureText(failure)}`)
    await endedInTime(service.stop(), terminal)
    return failure === STOPPED ? 0 : 1
  },
}

function serviceOptions(values: OptionValues): ServiceOptions {
  const nodes = values.integer('nodes', 1, NODES_PER_LAUNCHER)
  const host = values.text('host')
  const port = values.integer('port', nodes === 1 ? 0 : 1, PORT_MAX)
  const transport = values.word('transport', ['auto', 'uws', 'ws'])
  if (port + nodes - 1 > PORT_MAX) throw fault('bad_option', `start: ${nodes} nodes do not fit above port ${port}`)
  return { folder: resolve(values.text('data')), host, port, nodes, transport }
}
const PORT_MAX = 65_535

const STOPPED = Symbol('stopped')

/** Resolves when the daemon is told to stop; told so a second time, it ends at once. */
function stopSignal(): Promise<typeof STOPPED> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      resolve(STOPPED)
      process.once(signal, () => process.exit(1))
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })
}

/** What the operator's other commands ask for; they wait until the daemon serves. */
function operationsOf(starting: Promise<Service>): ControlOperations {
  return {
    async status(): Promise<DaemonStatus> {
      const service = await starting
      return { version: packageVersion(), nodes: await service.status() }
    },
    async 'kill guild'(guildId) {
      if (!isSnowflake(guildId)) throw fault('unknown_guild', `an id is a decimal number, not ${String(guildId)}`)
      const service = await starting
      if (!(await service.killGuild(guildId))) throw fault('unknown_guild', `no actor of guild ${guildId} runs`)
      return { killed: guildId }
    },
  }
}

/** What was started where, and what to do with it. The last line says that clients can connect. */
async function announce(terminal: Terminal, { folder }: ServiceOptions, service: Service): Promise<void> {
  const nodes = (await service.status()).filter(isServing)
  const [first] = nodes
  if (first === undefined) return
  const urls = nodes.map(urlOf)
  terminal.out(`guildhall ${packageVersion()}`)
  for (const url of urls) terminal.out(`  address    ${url}/api`)
  terminal.out(`  transport  ${first.transport} (${first.reason})`)
  terminal.out(`  store      lmdb in ${folder}`)
  terminal.out(`  next       npm run --silent guildhall -- token create --name alice --data ${folder}`)
  terminal.out(
    `             then log a bot in with \`rest: { api: '${urls[0]}/api' }\`: see "Quick start" in README.md`,
  )
  terminal.out(`listening on ${urls.join(', ')}`)
}

function isServing(node: NodeStatus): node is Extract<NodeStatus, { state: 'serving' }> {
  return node.state === 'serving'
}

/** A stop that hangs must not keep the system waiting: after a while the OS process ends as it is, with 1. */
async function endedInTime(stopping: Promise<void>, terminal: Terminal): Promise<void> {
  const late = systemHost.startTimer(() => {
    terminal.err(`guildhall: not everything ended in ${SHUTDOWN_MS} ms; what is acknowledged is stored`)
    process.exit(1)
  }, SHUTDOWN_MS)
  await stopping
  systemHost.stopTimer(late)
}
