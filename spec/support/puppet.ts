import type { Context, Node, Pid } from '../../lib/index.ts'

/** A process that does what it is told. */
export interface Puppet {
  readonly pid: Pid
  /** The messages that it was sent and that were no orders. */
  readonly heard: unknown[]
  /** Runs a function as that process, and resolves or rejects as it does. */
  tell<T>(what: (self: Context) => T): Promise<Awaited<T>>
}

export function puppet(node: Node, options: { readonly trap?: boolean } = {}): Puppet {
  const heard: unknown[] = []
  const pid = node.spawn(async function () {
    this.trapExit(options.trap ?? false)
    for (;;) {
      const message = await this.receive()
      if (typeof message === 'function') message(this)
      else heard.push(message)
    }
  })
  const tell = <T>(what: (self: Context) => T): Promise<Awaited<T>> =>
    new Promise((resolve, reject) => {
      node.send(pid, (self: Context) => {
        try {
          Promise.resolve(what(self)).then(resolve, reject)
        } catch (error) {
          reject(error)
        }
      })
    })
  return { pid, heard, tell }
}
