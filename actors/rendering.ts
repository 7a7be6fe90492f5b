import type { GatewayMessageCreateDispatchData } from 'discord-api-types/v10'
import { encodeEvent } from '../lib/gateway/frame.ts'
import type { Position } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { hasIntent, Intent, intentOf } from './intents.ts'
import type { Dispatch, Listener } from './stream.ts'

const WITH_CONTENT: ReadonlySet<string> = new Set(['MESSAGE_CREATE', 'MESSAGE_UPDATE'])

/**
 * An event of a guild as its listeners get it: encoded once for all of them, and once more for those, if there are
 * some, who do not see the content of messages.
 */
export class Rendering {
  readonly #guildId: Snowflake
  readonly #position: Position | null
  readonly #name: string
  readonly #data: string
  readonly #intent: number
  #full: Dispatch | undefined
  #hidden: Dispatch | undefined
  #message: GatewayMessageCreateDispatchData | undefined

  /** @param position null for an event that is not stored */
  constructor(guildId: Snowflake, position: Position | null, name: string, data: string) {
    this.#guildId = guildId
    this.#position = position
    this.#name = name
    this.#data = data
    this.#intent = intentOf(name)
  }

  /** What this listener gets; undefined when it does not want the event. */
  for(listener: Pick<Listener, 'intents' | 'userId'>): Dispatch | undefined {
    if (!hasIntent(listener.intents, this.#intent)) return undefined
    const hides = WITH_CONTENT.has(this.#name) && !hasIntent(listener.intents, Intent.MESSAGE_CONTENT)
    if (hides && !this.#concerns(listener.userId)) {
      this.#hidden ??= this.#encode(JSON.stringify({ ...this.#parsed, ...HIDDEN }))
      return this.#hidden
    }
    this.#full ??= this.#encode(this.#data)
    return this.#full
  }

  /** Everyone sees what they wrote themselves, and what mentions them. */
  #concerns(userId: Snowflake): boolean {
    const { author, mentions } = this.#parsed
    return author.id === userId || mentions.some((user) => user.id === userId)
  }

  get #parsed(): GatewayMessageCreateDispatchData {
    this.#message ??= JSON.parse(this.#data) as GatewayMessageCreateDispatchData
    return this.#message
  }

  #encode(data: string): Dispatch {
    const frame = encodeEvent(this.#name, data)
    return { type: 'dispatch', guildId: this.#guildId, position: this.#position, frame }
  }
}

/** What takes the place of a message's content. */
const HIDDEN = { content: '', embeds: [], attachments: [], components: [] }
