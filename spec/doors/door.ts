import type { Fixture } from './fixture.ts'
import { HOSTILE, TERMS } from './hostile.ts'
import type { Kind } from './kinds.ts'

/** A public function: what it takes, and what else there is to know. */
export interface Door {
  readonly takes: readonly Kind[]
  /** What it is a method of. */
  readonly of?: (f: Fixture) => unknown
  /** It is there to end processes of others, or its own. */
  readonly ends?: true
  /** Also what is right is refused: it waits for what does not come, or looks for what is not there. */
  readonly refuses?: true
  /** It waits for something outside: a thread. No time passes for it. */
  readonly outside?: true
  /** It is there to stop the node. */
  readonly stops?: true
}

export type Doors = Readonly<Record<string, Door>>

/** The doors of functions that need no more than what they take. */
export function doors(takes: Readonly<Record<string, readonly Kind[]>>): Doors {
  return Object.fromEntries(Object.entries(takes).map(([name, kinds]) => [name, { takes: kinds }]))
}

/** The doors of the methods of what `of` gives. */
export function methods(path: string, of: Door['of'], takes: Readonly<Record<string, readonly Kind[]>>): Doors {
  const entries = Object.entries(takes).map(([name, kinds]) => [`${path}#${name}`, { takes: kinds, of }] as const)
  return Object.fromEntries(entries) as Doors
}

/** One call of a door. */
export interface Knock {
  readonly what: string
  /** The place of the argument that is not right. */
  readonly position: number
  /** Its value, or the option of it that is not right, with its value. */
  readonly value: unknown
  readonly option: string | undefined
  /** Whether it has to be refused. */
  readonly isWrong: boolean
  /** Whether processes may end over it. */
  readonly ends: boolean
}

export const RIGHT: Knock = {
  what: 'right arguments',
  position: -1,
  value: undefined,
  option: undefined,
  isWrong: false,
  ends: false,
}

/** Every knock on a door: with right arguments, and with each hostile value in each place and each option. */
export function* knocksOn({ takes }: Door): Generator<Knock> {
  yield RIGHT
  for (const [position, kind] of takes.entries()) {
    const place = `argument ${position + 1}`
    yield* knocks(kind, place, position, undefined)
    for (const [option, one] of Object.entries(kind.names ?? {})) {
      yield* knocks(one, `${option} of ${place}`, position, option)
    }
  }
}

function* knocks(kind: Kind, place: string, position: number, option: string | undefined): Generator<Knock> {
  for (const [name, value] of kind.isTerm ? TERMS : HOSTILE) {
    const isLeftOut = option !== undefined && value === undefined
    const isWrong = !isLeftOut && !isTaken(kind, value)
    yield { what: `${name} as ${place}`, position, value, option, isWrong, ends: kind.ends?.(value) === true }
  }
}

/** What cannot even be looked at is neither right nor wrong. */
function isTaken(kind: Kind, value: unknown): boolean {
  try {
    return kind.takes(value)
  } catch {
    return true
  }
}

/** The arguments of a knock: the right ones but for one. */
export async function argumentsOf({ takes }: Door, { position, value, option }: Knock, f: Fixture): Promise<unknown[]> {
  const args: unknown[] = []
  for (const [place, kind] of takes.entries()) {
    const right = await kind.right(f)
    if (place !== position) args.push(right)
    else args.push(option === undefined ? value : { ...(right as object | undefined), [option]: value })
  }
  // What is left out at the end is not there at all.
  while (args.length > 0 && args.length - 1 !== position && args.at(-1) === undefined) args.pop()
  return args
}
