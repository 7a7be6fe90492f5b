import type { House } from '../../actors/house.ts'
import { type HttpReply, INTERNAL_ERROR } from '../gateway/reply.ts'
import type { HttpRequest } from '../gateway/transport.ts'
import { applicationRoutes } from './applications.ts'
import { Authentication } from './authentication.ts'
import { channelRoutes } from './channels.ts'
import { gatewayRoutes } from './gateway.ts'
import { guildRoutes } from './guilds.ts'
import { inviteRoutes } from './invites.ts'
import { messageRoutes } from './messages.ts'
import { isFault, replyTo, unauthorized } from './refusal.ts'
import { RequestLimits } from './request-limits.ts'
import { type ApiCall, type Endpoint, Routes } from './routes.ts'
import { userRoutes } from './users.ts'

/**
 * Discord's REST API v10 over the actors of a node. A request passes, in this order:
 *
 *     the address is not shut out      429
 *     a route takes it                 400, 404, 405
 *     its token proves a user          401, unless the route is open
 *     the limits let it through        429
 *     the route's handler              its answer, or Discord's error; a defect is a 500, and is reported
 */
export class RestApi {
  readonly #house: House
  readonly #authentication: Authentication
  readonly #limits: RequestLimits
  readonly #routes = new Routes()

  constructor(house: House) {
    this.#house = house
    this.#authentication = new Authentication(house.storage, house.node.host)
    this.#limits = new RequestLimits(house.node.host)
    for (const add of RESOURCES) add(this.#routes)
  }

  /** Answers a request. Rejects only with request_aborted, when nobody is left to answer. */
  async answer(http: HttpRequest): Promise<HttpReply> {
    const address = http.remoteAddress
    const shutOut = this.#limits.shutOut(address)
    if (shutOut !== undefined) return shutOut
    const endpoint = this.#routes.find(http.method, http.path)
    if ('found' in endpoint) return endpoint.reply
    const reply = await this.#serve(endpoint, http)
    this.#limits.note(address, reply.status)
    return reply
  }

  async #serve(endpoint: Endpoint, http: HttpRequest): Promise<HttpReply> {
    const call = { house: this.#house, caller: this.#house.node, http }
    if (endpoint.open) return this.#limited(endpoint, http.remoteAddress, () => endpoint.handle(call))
    const caller = await this.#settled(async () => this.#authenticated(call))
    if ('status' in caller) return caller
    return this.#limited(endpoint, caller.user.id, () => endpoint.handle(caller))
  }

  async #authenticated(call: Omit<ApiCall, 'user'>): Promise<ApiCall> {
    const user = await this.#authentication.user(call.http.headers.authorization)
    if (user === null) throw unauthorized()
    return { ...call, user }
  }

  async #limited(endpoint: Endpoint, who: string, handle: () => HttpReply | Promise<HttpReply>): Promise<HttpReply> {
    const admission = this.#limits.admit({ ...endpoint, who })
    if (!admission.admitted) return admission.reply
    const reply = await this.#settled(async () => handle())
    return { ...reply, headers: { ...reply.headers, ...admission.headers } }
  }

  /** What `run` answers, or the reply to what it throws. */
  async #settled<T>(run: () => Promise<T>): Promise<T | HttpReply> {
    try {
      return await run()
    } catch (error) {
      const reply = replyTo(error)
      if (reply !== undefined) return reply
      if (isFault(error, 'request_aborted')) throw error
      this.#house.node.report({ level: 'error', label: ['api', 'request'], details: { error } })
      return INTERNAL_ERROR
    }
  }
}

const RESOURCES: readonly ((routes: Routes) => void)[] = [
  applicationRoutes,
  channelRoutes,
  gatewayRoutes,
  guildRoutes,
  inviteRoutes,
  messageRoutes,
  userRoutes,
]
