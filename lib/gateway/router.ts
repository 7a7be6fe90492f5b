import { createHash } from 'node:crypto'
import { fault } from '../internal/errors.ts'
import { BAD_REQUEST, EMPTY_REPLY, errorReply, type HttpReply, NOT_FOUND } from './reply.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The named parameters of a pattern: `/channels/:channel/messages/:message` has `channel` and `message`. */
export type Params<Pattern extends string> = { readonly [Name in ParamNames<Pattern>]: string }

type ParamNames<Pattern extends string> = Pattern extends `${infer Segment}/${infer Rest}`
  ? ParamName<Segment> | ParamNames<Rest>
  : ParamName<Pattern>
type ParamName<Segment extends string> = Segment extends `:${infer Name}` ? Name : never

/** What handles a route: `Context` is whatever the router's owner gives with a request. */
export type RouteHandler<Names, Context, Answer> = (params: Names, context: Context) => Answer

/** A request's route. */
export interface Match<Context, Answer> {
  readonly found: true
  /** Names the route's rate limit (X-RateLimit-Bucket): the same in every version of the server. */
  readonly bucket: string
  /**
   * The value of the route's major parameter, by which Discord keeps limits apart: its channel, guild or webhook;
   * `global` when it has none.
   */
  readonly major: string
  run(context: Context): Answer
}

/** A request that no route takes, with its answer: 400, 404, 405, or 204 to OPTIONS. */
export interface NoMatch {
  readonly found: false
  readonly reply: HttpReply
}

const VERSIONS = ['/api/v10', '/api/v9', '/api'] as const
const MAJOR = ['channel', 'guild', 'webhook']

interface Route<Context, Answer> {
  readonly bucket: string
  readonly names: readonly string[]
  readonly handler: RouteHandler<Record<string, string>, Context, Answer>
}

/** A segment of the paths: its children by their text, and at most one that takes any text. */
interface Branch<Context, Answer> {
  readonly fixed: Map<string, Branch<Context, Answer>>
  any: Branch<Context, Answer> | undefined
  readonly routes: Map<string, Route<Context, Answer>>
}

/**
 * Finds the route of a request. Paths are Discord's: `/api/v10`, `/api/v9` or `/api`, then the pattern. A segment with
 * a fixed text goes before a parameter, so that `/users/@me` and `/users/:user` live together. HEAD is answered as GET.
 */
export class Router<Context, Answer> {
  readonly #root: Branch<Context, Answer> = newBranch()

  /**
   * Adds a route.
   * @param pattern begins with a slash; a segment that begins with a colon is a parameter, whose value the handler gets
   *   percent-decoded
   * @throws badarg when the pattern is malformed or already has a route of this method
   */
  add<const Pattern extends string>(
    method: Method,
    pattern: Pattern,
    handler: RouteHandler<Params<Pattern>, Context, Answer>,
  ): this {
    const segments = pattern.split('/').slice(1)
    if (!pattern.startsWith('/') || segments.some((segment) => segment === '' || segment === ':')) {
      throw fault('badarg', `a route's pattern is like /channels/:channel, not ${pattern}`)
    }
    const branch = segments.reduce(descend, this.#root)
    if (branch.routes.has(method)) throw fault('badarg', `there are two routes for ${method} ${pattern}`)
    const names = segments.filter((segment) => segment.startsWith(':')).map((segment) => segment.slice(1))
    // The names in the pattern are the keys of the record that `match` builds, so it is a Params<Pattern>.
    const route = { bucket: bucketOf(method, pattern), names, handler: handler as Route<Context, Answer>['handler'] }
    branch.routes.set(method, route)
    return this
  }

  /** @param path percent-encoded, without the query */
  match(method: string, path: string): Match<Context, Answer> | NoMatch {
    const version = VERSIONS.find((prefix) => path.startsWith(`${prefix}/`))
    if (version === undefined) return { found: false, reply: NOT_FOUND }
    const values: string[] = []
    const branch = walk(this.#root, path.slice(version.length + 1).split('/'), 0, values)
    if (branch === undefined) return { found: false, reply: NOT_FOUND }
    const route = branch.routes.get(method === 'HEAD' ? 'GET' : method)
    if (route === undefined) return { found: false, reply: refusal(method, [...branch.routes.keys()]) }
    const params = paramsOf(route.names, values)
    if (params === undefined) return { found: false, reply: BAD_REQUEST }
    const major = MAJOR.map((name) => params[name]).find((value) => value !== undefined) ?? 'global'
    return { found: true, bucket: route.bucket, major, run: (context) => route.handler(params, context) }
  }
}

function newBranch<Context, Answer>(): Branch<Context, Answer> {
  return { fixed: new Map(), any: undefined, routes: new Map() }
}

function descend<Context, Answer>(branch: Branch<Context, Answer>, segment: string): Branch<Context, Answer> {
  if (segment.startsWith(':')) {
    branch.any ??= newBranch()
    return branch.any
  }
  const child = branch.fixed.get(segment) ?? newBranch<Context, Answer>()
  branch.fixed.set(segment, child)
  return child
}

/** The branch with routes at the end of the path. `values` is left with the texts that parameters have taken. */
function walk<Context, Answer>(
  branch: Branch<Context, Answer>,
  segments: readonly string[],
  index: number,
  values: string[],
): Branch<Context, Answer> | undefined {
  const segment = segments[index]
  if (segment === undefined) return branch.routes.size > 0 ? branch : undefined
  const fixed = branch.fixed.get(segment)
  const found = fixed && walk(fixed, segments, index + 1, values)
  if (found !== undefined || branch.any === undefined || segment === '') return found
  values.push(segment)
  const taken = walk(branch.any, segments, index + 1, values)
  if (taken === undefined) values.pop()
  return taken
}

/** Undefined when a value is not percent-encoded UTF-8. A slash in a value is sent as %2F, so it splits nothing. */
function paramsOf(names: readonly string[], values: readonly string[]): Record<string, string> | undefined {
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index]!)]))
  } catch {
    return undefined
  }
}

function refusal(method: string, known: readonly string[]): HttpReply {
  const allow = [...known, ...(known.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  if (method === 'OPTIONS') return { ...EMPTY_REPLY, headers: { Allow: allow } }
  return errorReply(405, '405: Method Not Allowed', 0, { Allow: allow })
}

/** 32 hexadecimal digits, as Discord's are. */
function bucketOf(method: Method, pattern: string): string {
  return createHash('sha256').update(`${method} ${pattern}`).digest('hex').slice(0, 32)
}
