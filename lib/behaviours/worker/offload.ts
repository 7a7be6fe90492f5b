import type { Context } from '../../kernel/context.ts'
import type { TaskBody } from '../task/task-process.ts'
import { jobOf, type ModuleFunction, WorkerThread } from './worker-thread.ts'

/**
 * The body of a task that runs a function of a module in a thread of its own, for what computes:
 *
 *     import { createNode, offload, Task } from 'guildhall'
 *
 *     const target = { module: new URL('node:crypto'), function: 'scryptSync' }
 *     createNode().spawn(async function () {
 *       const task = Task.async(this, offload(target, 'secret', 'salt', 64))
 *       const key = await Task.await(this, task, 60_000)
 *     })
 *
 * A function of one's own is named as `{ module: new URL('./primes.js', import.meta.url), function: 'countPrimes' }`.
 *
 *     task's process ──owns──> thread: import(module)[function](...args)
 *       ends with the value    <──── returned
 *       ends with the error    <──── threw, or ended: an error that nobody caught, process.exit, no memory left
 *       killed, shut down      ────> stopped at once, in a loop without end as well; then the process counts as ended
 *
 * It is a body like any other: `Task.start`, `Task.child`, `Task.Supervisor.async` and `Task.asyncStream`, of which it
 * is the result of a function, take it too. Arguments, and what the function returns or throws, are copied by
 * `structuredClone`: of an error of a class of its own the name, message and stack are left.
 *
 * When not to use it: for much that is short. Starting a thread takes tens of milliseconds; a Pool keeps its threads.
 *
 * The type parameter is the function's type: `offload<typeof import('./primes.js').countPrimes>(target, 10_000_000)`.
 * @throws Fault `badarg` when `module` is no URL. The task ends with `undef` when the module has no such function, with
 * `uncloneable` when a value cannot be copied.
 */
export function offload<F extends (...args: never[]) => unknown = (...args: unknown[]) => unknown>(
  target: ModuleFunction,
  ...args: Parameters<F>
): TaskBody<Awaited<ReturnType<F>>> {
  const job = jobOf(target, args)
  return async function (this: Context): Promise<Awaited<ReturnType<F>>> {
    const thread = this.own(new WorkerThread(() => {}))
    const [outcome, value] = await thread.run(job)
    if (outcome === 'error') throw value
    return value as Awaited<ReturnType<F>>
  }
}
