import { _, type OtpNode, type Pid, type Registry, variable } from '../../lib/index.ts'

/** What of a Registry must not compile, and what its patterns know. */
declare const node: OtpNode
declare const process: Parameters<typeof rooms.register>[0]
declare const rooms: Registry<string>
declare const scores: Registry<readonly [string, number], readonly [number, string]>

export const checked: readonly unknown[] = [
  rooms.register(process, 'lobby'),
  scores.register(process, ['game', 1], [7, 'points']),
  // @ts-expect-error the key is a string
  rooms.register(process, 7),
  // @ts-expect-error an entry of this registry has a value
  scores.register(process, ['game', 1]),
  // @ts-expect-error and one of another type
  scores.register(process, ['game', 1], 'points'),

  scores.match(node, ['game', 1], [variable('n'), _], ({ n }) => n.toFixed() !== ''),
  scores.match(node, ['game', 1], [_, 'points']),
  // @ts-expect-error the second part of a value is a string
  scores.match(node, ['game', 1], [_, 7]),
  // @ts-expect-error a value has two parts
  scores.match(node, ['game', 1], [_, _, _]),
  // @ts-expect-error there is no variable m
  scores.match(node, ['game', 1], [variable('n'), _], ({ m }) => m > 1),
  // @ts-expect-error what n stands for is a number
  scores.match(node, ['game', 1], [variable('n'), _], ({ n }) => n.length > 1),

  scores.select(
    node,
    scores.clause([_, variable('pid'), [1, variable('unit')]], ({ pid, unit }) => [pid, unit]),
  ),
  // @ts-expect-error an entry is a key, a pid and a value
  scores.clause([_, _]),
  // @ts-expect-error the pid is no string
  scores.clause([_, 'pid', _]),
]

export const pids: readonly Pid[] = scores.select(
  node,
  scores.clause([_, variable('pid'), _], ({ pid }) => pid),
)
