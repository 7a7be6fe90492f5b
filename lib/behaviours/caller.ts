import { fault } from '../internal/errors.ts'
import type { CallOwner } from '../kernel/calls.ts'
import type { Caller } from '../kernel/context.ts'
import { Exit, type Reason } from '../kernel/exit.ts'
import { Node } from '../kernel/node.ts'
import { awaited } from '../kernel/observe.ts'
import { blame } from '../kernel/orphans.ts'
import { Process } from '../kernel/process.ts'

/** What every behaviour asks of the caller of its functions: who it is, and how what it asked for fails. */

/** The process or node behind a `Caller`: what has none is refused where it is given. */
export function ownerOf(caller: Caller): Caller & CallOwner {
  if (caller instanceof Process || caller instanceof Node) return caller
  throw fault('badarg', 'a caller is the `this` of a callback, or a node')
}

/**
 * Runs `work` for a caller. What it fails with is the caller's failure, as that of a call is: when nobody awaits it, a
 * process ends with it, and nothing else does; see orphans.ts.
 */
export function inNameOf<V>(caller: Caller, work: (owner: Caller & CallOwner) => Promise<V>): Promise<V> {
  const working = blamed(caller, work)
  return caller instanceof Process ? awaited(caller, working) : working
}

async function blamed<V>(caller: Caller, work: (owner: Caller & CallOwner) => Promise<V>): Promise<V> {
  const owner = ownerOf(caller)
  try {
    return await work(owner)
  } catch (error) {
    throw blame(owner, error)
  }
}

/** Waits for a call of `owner`; one that fails does so with `reasonFor` of why, the shape of a behaviour's own call. */
export async function failingAs<V>(
  owner: CallOwner,
  answered: Promise<V>,
  reasonFor: (why: Reason) => Reason,
): Promise<V> {
  try {
    return await answered
  } catch (thrown) {
    if (!(thrown instanceof Exit)) throw thrown
    throw owner.node.exitOf(owner, reasonFor((thrown.reason as readonly unknown[])[0]))
  }
}

/** The process behind the `this` of a callback. */
export function processOf(context: Caller): Process {
  if (context instanceof Process) return context
  throw fault('badarg', 'only a process can do this: pass the `this` of a callback')
}
