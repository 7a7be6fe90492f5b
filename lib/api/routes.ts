import type { House } from '../../actors/house.ts'
import type { RateRule } from '../gateway/rate-limit.ts'
import type { HttpReply } from '../gateway/reply.ts'
import { type Method, type NoMatch, type Params, Router } from '../gateway/router.ts'
import type { HttpRequest } from '../gateway/transport.ts'
import { REST_REQUESTS_PER_SECOND } from '../internal/limits.ts'
import type { Caller } from '../kernel/context.ts'
import type { User } from '../storage/records.ts'
import { formBody } from './form-body.ts'
import { checked, form, id, type Schema } from './schema.ts'

/** What a handler is given beside the parameters of its path. */
export interface ApiCall {
  readonly house: House
  /** On whose behalf actors are asked: the node, since a request belongs to no process. */
  readonly caller: Caller
  readonly user: User
  readonly http: HttpRequest
}

/** What a handler of an open route is given: nobody has been asked who they are. */
export type OpenCall = Omit<ApiCall, 'user'>

/** What a path leads to. */
export type Endpoint = { readonly bucket: string; readonly major: string; readonly rule: RateRule } & (
  | { readonly open: true; handle(call: OpenCall): HttpReply | Promise<HttpReply> }
  | { readonly open: false; handle(call: ApiCall): HttpReply | Promise<HttpReply> }
)

type Unplaced = Endpoint extends infer E ? (E extends Endpoint ? Omit<E, 'bucket' | 'major'> : never) : never
type Handler<Pattern extends string, Call> = (params: Params<Pattern>, call: Call) => HttpReply | Promise<HttpReply>

/** What most routes allow; Discord does not publish its own figures. */
export const ROUTE_RULE: RateRule = { limit: REST_REQUESTS_PER_SECOND, windowMs: 1000 }

/** The routes of the API, with the limit of each: so many requests of one user for one channel, guild or the like. */
export class Routes {
  readonly #router = new Router<undefined, Unplaced>()

  /** Adds a route for those who prove who they are. */
  add<const Pattern extends string>(
    method: Method,
    pattern: Pattern,
    handler: Handler<Pattern, ApiCall>,
    rule: RateRule = ROUTE_RULE,
  ): this {
    this.#router.add(method, pattern, (params) => {
      return { open: false, rule, handle: (call: ApiCall) => handler(withIds(params), call) }
    })
    return this
  }

  /** Adds a route for everybody. */
  addOpen<const Pattern extends string>(
    method: Method,
    pattern: Pattern,
    handler: Handler<Pattern, OpenCall>,
    rule: RateRule = ROUTE_RULE,
  ): this {
    this.#router.add(method, pattern, (params) => {
      return { open: true, rule, handle: (call: OpenCall) => handler(withIds(params), call) }
    })
    return this
  }

  find(method: string, path: string): Endpoint | NoMatch {
    const match = this.#router.match(method, path)
    return match.found ? { ...match.run(undefined), bucket: match.bucket, major: match.major } : match
  }
}

/** The parameters of a path that are ids, checked as Discord does. */
function withIds<Names extends Readonly<Record<string, string>>>(params: Names): Names {
  for (const [name, value] of Object.entries(params)) {
    if (name !== 'code') checked(form({ [`${name}_id`]: id() }), { [`${name}_id`]: value })
  }
  return params
}

/** A request's query, as the schema answers it; of a name that is repeated the last value counts. */
export function queryOf<T>(http: HttpRequest, schema: Schema<T>): T {
  return checked(schema, Object.fromEntries(new URLSearchParams(http.query)))
}

/** A request's body, as the schema answers it. Fails as `formBody` and `checked` do. */
export async function bodyOf<T>(http: HttpRequest, schema: Schema<T>): Promise<T> {
  return checked(schema, await formBody(http))
}
