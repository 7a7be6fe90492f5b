import type { Test } from 'tap'
import {
  type ChildOptions,
  type ChildSpec,
  child,
  createNode,
  failure,
  type GenServer,
  ignore,
  noreply,
  type OtpNode,
  ok,
  type Pid,
  type Reason,
  type Report,
  reply,
  Supervisor,
  type SupervisorApi,
  stop,
} from '../../lib/index.ts'
import { addWatcher } from '../../lib/kernel/signals.ts'

export interface KidOptions {
  /** Whether it traps exits, and so says when it terminates; true unless told otherwise. */
  readonly trap?: boolean
  /** Decides how start number `n` goes. */
  readonly start?: (n: number) => 'ok' | 'ignore' | 'fail' | 'throw' | Promise<'ok'>
  /** What `terminate` does. */
  readonly terminate?: (reason: Reason) => unknown
  /** A resource of the process. */
  readonly owns?: Disposable | AsyncDisposable
}

export interface KidApi {
  state: { readonly diary: Diary; readonly id: string; readonly options: KidOptions }
  init: [diary: Diary, id: string, options: KidOptions]
  call: { id(): string }
  cast: { fail(reason: Reason): void }
}

/** What the children of a test have done, in order. */
export class Diary {
  readonly lines: string[] = []
  readonly starts: Map<string, number> = new Map()

  /** What was written since the last time. */
  read(): string[] {
    return this.lines.splice(0)
  }

  /** The specification of a child `id`. */
  kid(id: string, spec: ChildOptions<KidApi> = {}, options: KidOptions = {}): ChildSpec<KidApi> {
    return child(Kid, [this, id, options], { id, ...spec })
  }
}

const Kid: GenServer<KidApi> = {
  async init(diary, id, options) {
    this.trapExit(options.trap ?? true)
    const n = (diary.starts.get(id) ?? 0) + 1
    diary.starts.set(id, n)
    const how = await (options.start?.(n) ?? 'ok')
    diary.lines.push(how === 'ok' ? `${id} starts` : `${id} does not start: ${how}`)
    if (how === 'ignore') return ignore()
    if (how === 'fail') return failure('not_today')
    if (how === 'throw') throw new RangeError('not today')
    if (options.owns !== undefined) this.own(options.owns)
    return ok({ diary, id, options })
  },
  handleCall: { id: (_request, _from, state) => reply(state.id, state) },
  handleCast: { fail: (reason, state) => stop(reason, state) },
  handleInfo: (_message, state) => noreply(state),
  async terminate(reason, { diary, id, options }) {
    diary.lines.push(`${id} ends: ${String(reason)}`)
    await options.terminate?.(reason)
  },
}

/** A node that ends with the test, and the reports of its processes. */
export function nodeWithReports(
  t: Test,
  options: Parameters<typeof createNode>[0] = {},
): { node: OtpNode; reports: Report[] } {
  const reports: Report[] = []
  const node = createNode({ reporter: (report) => reports.push(report), ...options })
  t.teardown(() => node.kill())
  return { node, reports }
}

/** What a supervisor has reported: label, child's id and reason, without progress. */
export function complaints(reports: readonly Report[]): unknown[] {
  return reports
    .filter(({ label }) => label[0] === 'supervisor' && label[1] !== 'progress')
    .map(({ label, details }) => [label[1], (details.offender as { id: unknown }).id, details.reason])
}

/** An intensity that no test reaches. */
export const often = { intensity: 100, period: 5 }

/** `[id, pid]` of each child in the order they were started. */
export async function childrenOf(
  node: OtpNode,
  supervisor: Pid<SupervisorApi>,
): Promise<(readonly [unknown, unknown])[]> {
  return (await Supervisor.whichChildren(node, supervisor)).map(([id, pid]) => [id, pid] as const).reverse()
}

export async function pidOf(node: OtpNode, supervisor: Pid<SupervisorApi>, id: string): Promise<Pid<KidApi>> {
  const found = (await childrenOf(node, supervisor)).find(([other]) => other === id)
  return found?.[1] as Pid<KidApi>
}

/** Resolves with the reason that `pid` ends with; it is watched from now on. */
export function down(pid: Pid): Promise<Reason> {
  return new Promise((resolve) => {
    if (pid.process === undefined) resolve('noproc')
    else addWatcher(pid.process, { down: resolve })
  })
}

/** A promise and what settles it. */
export function gate(): { readonly opened: Promise<'ok'>; open(): void } {
  let open = () => {}
  const opened = new Promise<'ok'>((resolve) => {
    open = () => resolve('ok')
  })
  return { opened, open }
}
