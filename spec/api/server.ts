import type { HouseSettings } from '../../actors/house.ts'
import { apiHandlers } from '../../lib/api/index.ts'
import { chooseTransport } from '../../lib/gateway/choose.ts'
import type { Transport } from '../../lib/gateway/transport.ts'
import { type Account, type Chat, startChat } from '../support/chat.ts'

export interface Server extends AsyncDisposable {
  readonly chat: Chat
  readonly port: number
  /** Asks the REST API, as `who` or as nobody. */
  ask(who: Account | null, method: string, path: string, request?: Asked): Promise<Answer>
}

export interface Asked {
  /** Sent as JSON, unless it is text, bytes or a form. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  readonly body: any
}

/** The API of one node on a listener, in this OS process. */
export async function startServer(transport: Transport, settings?: Partial<HouseSettings>): Promise<Server> {
  const chat = await startChat(settings === undefined ? {} : { settings })
  const listener = await transport.listen({ host: '127.0.0.1', port: 0, handlers: apiHandlers(chat.house) })
  const url = `http://127.0.0.1:${listener.port}/api`
  return {
    chat,
    port: listener.port,
    ask: (who, method, path, request) => ask(`${url}${path}`, who, method, request),
    async [Symbol.asyncDispose]() {
      await listener.close()
      await chat[Symbol.asyncDispose]()
    },
  }
}

async function ask(url: string, who: Account | null, method: string, { body, headers }: Asked = {}): Promise<Answer> {
  const isJson = body !== undefined && typeof body === 'object' && !(body instanceof FormData)
  const response = await fetch(url, {
    method,
    headers: {
      ...(who === null ? {} : { Authorization: `Bot ${who.token}` }),
      ...(isJson ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as string | FormData) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: text === '' ? undefined : JSON.parse(text),
  }
}

/** Every transport that loads on this system. */
export function transports(): readonly Transport[] {
  const fastest = chooseTransport('auto').transport
  const { transport: plain } = chooseTransport('ws')
  return fastest === plain ? [plain] : [fastest, plain]
}
