import type { GatewayParser } from '../../actors/gateway-parser.ts'
import type { OwnPresence } from '../../actors/own-presence.ts'
import { ACTIVITIES_PER_PRESENCE } from '../internal/limits.ts'
import { accepted, anyObject, type Checked, flag, form, integer, list, oneOf, optional, pair, text } from './schema.ts'

/** The schemas of what clients send on the gateway: the `d` of each opcode. */
const ACTIVITY = form({
  name: text({ min: 1, max: 128 }),
  type: oneOf(0, 1, 2, 3, 4, 5),
  url: optional(text({ max: 512 })),
  state: optional(text({ max: 128 })),
})

const PRESENCE_UPDATE = form({
  status: oneOf('online', 'dnd', 'idle', 'invisible', 'offline'),
  activities: optional(list(ACTIVITY, { max: ACTIVITIES_PER_PRESENCE })),
  since: optional(integer()),
  afk: optional(flag()),
})

const IDENTIFY = form({
  token: text(),
  intents: integer(),
  // Told for statistics; older clients call their fields otherwise.
  properties: anyObject(),
  // A wish: payloads may always come uncompressed.
  compress: optional(flag()),
  large_threshold: optional(integer({ min: 50, max: 250 })),
  shard: optional(pair(integer(), integer())),
  presence: optional(PRESENCE_UPDATE),
})

const RESUME = form({ token: text(), session_id: text(), seq: integer({ min: 0 }) })

export const gatewayParser: GatewayParser = {
  identify(d) {
    const parsed = accepted(IDENTIFY, d)
    if (parsed === undefined) return undefined
    const { token, intents, large_threshold, shard, presence } = parsed
    return {
      token,
      intents,
      ...(large_threshold === undefined ? {} : { largeThreshold: large_threshold }),
      ...(shard === undefined ? {} : { shard }),
      ...(presence === undefined ? {} : { presence: presenceOf(presence) }),
    }
  },

  resume(d) {
    const parsed = accepted(RESUME, d)
    return parsed && { token: parsed.token, sessionId: parsed.session_id, sequence: parsed.seq }
  },

  presence(d) {
    const parsed = accepted(PRESENCE_UPDATE, d)
    return parsed && presenceOf(parsed)
  },
}

function presenceOf({ status, activities = [] }: Checked<typeof PRESENCE_UPDATE>): OwnPresence {
  return { status, activities }
}
