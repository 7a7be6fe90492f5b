import type { GatewayActivityUpdateData } from 'discord-api-types/v10'
import type { Presence, Status } from './payloads/presence.ts'

/** What a session says of its user. */
export interface OwnPresence {
  readonly status: Status
  readonly activities: readonly GatewayActivityUpdateData[]
}

/** What a session that says nothing is taken to say. */
export const ONLINE: OwnPresence = Object.freeze({ status: 'online', activities: [] })

const RANK: Readonly<Record<Status, number>> = { offline: 0, invisible: 0, idle: 1, dnd: 2, online: 3 }

/**
 * One presence from those of all sessions: the most present one counts, and of several the last in the list. Who is
 * invisible is offline to everybody else.
 */
export function aggregate(all: readonly OwnPresence[]): Pick<Presence, 'status' | 'activities'> {
  let best: OwnPresence | undefined
  for (const own of all) if (best === undefined || RANK[own.status] >= RANK[best.status]) best = own
  if (best === undefined || best.status === 'invisible' || best.status === 'offline') {
    return { status: 'offline', activities: [] }
  }
  return { status: best.status, activities: best.activities }
}
