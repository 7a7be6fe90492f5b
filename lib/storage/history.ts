import { fault } from '../internal/errors.ts'
import { MESSAGES_PER_READ } from '../internal/limits.ts'
import type { Row, View } from './disk.ts'
import { endOf, justAfter, messageKey, messagesPrefix } from './keys.ts'
import type { MessageQuery } from './port.ts'
import type { Message } from './records.ts'
import { decodeValue } from './rows.ts'
import type { Snowflake } from './snowflake.ts'
import { checkIds, checkLimit } from './validation.ts'

/** A piece of a channel's history, the newest first: one range scan, or two for `around`. */
export function readMessages(view: View, channelId: Snowflake, query: MessageQuery): readonly Message[] {
  checkIds(channelId)
  checkLimit(query.limit, MESSAGES_PER_READ)
  const anchors = [query.before, query.after, query.around].filter((id) => id !== undefined)
  if (anchors.length > 1) throw fault('badarg', 'a history query has one of before, after and around')
  checkIds(...anchors)
  return rowsOf(view, channelId, query).map((row) => decodeValue<Message>(row.value))
}

function rowsOf(view: View, channelId: Snowflake, { before, after, around, limit }: MessageQuery): readonly Row[] {
  const start = messagesPrefix(channelId)
  const end = endOf(start)
  const newest = (to: string, count: number) => view.range({ from: start, to, limit: count, reverse: true })
  const next = (id: Snowflake, count: number) =>
    count === 0 ? [] : view.range({ from: justAfter(messageKey(channelId, id)), to: end, limit: count }).toReversed()

  if (after !== undefined) return next(after, limit)
  if (before !== undefined) return newest(messageKey(channelId, before), limit)
  if (around === undefined) return newest(end, limit)
  const younger = Math.floor((limit - 1) / 2)
  return [...next(around, younger), ...newest(justAfter(messageKey(channelId, around)), limit - younger)]
}
