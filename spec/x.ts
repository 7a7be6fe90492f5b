import type { OtpNode } from '../lib/behaviours/index.ts'
import type { Caller } from '../lib/kernel/context.ts'
import type { Pid } from '../lib/kernel/pid.ts'
declare const node: OtpNode
declare const caller: Caller
interface B { state: number; call: { address(): number; x(r: {n: number}): number } }
declare const rb: Pid<B>
export async function f(): Promise<void> {
  const e = await node.call(rb, 'address')
  e.foo
  const g = await caller.call(rb, 'address')
  g.foo
  const h = await caller.call(rb, 'x', { n: 1 })
  h.foo
  caller.call(rb, 'nope')
}
