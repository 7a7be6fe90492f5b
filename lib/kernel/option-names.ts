import { fault } from '../internal/errors.ts'

/**
 * Options are an object that has no names but the known ones, as `erlang:monitor/3` and its kin have it: a name that
 * was misspelt is told, where it would be as good as left out.
 * @throws Fault `badarg` for anything else.
 */
export function mustHaveKnownNames(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw fault('badarg', `the options of ${what} are an object, { ${known.join(', ')} }, not ${String(options)}`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw fault('badarg', `${unknown} is no option of ${what}, which has ${known.join(', ')}`)
}
