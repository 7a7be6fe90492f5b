import { REPORTED_CAUSES, REPORTED_FRAMES } from '../internal/limits.ts'
import { describe } from './exit.ts'

/**
 * The stacks of what reports are about, as lines to follow theirs: of an error, then of its causes, as far as they go.
 * Each is written once, because a crash makes three reports of one error: by the server, by its process and by its
 * supervisor.
 *
 *     [error] gen_server terminate name=cache ... reason=Error: not loaded
 *         at Cache.load (file:///srv/cache.js:12:11)
 *       [cause] Error: connect ECONNREFUSED
 *         at TCPConnectWrap.afterConnect (node:net:1607:16)
 */
export class ReportStacks {
  readonly #shown = new WeakSet<Error>()
  /** The stack of an exit that was shown last: a text, which cannot be remembered like an error. */
  #last: string | undefined = undefined

  /** Those of an error and its causes; nothing when it was shown before. */
  ofError(error: Error): string {
    if (this.#shown.has(error)) return ''
    this.#shown.add(error)
    let text = framesOf(stackOf(error))
    let cause = causeOf(error)
    for (let left = REPORTED_CAUSES; cause !== undefined && left > 0; left--) {
      text += `\n  [cause] ${describe(cause)}`
      if (!(cause instanceof Error) || this.#shown.has(cause)) break
      this.#shown.add(cause)
      text += framesOf(stackOf(cause))
      cause = causeOf(cause)
    }
    return text
  }

  /** The stack of an exit that was raised on purpose, unless it is that of the report before. */
  ofExit(stack: string): string {
    if (stack === this.#last) return ''
    this.#last = stack
    return framesOf(stack)
  }
}

/** The lines of a stack that are places: neither the message, nor what stands in it, can be taken for lines. */
function framesOf(stack: string): string {
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '))
  return frames
    .slice(0, REPORTED_FRAMES)
    .map((frame) => `\n    ${describe(frame.trimStart())}`)
    .join('')
}

/** Whoever throws may throw an error with a stack, or a cause, that throws, or is no text. */
function stackOf(error: Error): string {
  try {
    return typeof error.stack === 'string' ? error.stack : ''
  } catch {
    return ''
  }
}

function causeOf(error: Error): unknown {
  try {
    return error.cause
  } catch {
    return undefined
  }
}
