import { fault } from '../../internal/errors.ts'
import { DYNAMIC_RESTART_INTENSITY, PARTITIONS, PARTITIONS_MAX } from '../../internal/limits.ts'
import { Turns } from '../../internal/turns.ts'
import type { Caller } from '../../kernel/context.ts'
import { describe, Exit } from '../../kernel/exit.ts'
import type { Node } from '../../kernel/node.ts'
import { ANY, mustBeOptions, type OptionKinds } from '../../kernel/options.ts'
import type { Pid } from '../../kernel/pid.ts'
import type { Process } from '../../kernel/process.ts'
import type { Name, NameRegistry, Via } from '../../kernel/protocol.ts'
import { keyTerm } from '../../kernel/term-key.ts'
import { inNameOf, ownerOf } from '../caller.ts'
import type { StartResult } from '../proc-lib/start.ts'
import { NAME } from '../proc-lib/start-options.ts'
import { CHILD_SPEC, type ChildSpec, type DynamicChildSpec, idOf } from './child-spec.ts'
import { partitionOf } from './partition-hash.ts'
import type { RestartIntensity } from './restart-intensity.ts'
import type { RestartStrategy } from './restart-strategy.ts'
import * as Supervisor from './supervisor.ts'
import type { SupervisorApi, SupervisorState } from './supervisor-api.ts'
import { supervisorProgram } from './supervisor-program.ts'

/**
 * A partition supervisor starts the same child several times, as partitions 0, 1, 2, ..., and sends what belongs to one
 * key always to the same of them. It spreads a server, or a dynamic supervisor, that a crash or a slow request would
 * stop for everyone.
 *
 *     import {
 *       child, createNode, DynamicSupervisor, type DynamicSupervisorApi, type GenServer, ok, PartitionSupervisor,
 *     } from 'guildhall'
 *
 *     const Session: GenServer<{ state: string; init: [user: string] }> = { init: (user) => ok(user), handleCall: {} }
 *
 *     await using node = createNode()
 *     const sessions = PartitionSupervisor.child({ name: 'sessions', childSpec: DynamicSupervisor.child() })
 *     await node.supervise({ children: [sessions] })
 *
 *     const supervisor = PartitionSupervisor.via<DynamicSupervisorApi>('sessions', 'alice')
 *     await DynamicSupervisor.startChild(node, supervisor, child(Session, ['alice']))
 *
 * The children may differ in what they are told: `childSpec: (partition) => child(Counter, [partition])` (Elixir's
 * `with_arguments`). Their ids are their numbers, and the supervisor is otherwise one like every other.
 *
 *     via(name, key) ── partition of the key ──> the child that runs there now      none: the call fails with noproc
 *                       integer: |key| modulo partitions; otherwise a hash: partition-hash.ts
 *
 * The number of partitions is the same on every machine unless told otherwise, and so is the hash: a key has the same
 * partition on all nodes of a cluster. A partition supervisor itself belongs to one node.
 *
 * When not to use it: partitions of one Node.js process share its thread. They keep failures and queues apart and make
 * nothing faster; work that needs more processors belongs on other nodes or in worker threads.
 *
 * The rules are those of Elixir's PartitionSupervisor.
 */
export interface PartitionSupervisorSpec<P = unknown> extends Partial<RestartIntensity> {
  /** What the supervisor is registered under, and found by; needed. */
  readonly name: SupervisorName
  /** The child, or what gives the child of each partition. An id that it has does not count. */
  readonly childSpec: DynamicChildSpec<P> | ((partition: number) => DynamicChildSpec<P>)
  /** How many there are: 1 or more, 8 unless told otherwise. */
  readonly partitions?: number
  /** `one_for_one` unless told otherwise. */
  readonly strategy?: Exclude<RestartStrategy, 'simple_one_for_one'>
  /** Restarts allowed within the period, of all partitions together: 3 unless told otherwise. */
  readonly intensity?: number
  /** Seconds: 5 unless told otherwise. */
  readonly period?: number
}

export type SupervisorName = string | Name<SupervisorApi> | Via<SupervisorApi>

/**
 * Starts the supervisor and its partitions, linked to the calling process.
 * @throws Fault `badarg` for a specification without name or child, or with a wrong number of partitions.
 */
export function startLink<P>(caller: Caller, spec: PartitionSupervisorSpec<P>): Promise<StartResult<SupervisorApi>> {
  return inNameOf(caller, async () => {
    const { name, ...rest } = checked(spec)
    return Supervisor.startLink(caller, supervisorOf(rest), { name })
  })
}

/** The specification of a child that is a partition supervisor. Its id is its name unless told otherwise. */
export function child<P>(
  spec: PartitionSupervisorSpec<P>,
  options: Omit<DynamicChildSpec, 'start' | 'type'> = {},
): ChildSpec<SupervisorApi> {
  mustBeOptions('a child', options, CHILD_SPEC)
  const { name, ...rest } = checked(spec)
  return Supervisor.child(supervisorOf(rest), { ...options, id: options.id ?? idOf(name), name })
}

/**
 * The destination of what belongs to `key`: a call, cast or send goes to the partition that runs when it is made. The
 * type parameter is the protocol of the partitions.
 * @throws Exit `['noproc', ['PartitionSupervisor', 'partitions', [name]]]`, from what it is used for, when there is no
 * such supervisor on the node; Fault `badarg` for a key that partition-hash.ts does not take.
 */
export function via<P = unknown>(name: SupervisorName, key: unknown): Via<P> {
  mustBeName(name)
  return { via: routing, key: [name, key] }
}

/** The number of partitions that keys are spread over, whether all of them run or not. @throws Exit as `via`. */
export function partitions(caller: Caller, name: SupervisorName): number {
  return partitionsOf(foundOf(ownerOf(caller).node, name))
}

/**
 * Changes the number of partitions, which keys are spread over, and resolves with what it was: stops those with the
 * highest numbers, or starts stopped ones again, with an empty state. Keys move to other partitions. Of several such
 * requests at once each waits for the one before.
 * @param count 0 to as many as the supervisor was started with; with 0 every destination fails with `noproc`
 * @throws Exit as `via`, or the reason for which a partition did not start again; those before it run, and count when
 * all do. Fault `badarg` for another number.
 */
export function resize(caller: Caller, name: SupervisorName, count: number): Promise<number> {
  return inNameOf(caller, async (owner) => {
    const process = foundOf(owner.node, name)
    const most = stateOf(process).spec.children.length
    if (!Number.isInteger(count) || count < 0 || count > most) {
      throw fault(
        'badarg',
        `this supervisor was started with ${most} partitions: 0 to ${most} can run, not ${describe(count)}`,
      )
    }
    return resizing.take(process, () => changeSize(caller, process, count))
  })
}

const resizing = new Turns<Process>()
/** How many partitions are in use, of a supervisor for which that was changed. */
const sizes = new WeakMap<Process, number>()

async function changeSize(caller: Caller, process: Process, count: number): Promise<number> {
  const supervisor = process.pid as Pid<SupervisorApi>
  const current = partitionsOf(process)
  // No key may lead to a partition that does not run yet, or runs no more.
  if (count < current) sizes.set(process, count)
  for (let id = current - 1; id >= count; id--) await Supervisor.terminateChild(caller, supervisor, id)
  for (let id = current; id < count; id++) {
    const started = await Supervisor.restartChild(caller, supervisor, id)
    if (started[0] === 'error') throw new Exit(started[1])
  }
  sizes.set(process, count)
  return current
}

/** The process of a partition by its number or by any key; undefined when it does not run. @throws as `via`. */
export function whereis(caller: Caller, name: SupervisorName, key: unknown): Pid | undefined {
  return routing.whereisName([name, keyTerm(key)], ownerOf(caller).node)
}

/** Finds partitions; they are numbered and carry no names. */
const routing: NameRegistry = {
  whereisName(key, node) {
    const [name, of] = key as readonly [SupervisorName, unknown]
    const process = foundOf(node, name)
    const count = partitionsOf(process)
    return count === 0 ? undefined : stateOf(process).children.find(partitionOf(of, count))?.running
  },
  registerName() {
    throw fault('badarg', 'a partition is started by its supervisor: no process can take its place')
  },
}

function partitionsOf(process: Process): number {
  return sizes.get(process) ?? stateOf(process).spec.children.length
}

function stateOf(process: Process): SupervisorState {
  return process.state as SupervisorState
}

function foundOf(node: Node, name: SupervisorName): Process {
  const process = node.resolve(name).pid?.process
  if (process?.program !== supervisorProgram || process.state === undefined) {
    throw new Exit(['noproc', ['PartitionSupervisor', 'partitions', [name]]])
  }
  return process
}

function mustBeName(name: unknown): void {
  if (!NAME.takes(name)) throw fault('badarg', 'a partition supervisor needs a name')
}

function checked<P>(spec: PartitionSupervisorSpec<P>): PartitionSupervisorSpec<P> {
  const { name, childSpec, partitions: count = PARTITIONS } = Object(spec) as PartitionSupervisorSpec<P>
  mustBeName(name)
  if (typeof childSpec !== 'function' && (typeof childSpec !== 'object' || childSpec === null)) {
    throw fault('badarg', 'a partition supervisor needs a childSpec, or a function that gives one')
  }
  if (!Number.isInteger(count) || count < 1 || count > PARTITIONS_MAX) {
    throw fault('badarg', `there are 1 to ${PARTITIONS_MAX} partitions, not ${describe(count)}`)
  }
  if ('autoShutdown' in spec) throw fault('badarg', 'partitions are never significant: there is no autoShutdown')
  mustBeOptions('a partition supervisor', spec, PARTITION_SUPERVISOR)
  return spec
}

/** What they have with all supervisors is looked at there. */
const PARTITION_SUPERVISOR: OptionKinds<PartitionSupervisorSpec> = {
  name: ANY,
  childSpec: ANY,
  partitions: ANY,
  strategy: ANY,
  intensity: ANY,
  period: ANY,
}

function supervisorOf<P>(spec: Omit<PartitionSupervisorSpec<P>, 'name'>) {
  const { childSpec, partitions: count = PARTITIONS, intensity = DYNAMIC_RESTART_INTENSITY, ...rest } = spec
  const childOf = (partition: number) => (typeof childSpec === 'function' ? childSpec(partition) : childSpec)
  const children = Array.from({ length: count }, (_, id) => ({ ...childOf(id), id }))
  return { ...rest, intensity, children }
}

export { countChildren, stop, whichChildren } from './supervisor-requests.ts'
