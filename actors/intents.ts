export type IntentName =
  | 'GUILDS'
  | 'GUILD_MEMBERS'
  | 'GUILD_MODERATION'
  | 'GUILD_EXPRESSIONS'
  | 'GUILD_INTEGRATIONS'
  | 'GUILD_WEBHOOKS'
  | 'GUILD_INVITES'
  | 'GUILD_VOICE_STATES'
  | 'GUILD_PRESENCES'
  | 'GUILD_MESSAGES'
  | 'GUILD_MESSAGE_REACTIONS'
  | 'GUILD_MESSAGE_TYPING'
  | 'DIRECT_MESSAGES'
  | 'DIRECT_MESSAGE_REACTIONS'
  | 'DIRECT_MESSAGE_TYPING'
  | 'MESSAGE_CONTENT'
  | 'GUILD_SCHEDULED_EVENTS'
  | 'AUTO_MODERATION_CONFIGURATION'
  | 'AUTO_MODERATION_EXECUTION'
  | 'GUILD_MESSAGE_POLLS'
  | 'DIRECT_MESSAGE_POLLS'

/** Discord's gateway intents, as its documentation names them: the bits by which a session says what it wants. */
export const Intent: Readonly<Record<IntentName, number>> = {
  GUILDS: 1 << 0,
  GUILD_MEMBERS: 1 << 1,
  GUILD_MODERATION: 1 << 2,
  GUILD_EXPRESSIONS: 1 << 3,
  GUILD_INTEGRATIONS: 1 << 4,
  GUILD_WEBHOOKS: 1 << 5,
  GUILD_INVITES: 1 << 6,
  GUILD_VOICE_STATES: 1 << 7,
  GUILD_PRESENCES: 1 << 8,
  GUILD_MESSAGES: 1 << 9,
  GUILD_MESSAGE_REACTIONS: 1 << 10,
  GUILD_MESSAGE_TYPING: 1 << 11,
  DIRECT_MESSAGES: 1 << 12,
  DIRECT_MESSAGE_REACTIONS: 1 << 13,
  DIRECT_MESSAGE_TYPING: 1 << 14,
  MESSAGE_CONTENT: 1 << 15,
  GUILD_SCHEDULED_EVENTS: 1 << 16,
  AUTO_MODERATION_CONFIGURATION: 1 << 20,
  AUTO_MODERATION_EXECUTION: 1 << 21,
  GUILD_MESSAGE_POLLS: 1 << 24,
  DIRECT_MESSAGE_POLLS: 1 << 25,
}

const ALL = Object.values(Intent).reduce((all, bit) => all | bit, 0)

/** Which intent brings a guild's event; an event that is not here is brought by GUILDS. */
const BY_EVENT: Readonly<Record<string, number>> = {
  GUILD_MEMBER_ADD: Intent.GUILD_MEMBERS,
  PRESENCE_UPDATE: Intent.GUILD_PRESENCES,
  MESSAGE_CREATE: Intent.GUILD_MESSAGES,
  MESSAGE_UPDATE: Intent.GUILD_MESSAGES,
  MESSAGE_DELETE: Intent.GUILD_MESSAGES,
  TYPING_START: Intent.GUILD_MESSAGE_TYPING,
}

/** Whether `intents` is a number with no bits but those that mean something. */
export function areIntents(intents: number): boolean {
  return Number.isInteger(intents) && intents >= 0 && intents <= ALL && (intents & ~ALL) === 0
}

export function hasIntent(intents: number, intent: number): boolean {
  return (intents & intent) !== 0
}

/** The intent that brings the event with this name. */
export function intentOf(event: string): number {
  return BY_EVENT[event] ?? Intent.GUILDS
}
