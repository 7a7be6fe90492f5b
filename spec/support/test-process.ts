import type { Test } from 'tap'
import { type Context, createNode, type DownMessage, type OtpNode } from '../../lib/index.ts'

/**
 * Runs `body` as a process of a node that ends with the test, and waits for its end. What it throws, and an exit signal
 * that ends it, fails the test.
 */
export function inTestProcess(
  t: Test,
  body: (this: Context) => Promise<void>,
  node: OtpNode = createNode({ reporter: () => {} }),
): Promise<void> {
  t.teardown(() => node.kill())
  return new Promise((resolve, reject) => {
    const pid = node.spawn(async function () {
      await body.call(this).then(resolve, reject)
    })
    node.spawn(async function () {
      this.monitor(pid)
      const { reason } = await this.receive<DownMessage>()
      reject(new Error(`the process of the test ended: ${String(reason)}`, { cause: reason }))
    })
  })
}
