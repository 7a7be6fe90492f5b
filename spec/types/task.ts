/** Compiled, never run: what of tasks and pools must compile, and what must not. */
import { type Context, type ModuleFunction, offload, Pool, Task, type TaskHandle } from '../../lib/index.ts'

declare const context: Context
declare const target: ModuleFunction
type Add = (a: number, b: number) => Promise<number>

export async function values(): Promise<void> {
  const task = Task.async(context, async () => 7)
  const seven: number = await Task.await(context, task)
  // @ts-expect-error a number
  const text: string = await Task.await(context, task)
  const [one, two]: [number, string] = await Task.awaitMany(context, [
    Task.async(context, () => 1),
    Task.async(context, () => 'b'),
  ])
  // @ts-expect-error may be late, or have failed
  const value: number = (await Task.yield(context, task))[1]
  // @ts-expect-error a task of a number is none of a string
  const other: TaskHandle<string> = task
  void [seven, text, one, two, value, other]
}

export async function streams(): Promise<void> {
  for await (const result of Task.asyncStream(context, ['a', 'b'], async (item) => item.length)) {
    const length: number | undefined = result[0] === 'ok' ? result[1] : undefined
    void length
  }
  for await (const result of Task.asyncStream(context, ['a'], (item) => item.length, { zipInputOnExit: true })) {
    const item: string | undefined = result[0] === 'exit' ? result[1][0] : undefined
    void item
  }
  // @ts-expect-error the items are strings
  Task.asyncStream(context, ['a'], (item: number) => item)
  // @ts-expect-error no such option
  Task.asyncStream(context, ['a'], (item) => item, { onTimeout: 'ignore' })
}

export async function threads(): Promise<void> {
  const sum: number = await Task.await(context, Task.async(context, offload<Add>(target, 1, 2)))
  const same: number = await Pool.run<Add>(context, 'pool', target, [1, 2])
  // @ts-expect-error the function takes numbers
  offload<Add>(target, 'a', 'b')
  // @ts-expect-error it takes two
  await Pool.run<Add>(context, 'pool', target, [1])
  // @ts-expect-error a URL, not a path: a path is relative to nothing that is known here
  offload({ module: './jobs.js', function: 'add' })
  void [sum, same]
}
