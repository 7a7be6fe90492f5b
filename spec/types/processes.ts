/** Compiled, never run: what of nodes and processes must compile, and what must not. */
import {
  type Context,
  createNode,
  type DownMessage,
  type From,
  loop,
  type OtpNode,
  type Pid,
  type Ref,
  type TIMEOUT,
} from '../../lib/index.ts'

declare const self: Context
declare const node: OtpNode
declare const pid: Pid
declare const from: From<number>

async function worker(this: Context, size: number, name: string): Promise<void> {
  this.send(this.self, name.repeat(size))
}

export async function processes(): Promise<void> {
  const started: Pid = node.spawn(worker, 1, 'x')
  const [watched, ref]: readonly [Pid, Ref] = self.spawnMonitor(worker, 1, 'x')
  const [, monitor]: readonly [Pid, Ref] = self.spawnOpt(worker, { link: true, monitor: true }, 1, 'x')
  const far: Pid = await self.spawn({ node: 'b@host', name: 'worker' }, 1, 'x')
  // @ts-expect-error the name is missing
  node.spawn(worker, 1)
  // @ts-expect-error a size is a number
  self.spawnLink(worker, '1', 'x')
  // @ts-expect-error without a monitor there is no ref
  const [, none]: readonly [Pid, Ref] = self.spawnOpt(worker, { link: true }, 1, 'x')
  // @ts-expect-error no such option
  self.spawnOpt(worker, { linked: true }, 1, 'x')
  // @ts-expect-error no such priority
  self.spawnOpt(worker, { priority: 'urgent' }, 1, 'x')
  // @ts-expect-error no such policy
  self.spawnOpt(worker, { mailbox: { limit: 1, policy: 'wait' } }, 1, 'x')
  // @ts-expect-error a process of another node is waited for
  const now: Pid = self.spawn({ node: 'b@host', name: 'worker' })
  node.spawn(loop((message: number, sum: number) => sum + message, 0))
  // @ts-expect-error the next state is a number
  node.spawn(loop((message: number, sum: number) => `${sum + message}`, 0))
  void [started, watched, ref, monitor, far, none, now]
}

export async function messages(): Promise<void> {
  const down: DownMessage | typeof TIMEOUT = await self.receive((m): m is DownMessage => m === 1, { after: 10 })
  // @ts-expect-error it may be TIMEOUT
  const certain: DownMessage = await self.receive((m): m is DownMessage => m === 1, { after: 10 })
  // @ts-expect-error a match is a function
  await self.receive('ping')
  // @ts-expect-error a destination is a pid or a name
  self.send(7, 'ping')
  // @ts-expect-error an exit signal is for a pid
  self.exit('server', 'kill')
  // @ts-expect-error a link is with a pid
  self.link('server')
  self.monitor({ name: 'server', node: 'b@host' }, { tag: 'GONE', alias: 'reply_demonitor' })
  // @ts-expect-error no such kind of alias
  self.monitor(pid, { alias: 'always' })
  self.reply(from, 1)
  // @ts-expect-error the caller waits for a number
  self.reply(from, 'one')
  const left: number | false = self.cancelTimer(self.sendAfter(10, pid, 'tick'))
  self.startTimer(node.host.monotonic() + 5, 'server', 'tick', { abs: true })
  // @ts-expect-error no such option
  self.sendAfter(10, pid, 'tick', { absolute: true })
  const givenUp: boolean = self.spawnRequestAbandon(self.spawnRequest(() => {}, {}))
  // @ts-expect-error a request is a ref
  self.spawnRequestAbandon(pid)
  // @ts-expect-error the time comes first
  self.sendAfter(pid, 'tick', 10)
  // @ts-expect-error a timer is a ref
  self.cancelTimer(pid)
  void [down, certain, left, givenUp]
}

export function information(): void {
  const before: boolean = self.processFlag('trap_exit', true)
  // @ts-expect-error the flag is true or false
  self.processFlag('trap_exit', 'yes')
  // @ts-expect-error no such flag
  self.processFlag('heap', 1)
  // @ts-expect-error no such item
  node.processInfo(pid, 'size')
  const kept: readonly [readonly ['dictionary', unknown], unknown] | undefined = node.processInfo(pid, {
    dictionary: ['any', 'term'],
  })
  // @ts-expect-error a reporter is a function
  createNode({ reporter: 'console' })
  // @ts-expect-error what is owned can be closed
  self.own({ close() {} })
  // @ts-expect-error receive is for raw processes: a node has no mailbox
  node.receive()
  void [before, kept]
}
