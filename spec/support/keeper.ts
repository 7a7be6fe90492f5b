import { loop, type Pid, type TraceMessage } from '../../lib/index.ts'

/** A process that keeps what it is sent. */
export function keeper(node: { spawn(program: ReturnType<typeof loop>): Pid }): { pid: Pid; got: unknown[] } {
  const got: unknown[] = []
  return { pid: node.spawn(loop((message) => void got.push(message), undefined)), got }
}

/** What happened, by the messages of a trace. */
export function eventsOf(messages: readonly unknown[]): TraceMessage['event'][] {
  return messages.map((message) => (message as TraceMessage).event)
}
