import type { Caller, Context, Dest, Node, Pid, Reason } from '../../../lib/index.ts'
import { sys } from '../../../lib/index.ts'
import type { SrvApi } from './srv.ts'
import { type List, list } from './terms.ts'

/**
 * Functions that return nothing here when they have done their work, with what the same function answers in Erlang:
 * `true`, `ok` or the message. What they raise is left as it is.
 */
export function link(self: Context, pid: Pid): true {
  self.link(pid)
  return true
}

export function unlink(self: Context, pid: Pid): true {
  self.unlink(pid)
  return true
}

export function exit(self: Context, pid: Pid, reason: Reason): true {
  self.exit(pid, reason)
  return true
}

export function register(node: Node, name: string, pid: Pid): true {
  node.register(name, pid)
  return true
}

export function unregister(node: Node, name: string): true {
  node.unregister(name)
  return true
}

export function send<M>(self: Caller, to: Dest, message: M): M {
  self.send(to, message)
  return message
}

export function cast(self: Caller, to: Dest<SrvApi>): 'ok' {
  self.cast(to, 'message', 'req')
  return 'ok'
}

export async function stop(self: Caller, to: Dest, reason?: Reason, timeout?: number): Promise<'ok'> {
  await sys.stop(self, to, reason, timeout)
  return 'ok'
}

/** `element(2, process_info(Pid, links))` */
export function linksOf(node: Node, pid: Pid): List {
  return list(node.processInfo(pid, 'links')?.[1] ?? [])
}

/** `1, 2, ... n` */
export function seq(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1)
}
