import t from 'tap'
import { replyTo } from '../../lib/api/refusal.ts'
import {
  checked,
  either,
  flag,
  flagText,
  form,
  id,
  integer,
  integerText,
  list,
  oneOf,
  optional,
  pair,
  type Schema,
  text,
  unsupported,
} from '../../lib/api/schema.ts'

/** The errors that Discord's form would answer, or the value when it is taken. */
function answer(schema: Schema<unknown>, value: unknown): object {
  try {
    return { taken: checked(schema, value) }
  } catch (error) {
    const reply = replyTo(error)
    t.match(reply, { status: 400, headers: { 'Content-Type': 'application/json' } })
    const { code, message, errors } = JSON.parse(String(reply?.body))
    t.same({ code, message }, { code: 50_035, message: 'Invalid Form Body' })
    return errors
  }
}

const error = (code: string, message: string) => ({ _errors: [{ code, message }] })
const REQUIRED = error('BASE_TYPE_REQUIRED', 'This field is required')

t.test('a form answers its fields and nothing else', async (t) => {
  const schema = form({ name: text({ max: 3 }), age: optional(integer()), tags: optional(list(text(), { max: 2 })) })
  t.same(answer(schema, { name: 'abc', other: 1 }), { taken: { name: 'abc' } })
  t.same(
    answer(schema, { name: 'abc', age: null }),
    { taken: { name: 'abc' } },
    'null is left out like what is not there',
  )
  t.same(answer(schema, { name: '', age: 3, tags: ['a'] }), { taken: { name: '', age: 3, tags: ['a'] } })
  const polluted = checked(schema, JSON.parse('{"name":"a","__proto__":{"age":3}}'))
  t.equal('age' in polluted, false)
})

t.test('a broken form tells each field with the code and the words of Discord', async (t) => {
  const inner = form({ id: id() })
  const schema = form({
    name: text({ min: 2, max: 100 }),
    inner: optional(inner),
    all: optional(list(inner, { max: 2 })),
  })
  t.same(answer(schema, {}), { name: REQUIRED })
  t.same(answer(schema, { name: null }), { name: REQUIRED })
  t.same(answer(schema, { name: 'a', inner: {}, all: [{ id: '1' }, { id: 'x' }] }), {
    name: error('BASE_TYPE_BAD_LENGTH', 'Must be between 2 and 100 in length.'),
    inner: { id: REQUIRED },
    all: { 1: { id: error('NUMBER_TYPE_COERCE', 'Value "x" is not snowflake.') } },
  })
  t.same(answer(schema, 'text'), error('MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType'))
  t.same(answer(schema, []), { name: REQUIRED }, 'a list is an object without the fields')
})

t.test('each word has its bounds', async (t) => {
  const rows: readonly [schema: Schema<unknown>, good: readonly unknown[], bad: readonly unknown[], code: string][] = [
    [text({ max: 2 }), ['', 'ab', '🙂🙂'], ['abc', '🙂🙂🙂'], 'BASE_TYPE_MAX_LENGTH'],
    [text(), [''], [1, {}, true], 'STRING_TYPE_CONVERT'],
    [integer({ min: 1 }), [1, 2 ** 40], [0], 'NUMBER_TYPE_MIN'],
    [integer({ max: 9 }), [-1, 9], [10], 'NUMBER_TYPE_MAX'],
    [integer(), [0], ['1', 1.5, 2 ** 60, {}], 'NUMBER_TYPE_COERCE'],
    [integerText({ min: 1, max: 100 }), ['1', '100'], ['x', '1.5', '', '1e2'], 'NUMBER_TYPE_COERCE'],
    [flag(), [true, false], ['true', 1], 'BOOLEAN_TYPE_CONVERT'],
    [flagText(), ['true', '0'], ['yes'], 'BOOLEAN_TYPE_CONVERT'],
    [id(), ['1', '18446744073709551615', 5], ['18446744073709551616', '-1', 'x', 1.5], 'NUMBER_TYPE_COERCE'],
    [oneOf('a', 'b'), ['a'], ['c', 1], 'BASE_TYPE_CHOICES'],
    [list(text(), { max: 1 }), [[], ['a']], ['a', {}], 'LIST_TYPE_CONVERT'],
    [list(text(), { max: 1 }), [['a']], [['a', 'b']], 'BASE_TYPE_MAX_LENGTH'],
    [pair(integer(), integer()), [[0, 1]], [{}, 3], 'LIST_TYPE_CONVERT'],
    [either(text({ max: 3 }), integer()), ['abc', 7], [true], 'UNION_TYPE_CHOICES'],
  ]
  for (const [schema, good, bad, code] of rows) {
    for (const value of good) t.hasProp(answer(schema, value), 'taken', `${code} takes ${JSON.stringify(value)}`)
    for (const value of bad)
      t.match(answer(schema, value), error(code, /./ as never), `${code}: ${JSON.stringify(value)}`)
  }
})

t.test('what is not kept is refused, unless it is empty', async (t) => {
  const schema = form({ embeds: unsupported() })
  for (const empty of [undefined, null, [], false, 0]) t.same(answer(schema, { embeds: empty }), { taken: {} })
  t.match(answer(schema, { embeds: [{}] }), { embeds: { _errors: [{ code: 'FIELD_NOT_SUPPORTED' }] } })
})
