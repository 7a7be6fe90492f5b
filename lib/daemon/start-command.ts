import { resolve } from 'node:path'
import { Fault } from '../internal/errors.ts'
import { NODES_PER_LAUNCHER, SHUTDOWN_MS } from '../internal/limits.ts'
import { describe, type Reason } from '../kernel/exit.ts'
import { systemHost } from '../kernel/system-host.ts'
import { prepareDataFolder } from '../storage/data-folder.ts'
import type { Command, OptionValues, Terminal } from './command-line.ts'
import { type ControlOperations, openControlSocket } from './control-socket.ts'
import { DATA_OPTION } from './data-option.ts'
import { startLauncher } from './launcher.ts'
import { type Service, type ServiceOptions, startSingle } from './service.ts'
import { packageVersion } from './version.ts'

/** Runs the daemon until it is told to stop (SIGTERM, SIGINT), then ends it in order: exit code 0. */
export const startCommand: Command = {
  words: 'start',
  operands: [],
  options: {
    host: { type: 'string', value: 'HOST', default: '127.0.0.1', help: 'The address to listen on' },
    port: { type: 'string', value: 'PORT', default: '8080', help: 'The port of node 1; node i has the port i - 1 above' },
    data: DATA_OPTION,
    nodes: { type: 'string', value: 'N', default: '1', help: 'Nodes of the cluster; each is an OS process when N > 1' },
    transport: { type: 'string', value: 'auto|uws|ws', default: 'auto', help: 'uWebSockets.js (fast), ws (everywhere)' },
  },
  help: 'Starts the chat backend. Stock Discord clients log in at http://HOST:PORT/api.',
  async run(values, _operands, terminal) {
    const options = serviceOptions(values)
    const signal = stopSignal()
    prepareDataFolder(options.folder)
    const running = Promise.withResolvers<Service>()
    await using _socket = await openControlSocket(options.folder, operationsOf(running.promise))
    const service = await (options.nodes === 1 ? startSingle(options) : startLauncher(options))
    running.resolve(service)
    announce(terminal, options, service)
    const failure = await Promise.race([signal, service.failed])
    await endedInTime(service.stop())
    return told(failure, terminal)
  },
}
