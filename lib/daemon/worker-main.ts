import { remoteStorage, STORAGE } from '../../actors/storage.ts'
import { createNode, type OtpNode } from '../behaviours/index.ts'
import { type Distribution, distribute } from '../distribution/index.ts'
import { Fault } from '../internal/errors.ts'
import { startChatNode } from './chat-node.ts'
import { failureText, ReportLog, startFailure } from './service.ts'
import type { FromWorker, ToWorker, WorkerConfig } from './worker-protocol.ts'

/** The program of a node's OS process; see worker-protocol.ts. */

// The launcher is gone, killed perhaps, and with it the storage: what is not acknowledged by now will not be.
process.once('disconnect', () => process.exit(1))
// Terminals and service managers send these to every process there is. The launcher acts on them, and tells its nodes.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

process.on('message', (message: ToWorker) => {
  if (message.type === 'start') start(message.config)
})

async function start(config: WorkerConfig): Promise<void> {
  const log = new ReportLog(config.name)
  const node = createNode({ name: config.name, reporter: log.report })
  try {
    const distribution = await distribute(node, config.distribution)
    process.on('message', (message: ToWorker) => message.type === 'stop' && end(node, distribution))
    const { endpoint, ended } = await startChatNode(node, {
      ...config,
      storage: remoteStorage(node, { name: STORAGE, node: config.launcher }),
    })
    log.started()
    tell({ type: 'serving', endpoint })
    ended.then(() => ending ?? process.exit(1))
  } catch (error) {
    const failure = startFailure(error)
    const code = failure instanceof Fault ? failure.code : 'worker_failed'
    tell({ type: 'failed', code, message: failureText(failure) }, () => process.exit(1))
  }
}

let ending: Promise<void> | undefined

function end(node: OtpNode, distribution: Distribution): Promise<void> {
  ending ??= (async () => {
    await node.shutdown()
    await distribution.close()
    process.exit(0)
  })()
  return ending
}

function tell(message: FromWorker, then: () => void = () => {}): void {
  process.send?.(message, then)
}
