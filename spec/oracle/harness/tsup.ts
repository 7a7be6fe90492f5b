import {
  type ChildSpec,
  type Context,
  type Pid,
  type Reason,
  type StartResult,
  Supervisor,
  type SupervisorApi,
  type SupervisorSpec,
} from '../../../lib/index.ts'
import { exitOf } from './patterns.ts'
import { type List, list } from './terms.ts'

export type Flags = Omit<SupervisorSpec, 'children'>
export type Sup = Pid<SupervisorApi>

/** A supervisor given its flags and its children when it is started (erlang/tsup.erl). */
export function startLink(
  self: Context,
  flags: Flags,
  children: readonly ChildSpec[],
): Promise<StartResult<SupervisorApi>> {
  return Supervisor.startLink(self, { ...flags, children })
}

/** The match `{ok, Pid} = tsup:start_link(...)`. */
export async function start(self: Context, flags: Flags, children: readonly ChildSpec[]): Promise<Sup> {
  const result = await Supervisor.startLink(self, { ...flags, children })
  if (result === 'ignore' || result[0] === 'error') throw new Error('badmatch', { cause: result })
  return result[1]
}

/** `exit(Sup, shutdown), receive {'EXIT', Sup, W} -> W end` */
export async function stop(self: Context, supervisor: Pid): Promise<Reason> {
  self.exit(supervisor, 'shutdown')
  return (await self.receive(exitOf(supervisor))).reason
}

/** `[{Id, Pid} || {Id, Pid, _, _} <- supervisor:which_children(Sup)]` */
export async function children(self: Context, supervisor: Sup): Promise<List> {
  return list((await Supervisor.whichChildren(self, supervisor)).map(([id, pid]) => [id, pid]))
}
