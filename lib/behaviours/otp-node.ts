import { Node, type NodeOptions } from '../kernel/node.ts'
import type { Pid } from '../kernel/pid.ts'
import type { Protocol } from '../kernel/protocol.ts'
import { type GenServer, type InitArguments, programOf } from './gen-server.ts'
import { type StartOptions, startOrThrow } from './proc-lib.ts'
import { stop } from './sys.ts'

/** A node with OTP's behaviours at hand for the code outside any process. */
export class OtpNode extends Node implements AsyncDisposable {
  /**
   * Starts a server that belongs to nobody.
   * @throws Exit with the reason that init failed with, or `'ignore'` when it declined.
   */
  start<P extends Protocol>(
    module: GenServer<P>,
    args: NoInfer<InitArguments<P>>,
    options?: StartOptions<P>,
  ): Promise<Pid<P>> {
    return startOrThrow(this, programOf(module), args, options)
  }

  /** Has a server terminate and waits for its end; see `stop` in sys.ts. */
  stop(to: Pid, reason: unknown = 'normal', timeout: number = Number.POSITIVE_INFINITY): Promise<void> {
    return stop(this, to, reason, timeout)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
  }
}

/** Makes a node: a value, not a singleton. See NodeOptions. */
export function createNode(options?: NodeOptions): OtpNode {
  return new OtpNode(options)
}
