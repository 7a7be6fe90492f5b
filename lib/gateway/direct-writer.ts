import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/**
 * A socket's way past its stream. A stream makes several objects for a write and looks at it again in a later turn,
 * which costs about as much as the system's part of it; most of what a gateway writes the system takes at once.
 */
export class DirectWriter {
  readonly #socket: { readonly _handle?: { readonly fd?: number } | null }
  readonly #descriptor: number

  constructor(socket: Socket) {
    this.#socket = socket as unknown as { readonly _handle?: { readonly fd?: number } | null }
    this.#descriptor = this.#socket._handle?.fd ?? -1
  }

  /**
   * Writes as much of `bytes` as the system takes at once, and returns how many that was. Nothing may wait in the
   * stream, or the order would be lost. What was not taken is to be written to the stream: it waits for room, and it
   * tells what is wrong, since an error counts as nothing taken. Where sockets have no descriptor, as on Windows,
   * nothing ever is.
   */
  write(bytes: Uint8Array): number {
    // A socket that is closed has no handle, and its descriptor may be another's.
    if (this.#descriptor < 0 || !this.#socket._handle) return 0
    try {
      return writeSync(this.#descriptor, bytes)
    } catch {
      return 0
    }
  }
}
