import type { APIGuild, APIRole, GatewayGuildCreateDispatchData, Locale } from 'discord-api-types/v10'
import { MEMBERS_PER_GUILD } from '../../lib/internal/limits.ts'
import type { Channel, Guild, Member, User } from '../../lib/storage/records.ts'
import type { Snowflake } from '../../lib/storage/snowflake.ts'
import { channelPayload } from './channel.ts'
import { NO_FLAGS } from './flags.ts'
import { memberPayload } from './member.ts'
import { type Presence, presencePayload } from './presence.ts'
import { timestamp } from './user.ts'

/** What every member may do: create invites, see channels, send messages, read the history, mention everyone. */
const EVERYONE_PERMISSIONS = String([0n, 10n, 11n, 12n, 16n, 17n].reduce((bits, bit) => bits | (1n << bit), 0n))
const LOCALE = 'en-US' satisfies `${Locale}` as Locale

/** The role @everyone, whose id is the guild's. */
function everyoneRole(guildId: Snowflake): APIRole {
  return {
    id: guildId,
    name: '@everyone',
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    icon: null,
    unicode_emoji: null,
    position: 0,
    permissions: EVERYONE_PERMISSIONS,
    managed: false,
    mentionable: false,
    flags: NO_FLAGS,
  }
}

export function guildPayload(guild: Guild): APIGuild {
  return {
    id: guild.id,
    name: guild.name,
    owner_id: guild.ownerId,
    icon: null,
    splash: null,
    discovery_splash: null,
    banner: null,
    description: null,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    roles: [everyoneRole(guild.id)],
    emojis: [],
    stickers: [],
    features: [],
    application_id: null,
    system_channel_id: null,
    system_channel_flags: NO_FLAGS,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    max_members: MEMBERS_PER_GUILD,
    vanity_url_code: null,
    premium_tier: 0,
    premium_subscription_count: 0,
    premium_progress_bar_enabled: false,
    preferred_locale: LOCALE,
    hub_type: null,
    incidents_data: null,
  }
}

/** A guild as a session is shown it. */
export interface GuildView {
  readonly guild: Guild
  readonly channels: Iterable<Channel>
  /** The members and presences that this session gets. */
  readonly members: readonly { readonly member: Member; readonly user: User }[]
  readonly presences: readonly Presence[]
  readonly memberCount: number
  readonly large: boolean
  /** When the session's user joined, in milliseconds since 1970. */
  readonly joinedAt: number
}

/** GUILD_CREATE. `unavailable: false` is what makes an unavailable guild of stock clients available again. */
export function guildCreatePayload(view: GuildView): GatewayGuildCreateDispatchData {
  const { guild } = view
  return {
    ...guildPayload(guild),
    joined_at: timestamp(view.joinedAt),
    large: view.large,
    unavailable: false,
    member_count: view.memberCount,
    members: view.members.map(({ member, user }) => memberPayload(member, user)),
    channels: Array.from(view.channels, channelPayload),
    presences: view.presences.map((presence) => presencePayload(presence, guild.id)),
    threads: [],
    voice_states: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  }
}
