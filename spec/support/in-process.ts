import type { Test } from 'tap'
import { type Context, createNode, type OtpNode, type Report } from '../../lib/index.ts'

/** A node whose reports are kept; it ends with the test. */
export interface Kept {
  readonly node: OtpNode
  readonly reports: Report[]
}

/** A node for one test; `options` as of `createNode`. */
export function keptNode(t: Test, options: Parameters<typeof createNode>[0] = {}): Kept {
  const reports: Report[] = []
  const node = createNode({ reporter: (report) => reports.push(report), ...options })
  t.teardown(() => node.kill())
  return { node, reports }
}

/** Runs `body` as a process of `node` and waits for its end; what it throws fails the test. */
export function inProcess(node: OtpNode, body: (this: Context) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    node.spawn(async function () {
      await body.call(this).then(resolve, reject)
    })
  })
}
