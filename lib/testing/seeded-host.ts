import { VirtualHost } from './virtual-host.ts'

/**
 * A virtual host that lets its seed choose which of the processes that are ready runs next. The promises about order
 * hold with every seed: messages from one process to another arrive as they were sent, and a higher priority goes
 * first. What a program relies on beyond that fails with some seed, and fails again with the same one.
 */
export class SeededHost extends VirtualHost {
  pick(count: number): number {
    return this.below(count)
  }
}
