/**
 * Which children a supervisor starts again when one of them has ended, its siblings being stopped first:
 *
 *     children, in the order they were started      a  b  c  d        c ends
 *     one_for_one                                          c          they do not depend on each other
 *     one_for_all                                   a  b  c  d        each depends on all
 *     rest_for_one                                         c  d        each depends on those before it
 *
 * The others of the group are stopped from the last to the first, then the group is started from the first to the last
 * (supervisor.erl, `restart/3`).
 */
export type GroupStrategy = 'one_for_one' | 'one_for_all' | 'rest_for_one'

/** With `simple_one_for_one` all children are of one specification and known by their pids (simple-one-for-one.ts). */
export type RestartStrategy = GroupStrategy | 'simple_one_for_one'

/** The group that is started again with `ended`, which is one of `children`, in the order of `children`. */
type GroupOf = <C>(children: Iterable<C>, ended: C) => readonly C[]

const oneForOne: GroupOf = (_children, ended) => [ended]

const oneForAll: GroupOf = (children) => [...children]

const restForOne: GroupOf = (children, ended) => {
  const all = [...children]
  return all.slice(all.indexOf(ended))
}

/** The rule of each strategy. */
export const STRATEGIES: Readonly<Record<GroupStrategy, GroupOf>> = {
  one_for_one: oneForOne,
  one_for_all: oneForAll,
  rest_for_one: restForOne,
}
