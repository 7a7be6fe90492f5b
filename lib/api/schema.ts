import * as v from 'valibot'
import { isSnowflake, type Snowflake } from '../storage/snowflake.ts'
import { type FieldError, InvalidForm } from './refusal.ts'

/**
 * The words that the schemas of bodies, queries and gateway frames are written in, with the errors that Discord gives.
 * A schema answers the value as the handlers want it: unknown fields are gone, and so are optional ones that are null.
 */
export interface Schema<out T> {
  /** @internal */ readonly check: v.GenericSchema<unknown, T>
}

/** A field that may be missing, or null, which is the same here. */
export interface OptionalField<out T> extends Schema<T> {
  readonly optional: true
}

/** What a schema answers. */
export type Checked<S> = S extends Schema<infer T> ? T : never

type Fields = Readonly<Record<string, Schema<unknown>>>
type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalField<unknown> ? K : never }[keyof F]
/** The object that a form answers: a field that was left out is not there. */
export type Form<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Checked<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Checked<F[K]>
}

export interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** An object with these fields. */
export function form<const F extends Fields>(fields: F): Schema<Form<F>> {
  const entries = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, entryOf(field)]))
  const check = v.pipe(v.object(entries, said('MODEL_TYPE_CONVERT', NO_DICTIONARY)), v.transform(withoutNulls))
  // The entries are built of the fields one by one, so what they answer together is their form.
  return { check: check as unknown as v.GenericSchema<unknown, Form<F>> }
}

export function optional<T>(schema: Schema<T>): OptionalField<T> {
  return { check: schema.check, optional: true }
}

/** Text; its length is counted in characters, not in UTF-16 units. */
export function text({ min = 0, max }: Bounds = {}): Schema<string> {
  const least = said('BASE_TYPE_BAD_LENGTH', `Must be between ${min} and ${max} in length.`)
  const most = min > 0 ? least : said('BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`)
  const fits = (value: string) => max === undefined || value.length <= max || [...value].length <= max
  return {
    check: v.pipe(
      v.string(said('STRING_TYPE_CONVERT', 'Could not interpret value as string.')),
      v.check((value) => value.length >= min, least),
      v.check(fits, most),
    ),
  }
}

export function integer(bounds: Bounds = {}): Schema<number> {
  return { check: v.pipe(v.unknown(), v.check(Number.isSafeInteger, notA('int')), v.number(), ...inside(bounds)) }
}

/** A whole number in a query, where it is text. */
export function integerText(bounds: Bounds = {}): Schema<number> {
  const digits = v.pipe(v.string(), v.regex(/^-?\d{1,15}$/, notA('int')), v.transform(Number))
  return { check: v.pipe(digits, ...inside(bounds)) }
}

export function flag(): Schema<boolean> {
  return { check: v.boolean(said('BOOLEAN_TYPE_CONVERT', 'Must be either true or false.')) }
}

/** In a query, where it is text. */
export function flagText(): Schema<boolean> {
  const word = v.picklist(['true', 'false', '1', '0', 'True', 'False'], NO_FLAG)
  return {
    check: v.pipe(
      word,
      v.transform((value) => /^(t|1)/i.test(value)),
    ),
  }
}

/** An id: the decimal text, or a whole number that JavaScript can hold. */
export function id(): Schema<Snowflake> {
  const asText = v.transform((value: unknown) => (Number.isSafeInteger(value) ? String(value) : value))
  return { check: v.pipe(v.unknown(), asText, v.custom<Snowflake>(isSnowflake, notA('snowflake'))) }
}

/** One of these values. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Schema<T> {
  const message = said('BASE_TYPE_CHOICES', `Value must be one of {${values.map((value) => `'${value}'`).join(', ')}}.`)
  return { check: v.picklist(values, message) }
}

export function list<T>(item: Schema<T>, { max }: { readonly max: number }): Schema<readonly T[]> {
  const many = v.array(item.check, said('LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType'))
  return { check: v.pipe(many, v.maxLength(max, said('BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`))) }
}

/** The first of these schemas that takes the value. */
export function either<A, B>(a: Schema<A>, b: Schema<B>): Schema<A | B> {
  return { check: v.union([a.check, b.check], said('UNION_TYPE_CHOICES', 'Value is of none of the possible types.')) }
}

/** Two values, in this order. */
export function pair<A, B>(a: Schema<A>, b: Schema<B>): Schema<readonly [A, B]> {
  return { check: v.strictTuple([a.check, b.check], said('LIST_TYPE_CONVERT', 'Must be a list of two values.')) }
}

/** An object of any content. */
export function anyObject<T extends object>(): Schema<T> {
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  return { check: v.custom<T>(isObject, said('DICT_TYPE_CONVERT', 'Only dictionaries may be used in a DictType')) }
}

/**
 * A field of Discord's that this server does not keep. Empty it may be there, since clients send such; with content it
 * is refused, because to drop it without a word would lose what the user has sent.
 */
export function unsupported(): OptionalField<undefined> {
  const isEmpty = (value: unknown) => value === false || value === 0 || (Array.isArray(value) && value.length === 0)
  const message = said('FIELD_NOT_SUPPORTED', 'This server does not support this field.')
  return {
    check: v.pipe(
      v.custom<undefined>(isEmpty, message),
      v.transform(() => undefined),
    ),
    optional: true,
  }
}

/**
 * The value as the schema answers it.
 * @throws InvalidForm with the errors of all fields
 */
export function checked<T>(schema: Schema<T>, value: unknown): T {
  const result = v.safeParse(schema.check, value)
  if (result.success) return result.output
  throw new InvalidForm(result.issues.map(fieldError))
}

/** As `checked`, but undefined for a value that breaks the schema. */
export function accepted<T>(schema: Schema<T>, value: unknown): T | undefined {
  const result = v.safeParse(schema.check, value)
  return result.success ? result.output : undefined
}

const NO_DICTIONARY = 'Only dictionaries may be used in a ModelType'
const NO_FLAG = said('BOOLEAN_TYPE_CONVERT', 'Must be either true or false.')

/** An issue's message carries Discord's code in front, since valibot's issues have no place of their own for it. */
function said(code: string, message: string): string {
  return `${code}:${message}`
}

function notA(kind: string): (issue: v.BaseIssue<unknown>) => string {
  return ({ input }) => said('NUMBER_TYPE_COERCE', `Value "${shown(input)}" is not ${kind}.`)
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')).slice(0, 100)
}

function inside({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Bounds) {
  return [
    v.minValue<number, number, string>(
      min,
      said('NUMBER_TYPE_MIN', `int value should be greater than or equal to ${min}.`),
    ),
    v.maxValue<number, number, string>(
      max,
      said('NUMBER_TYPE_MAX', `int value should be less than or equal to ${max}.`),
    ),
  ] as const
}

function entryOf(field: Schema<unknown>): v.GenericSchema {
  return 'optional' in field ? v.nullish(field.check) : field.check
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined && field !== null))
}

function fieldError(issue: v.BaseIssue<unknown>): FieldError {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))
  const missing = path.length > 0 && (issue.input === undefined || issue.input === null)
  if (missing) return { path, code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }
  const colon = issue.message.indexOf(':')
  return { path, code: issue.message.slice(0, colon), message: issue.message.slice(colon + 1) }
}
