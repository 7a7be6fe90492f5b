import { type EventFrame, encodeEvent } from '../lib/gateway/frame.ts'
import type { Context } from '../lib/kernel/context.ts'
import type { DownMessage } from '../lib/kernel/exit.ts'
import type { Pid, Ref } from '../lib/kernel/pid.ts'
import type { Position } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import { hasIntent, Intent } from './intents.ts'
import { positionOf } from './position.ts'
import { Rendering } from './rendering.ts'
import type { Dispatch, Joined, Listener, PresenceReceiver } from './stream.ts'

interface Entry {
  readonly listener: Listener
  readonly monitor: Ref
  /** Whether it has been let in, and gets events. */
  live: boolean
  /** Whether it is to be shown the guild when it is let in, or when the guild is back. */
  needsSnapshot: boolean
  /** Whether events passed that were not for it. */
  behind: boolean
  /** The subscription in which the guild was asked about it last. */
  asked: number
}

type Process = Pick<Context, 'send' | 'monitor' | 'demonitor'>

/** The sessions that a relay serves. They are on its own node, so a frame is one object for all of them. */
export class RelayListeners {
  readonly #guildId: Snowflake
  readonly #entries = new Map<number, Entry>()

  constructor(guildId: Snowflake) {
    this.#guildId = guildId
  }

  get size(): number {
    return this.#entries.size
  }

  add(process: Process, listener: Listener): void {
    const known = this.#entries.get(listener.session.id)
    if (known !== undefined) process.demonitor(known.monitor, { flush: true })
    const monitor = process.monitor(listener.session)
    const needsSnapshot = listener.snapshot
    const entry = { listener, monitor, live: false, needsSnapshot, behind: false, asked: 0 }
    this.#entries.set(listener.session.id, entry)
  }

  /** Forgets the session that has ended. */
  down({ ref, object }: DownMessage): void {
    const id = (object as Pid).id
    if (this.#entries.get(id)?.monitor === ref) this.#entries.delete(id)
  }

  /**
   * Those about whom the guild is to be asked, and in this subscription has not been yet: who waits to be let in, and
   * who is to be shown the guild again.
   */
  toBeAdmitted(stream: number): Listener[] {
    const waiting = [...this.#entries.values()].filter((entry) => {
      return (!entry.live || entry.needsSnapshot) && entry.asked !== stream
    })
    return waiting.map((entry) => {
      entry.asked = stream
      const { listener, live, needsSnapshot } = entry
      return { ...listener, since: live ? null : listener.since, snapshot: needsSnapshot }
    })
  }

  /**
   * The guild has answered for a listener: it sees the guild, when it is to, then what it missed, and is level with the
   * others from then on. One that was let in before gets what was missed by way of the relay.
   */
  admit(process: Process, guild: Pid<PresenceReceiver>, joined: Joined): void {
    const { session, snapshot, missed, position } = joined
    const entry = this.#entries.get(session.id)
    if (entry === undefined) return
    if (missed === 'denied' || missed === 'gone') return this.#dismiss(process, entry, missed)
    const begins = !entry.live && entry.listener.since === null
    const wanted = snapshot !== null && hasIntent(entry.listener.intents, Intent.GUILDS)
    const frame = wanted ? encodeEvent('GUILD_CREATE', snapshot) : null
    const at = begins ? position : null
    this.#send(process, entry, { type: 'available', guildId: this.#guildId, guild, position: at, frame })
    entry.needsSnapshot = false
    if (entry.live) return
    entry.live = true
    if (begins) return
    for (const event of missed) {
      const rendering = new Rendering(this.#guildId, positionOf(event), event.name, event.data)
      const dispatch = rendering.for(entry.listener)
      if (dispatch !== undefined) this.#send(process, entry, dispatch)
    }
    this.#send(process, entry, { type: 'mark', guildId: this.#guildId, position })
  }

  /** What the relay makes up for may be older than what a newcomer began with: sessions drop what they have. */
  deliver(process: Process, position: Position | null, rendering: Rendering): void {
    for (const entry of this.#entries.values()) {
      if (!entry.live) continue
      const dispatch = rendering.for(entry.listener)
      if (dispatch !== undefined) this.#send(process, entry, dispatch)
      else if (position !== null) entry.behind = true
    }
  }

  /** Tells those who got nothing that they have missed nothing. */
  mark(process: Process, position: Position): void {
    for (const entry of this.#entries.values()) {
      if (!entry.live || !entry.behind) continue
      entry.behind = false
      this.#send(process, entry, { type: 'mark', guildId: this.#guildId, position })
    }
  }

  /** The guild is away. Who was told so already, or has never seen it, is not told. */
  unavailable(process: Process, frame: EventFrame): void {
    for (const entry of this.#entries.values()) {
      if (entry.needsSnapshot) continue
      entry.needsSnapshot = true
      const wanted = hasIntent(entry.listener.intents, Intent.GUILDS)
      this.#send(process, entry, { type: 'unavailable', guildId: this.#guildId, frame: wanted ? frame : null })
    }
  }

  /** What those who were let in have missed cannot be had any more. */
  loseAll(process: Process): void {
    for (const entry of [...this.#entries.values()]) if (entry.live) this.#dismiss(process, entry, 'gone')
  }

  denyAll(process: Process): void {
    for (const entry of [...this.#entries.values()]) this.#dismiss(process, entry, 'denied')
  }

  #dismiss(process: Process, entry: Entry, why: 'gone' | 'denied'): void {
    process.demonitor(entry.monitor, { flush: true })
    this.#entries.delete(entry.listener.session.id)
    this.#send(process, entry, { type: why === 'gone' ? 'lost' : 'denied', guildId: this.#guildId })
  }

  #send(process: Process, { listener }: Entry, dispatch: Dispatch): void {
    process.send(listener.session, dispatch)
  }
}
