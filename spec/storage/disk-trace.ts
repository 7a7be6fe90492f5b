import { readFileSync } from 'node:fs'

/** What happened to a data file, in order, as disk-recorder.c has written it down. */
export interface DiskEvent {
  /** A write that a power cut may lose, a durable write, a flush, or an acknowledgement to someone outside. */
  readonly kind: 'write' | 'durable write' | 'flush' | 'acknowledgement'
  readonly offset: number
  readonly bytes: Buffer
}

const KINDS: Record<string, DiskEvent['kind']> = { w: 'write', d: 'durable write', s: 'flush', a: 'acknowledgement' }

export function readTrace(path: string): readonly DiskEvent[] {
  const trace = readFileSync(path)
  const events: DiskEvent[] = []
  for (let at = 0; at < trace.length; ) {
    const kind = KINDS[String.fromCharCode(trace[at]!)]
    if (kind === undefined) throw new Error(`no event at ${at}`)
    const end = at + 13 + trace.readUInt32LE(at + 9)
    events.push({ kind, offset: Number(trace.readBigUInt64LE(at + 1)), bytes: trace.subarray(at + 13, end) })
    at = end
  }
  return events
}

/**
 * The data file after a power cut that came after these events: all that was flushed, and of the writes since then
 * those that `survives`, in any combination, as a disk writes its cache in no particular order.
 */
export function fileAfterCut(events: readonly DiskEvent[], survives: (write: number) => boolean): Buffer {
  const lastFlush = events.findLastIndex((event) => event.kind === 'flush')
  const kept = events.filter(
    ({ kind }, at) => kind === 'durable write' || (kind === 'write' && (at < lastFlush || survives(at - lastFlush))),
  )
  const file = Buffer.alloc(Math.max(0, ...kept.map(({ offset, bytes }) => offset + bytes.length)))
  for (const { offset, bytes } of kept) file.set(bytes, offset)
  return file
}

/** The numbers that were acknowledged among these events. */
export function acknowledgedIn(events: readonly DiskEvent[]): number[] {
  const lines = events.filter(({ kind }) => kind === 'acknowledgement').map(({ bytes }) => bytes.toString())
  return lines.join('').split('\n').filter(Boolean).map(Number)
}
