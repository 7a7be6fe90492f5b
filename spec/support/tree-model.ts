import fc from 'fast-check'
import {
  type ChildInfo,
  type ChildSpec,
  type Dest,
  DynamicSupervisor,
  type OtpNode,
  Pid,
  type RestartStrategy,
  Supervisor,
  type SupervisorApi,
  type SupervisorSpec,
} from '../../lib/index.ts'
import type { Diary } from './kid.ts'

/**
 * What a tree of supervisors has to look like after any sequence of ends of its processes: the rules of
 * supervisor.erl once more, without processes, messages or time.
 */
export type Model = ModelKid | ModelSupervisor | ModelDynamic

interface ModelNode {
  readonly id: string
  parent: ModelSupervisor | undefined
  status: 'running' | 'stopped' | 'forgotten'
  /** How often it was started. */
  starts: number
}

export interface ModelKid extends ModelNode {
  readonly kind: 'kid'
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly trap: boolean
}

export interface ModelSupervisor extends ModelNode {
  readonly kind: 'supervisor'
  readonly strategy: RestartStrategy
  /** Whether it ends when it would have to start a child again. */
  readonly brittle?: boolean
  readonly children: readonly Model[]
}

/** A dynamic supervisor; its children are all alike. */
export interface ModelDynamic extends ModelNode {
  readonly kind: 'dynamic'
  readonly restart: ModelKid['restart']
  /** How many children it has. */
  count: number
}

export type Shape =
  | { readonly kind: 'kid'; readonly restart: ModelKid['restart']; readonly trap: boolean }
  | { readonly kind: 'dynamic'; readonly restart: ModelKid['restart'] }
  | {
      readonly kind: 'supervisor'
      readonly strategy: RestartStrategy
      readonly brittle?: boolean
      readonly children: readonly Shape[]
    }

const strategy = fc.constantFrom<RestartStrategy>('one_for_one', 'one_for_all', 'rest_for_one')
const restart = fc.constantFrom<ModelKid['restart']>('permanent', 'transient', 'temporary')
const kid: fc.Arbitrary<Shape> = fc.record({ kind: fc.constant('kid' as const), restart, trap: fc.boolean() })

function supervisor(child: fc.Arbitrary<Shape>): fc.Arbitrary<Shape> {
  const children = fc.array(child, { minLength: 1, maxLength: 4 })
  return fc.record({ kind: fc.constant('supervisor' as const), strategy, children })
}

/** Trees of up to three levels of supervisors. */
export const shapes: fc.Arbitrary<Shape> = supervisor(
  fc.oneof({ weight: 2, arbitrary: kid }, supervisor(fc.oneof({ weight: 3, arbitrary: kid }, supervisor(kid)))),
)

/** A model of this shape in which nothing runs. */
export function modelOf(shape: Shape): ModelSupervisor {
  return named(shape, 'n') as ModelSupervisor
}

function named(shape: Shape, id: string): Model {
  const fresh = { id, parent: undefined, status: 'forgotten', starts: 0 } as const
  if (shape.kind === 'kid') return { ...shape, ...fresh }
  if (shape.kind === 'dynamic') return { ...shape, ...fresh, count: 0 }
  const children = shape.children.map((child, index) => named(child, `${id}.${index}`))
  const model: ModelSupervisor = { ...shape, ...fresh, children }
  for (const child of children) child.parent = model
  return model
}

export function start(model: Model): void {
  model.status = 'running'
  model.starts++
  if (model.kind === 'supervisor') for (const child of model.children) start(child)
  if (model.kind === 'dynamic') model.count = 0
}

/** `ended` has ended by itself; what its supervisor does. */
export function end(ended: Model, orderly: boolean): void {
  const { parent } = ended
  if (parent === undefined) return
  const restarts = ended.kind === 'kid' ? ended.restart : 'permanent'
  if (restarts === 'temporary') ended.status = 'forgotten'
  else if (restarts === 'transient' && orderly) ended.status = 'stopped'
  else if (parent.brittle) end(parent, true)
  else for (const member of group(parent, ended)) startAgain(member)
}

/** One child of a dynamic supervisor has ended by itself. */
export function endOne(supervisor: ModelDynamic, orderly: boolean): void {
  if (supervisor.restart === 'temporary' || (supervisor.restart === 'transient' && orderly)) supervisor.count--
}

/** `terminateChild`. */
export function terminate(child: Model): void {
  child.status = child.kind === 'kid' && child.restart === 'temporary' ? 'forgotten' : 'stopped'
}

function group({ strategy: how, children }: ModelSupervisor, ended: Model): readonly Model[] {
  const known = children.filter(({ status }) => status !== 'forgotten')
  if (how === 'one_for_one') return [ended]
  return how === 'one_for_all' ? known : known.slice(known.indexOf(ended))
}

function startAgain(member: Model): void {
  if (member.kind === 'kid' && member.restart === 'temporary') member.status = 'forgotten'
  else start(member)
}

/** All nodes that run, the tree's root first. */
export function running(model: Model): Model[] {
  if (model.status !== 'running') return []
  return model.kind === 'supervisor' ? [model, ...model.children.flatMap(running)] : [model]
}

/** What `observe` is to see. */
export function expected(model: Model): unknown {
  if (model.kind === 'kid' || model.status !== 'running') return [model.id, model.status]
  if (model.kind === 'dynamic') return [model.id, model.count]
  return [model.id, model.children.filter(({ status }) => status !== 'forgotten').map(expected)]
}

/** The specification of the children of a model, for the real tree. */
export function specsOf(model: ModelSupervisor, diary: Diary): ChildSpec[] {
  return model.children.map((child) => {
    const { id } = child
    if (child.kind === 'kid') return diary.kid(id, { name: id, restart: child.restart }, { trap: child.trap })
    if (child.kind === 'dynamic') return DynamicSupervisor.child(OFTEN, { id, name: id })
    return Supervisor.child(specOf(child, diary), { id, name: id })
  })
}

export function specOf(model: ModelSupervisor, diary: Diary): SupervisorSpec {
  return { ...flagsOf(model), children: specsOf(model, diary) }
}

/** What a supervisor of this model is told beside its children. */
export function flagsOf({ strategy, brittle }: ModelSupervisor): Omit<SupervisorSpec, 'children'> {
  return { strategy, ...OFTEN, ...(brittle && { intensity: 0 }) }
}

/** An intensity that is never reached. */
export const OFTEN = { intensity: 1_000_000, period: 1 } as const

/**
 * The real tree in the form of `expected`. Each supervisor answers when it has dealt with the ends before, so what is
 * seen is the tree when all is done. Fails when a name leads elsewhere.
 */
export async function observe(node: OtpNode, id: string, at: Dest<Pick<SupervisorApi, 'call'>>): Promise<unknown> {
  const children: unknown[] = []
  for (const child of [...(await Supervisor.whichChildren(node, at))].reverse()) {
    const [childId, pid] = child
    const name = childId as string
    if (node.whereis(name) !== pid) throw new Error(`the name ${name} does not lead to its process`)
    children.push(isSupervisor(child) ? await observe(node, name, child[1]) : [name, statusOf(pid)])
  }
  return [id, children]
}

function isSupervisor(
  child: ChildInfo,
): child is ChildInfo & readonly [unknown, Pid<SupervisorApi>, 'supervisor', unknown] {
  return child[2] === 'supervisor' && child[1] instanceof Pid
}

function statusOf(pid: ChildInfo[1]): string {
  return pid === undefined ? 'stopped' : pid === 'restarting' ? 'restarting' : 'running'
}
