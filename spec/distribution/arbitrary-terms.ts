import fc from 'fast-check'
import { Exit, NoCatch, Pid, Ref } from '../../lib/index.ts'
import { fault } from '../../lib/internal/errors.ts'

const name = fc.constantFrom('a@here', 'b@here', 'c@there')
const address = fc.record({ name, creation: fc.integer({ min: 1, max: 2 ** 32 - 1 }) })
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, false, Number.NaN, Number.POSITIVE_INFINITY),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme', minLength: 200, maxLength: 400 }),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 2000n), max: 2n ** 2000n }),
  fc.uint8Array(),
  fc.date({ noInvalidDate: false }),
  fc.tuple(address, id).map(([at, n]) => new Pid(at, n)),
  fc.tuple(address, id).map(([at, n]) => new Ref(at, n)),
  fc.string().map((text) => new Error(text)),
  fc.string().map((text) => new TypeError(text)),
  fc.string().map((text) => Object.assign(new Error(text), { code: text })),
  fc.string().map((text) => fault('badarg', text)),
)

/** Text that is no key of a record, as it cannot be one on the wire. */
const key = fc.string().filter((text) => text !== '__proto__')

/** Terms of every kind that travel between nodes. */
export const term: fc.Arbitrary<unknown> = fc.letrec<{ term: unknown }>((tie) => ({
  term: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('term')),
    fc.dictionary(key, tie('term')),
    // Keys and members that are the same after the journey: objects are not.
    fc.array(fc.tuple(fc.string(), tie('term'))).map((entries) => new Map(entries)),
    fc.array(fc.oneof(fc.string(), fc.integer(), fc.bigInt())).map((members) => new Set(members)),
    // An error is its text, which is cut off: keep it short.
    leaf.map((reason) => new Exit(reason)),
    leaf.map((value) => new NoCatch(value)),
  ),
})).term
