import type { Test } from 'tap'
import { type Context, Exit, type Pid, TIMEOUT } from '../../lib/index.ts'
import { JumpingHost } from '../../lib/testing/index.ts'
import { inProcess, keptNode } from './in-process.ts'

/** Runs `body` as a process that traps exits; nothing may be left in its mailbox. */
export async function scene(t: Test, body: (this: Context) => Promise<void>): Promise<void> {
  const { node } = keptNode(t, { host: new JumpingHost() })
  await inProcess(node, async function () {
    this.trapExit(true)
    await body.call(this)
    t.strictSame(await heard(this), [], 'no message is left')
  })
}

/** What is in the mailbox when everything has come to rest. */
export async function heard(self: Context): Promise<unknown[]> {
  const messages: unknown[] = []
  await self.sleep(2000)
  for (;;) {
    const message = await self.receive(undefined, { after: 0 })
    if (message === TIMEOUT) return messages
    messages.push(message)
  }
}

/** The reason of the `Exit` that `pending` rejects with. */
export function reasonOf(pending: Promise<unknown>): Promise<unknown> {
  return pending.then(
    () => 'nothing was thrown',
    (thrown: unknown) => (thrown instanceof Exit ? thrown.reason : thrown),
  )
}

/** The match `{ok, Value} = Result`. */
export function unwrap<V>(result: readonly ['ok', V] | 'ignore' | readonly ['error', unknown]): V {
  if (result === 'ignore' || result[0] === 'error') throw new Error('not started', { cause: result })
  return result[1]
}

/** The reason in the EXIT message of `pid`. */
export async function exitOf(self: Context, pid: Pid): Promise<unknown> {
  const message = await self.receive((m): m is { from: Pid; reason: unknown } => (m as { from?: Pid }).from === pid)
  return message.reason
}
