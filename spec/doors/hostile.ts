/** What hostile code of the caller's own throws: it passes through, and is no error of the library. */
export class Hostility extends Error {}

const thrower = (): never => {
  throw new Hostility('thrown on purpose')
}
const circle: { self?: unknown } = {}
circle.self = circle

/** The values that each argument is replaced with, by a name. */
export const TERMS: readonly (readonly [what: string, value: unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['0', 0],
  ['-1', -1],
  ['NaN', Number.NaN],
  ['1.5', 1.5],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['2 ** 53', 2 ** 53],
  ['10n', 10n],
  ["''", ''],
  ["'x'", 'x'],
  ['a symbol', Symbol('hostile')],
  ['{}', {}],
  ['a frozen object', Object.freeze({})],
  ['an object of no prototype', Object.create(null)],
  ['an object without toString', Object.create(Object.create(null))],
  ['an object that contains itself', circle],
  ['an unknown name', { unheardOf: 1 }],
  ['[]', []],
  ['[null]', [null]],
  ['[{}]', [{}]],
  ['a function', () => undefined],
  ['a function that throws', thrower],
  ['a map', new Map([[null, null]])],
  ['a promise', Promise.resolve(null)],
]

/** The same, and one that is no term. */
export const HOSTILE: typeof TERMS = [...TERMS, ['an object whose getters throw', hostileGetters()]]

/** An object whose every likely name is a getter that throws. */
function hostileGetters(): object {
  const names = ['timeout', 'name', 'node', 'via', 'id', 'start', 'init', 'handleCall', 'children', 'process', 'ref']
  return Object.defineProperties(
    {},
    Object.fromEntries(names.map((name) => [name, { get: thrower, enumerable: true }])),
  )
}
