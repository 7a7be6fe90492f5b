import type { NoReply } from '../lib/behaviours/gen-server/results.ts'
import { type GenServer, noreply, ok, stop } from '../lib/behaviours/index.ts'
import { GUILD_IDLE_MS, GUILD_QUEUE_ENTRIES } from '../lib/internal/limits.ts'
import type { From } from '../lib/kernel/context.ts'
import { answer, committed, trimmed } from './guild-commit.ts'
import { join, presenceLost, presenceNews, subscribe } from './guild-listeners.ts'
import { loadGuild } from './guild-load.ts'
import { createMessage, deleteMessage, editMessage, messageRead, requestLookedUp } from './guild-messages.ts'
import type { GuildApi, GuildNews, GuildProcess } from './guild-protocol.ts'
import {
  acceptInvite,
  createChannel,
  createInvite,
  describeGuild,
  findChannel,
  listChannels,
  startTyping,
} from './guild-requests.ts'
import type { GuildState } from './guild-state.ts'
import { type Outcome, refused } from './outcome.ts'

/**
 * One guild: what belongs together and has to happen in one order. It lives on the node that its id is placed on, is
 * started when it is first asked for, and started again from the storage when it crashes.
 *
 *     REST ── createMessage ──>  validate, number the event,  ── commit ──> storage
 *                                 queue (guild-commit.ts)     <── stored ──
 *          <── the message ──    publish, then answer         ── event ───> relay of each node ──> sessions
 *
 * Acknowledged means stored and handed to every relay. What it decides runs ahead of the disk in its own state, and
 * nobody hears of it before it is stored. When a commit fails it crashes; what was stored and not sent by then, relays
 * get when they subscribe to it again from where they were.
 *
 * It keeps no sessions: a relay on each node does (see relay.ts).
 */
export const Guild: GenServer<GuildApi> = {
  moduleName: 'Guild',
  // Nothing reads this first state: `load` comes before any message, and replaces it.
  init: (house, guildId) => ok({ house, guild: { id: guildId } } as GuildState, { continue: 'load' }),

  async handleContinue(_load, { house, guild }) {
    try {
      const state = await loadGuild(house, guild.id)
      this.sendAfter(GUILD_IDLE_MS, this.self, { type: 'idle' } satisfies GuildNews)
      return noreply(state)
    } catch (reason) {
      // Starting it again at once would not help: it ends, and is loaded again when somebody asks for it again.
      const details = { guild: guild.id, reason }
      house.node.report({ level: 'error', label: ['guild', 'load_failed'], details })
      return stop(['shutdown', reason], { house, guild } as GuildState)
    }
  },

  handleCall: {
    describe: handler((process, state, request, from) => describeGuild(process, state, request.userId, from)),
    channels: handler((process, state, request, from) => listChannels(process, state, request.userId, from)),
    channel: handler(findChannel),
    createChannel: handler(createChannel),
    createMessage: handler(createMessage),
    editMessage: handler(editMessage),
    deleteMessage: handler(deleteMessage),
    typing: handler(startTyping),
    createInvite: handler(createInvite),
    acceptInvite: handler(acceptInvite),
  },

  handleCast: {
    subscribe(subscription, state) {
      subscribe(this, state, subscription)
      return noreply(state)
    },
    join(request, state) {
      join(this, state, request)
      return noreply(state)
    },
    acknowledge({ relay, position }, state) {
      state.relays.acknowledge(relay, position)
      return noreply(state)
    },
    presence(news, state) {
      presenceNews(this, state, news)
      return noreply(state)
    },
  },

  handleInfo(message, state) {
    switch (message.type) {
      case 'committed':
        committed(this, state, message.settled)
        break
      case 'message_read':
        messageRead(state, message.key, message.message)
        break
      case 'request_looked_up': {
        const { request, from, settled } = message
        if (settled[0] === 'ok') requestLookedUp(this, state, request, from, settled[1])
        else answer(this, state, from, refused('guild_unavailable', 'the storage could not be read'))
        break
      }
      case 'trimmed':
        trimmed(state, message.upTo)
        break
      case 'DOWN':
        state.relays.down(message.ref)
        presenceLost(this, state, message.ref)
        break
      case 'idle':
        return endIfIdle(this, state)
    }
    return noreply(state)
  },
}

type Handler<R, V> = (process: GuildProcess, state: GuildState, request: R, from: From<Outcome<V>>) => void

/** A request that is answered later, when what it rests on is stored. */
function handler<R, V>(handle: Handler<R, V>) {
  return function (this: GuildProcess, request: R, from: From<Outcome<V>>, state: GuildState): NoReply<GuildState> {
    state.inUse = true
    if (state.queue.size + state.reading < GUILD_QUEUE_ENTRIES) handle(this, state, request, from)
    else this.reply(from, refused('guild_busy', `${GUILD_QUEUE_ENTRIES} requests wait in guild ${state.guild.id}`))
    return noreply(state)
  }
}

/** A guild that nobody has asked for anything for a while, and that no relay follows, need not stay in memory. */
function endIfIdle(process: GuildProcess, state: GuildState) {
  if (!state.inUse && state.relays.size === 0 && state.queue.size === 0) return stop('normal', state)
  state.inUse = false
  process.sendAfter(GUILD_IDLE_MS, process.self, { type: 'idle' } satisfies GuildNews)
  return noreply(state)
}
