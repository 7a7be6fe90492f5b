import type { APIMessage } from 'discord-api-types/v10'
import type { Caller } from '../lib/kernel/context.ts'
import type { MessageQuery } from '../lib/storage/port.ts'
import type { Snowflake } from '../lib/storage/snowflake.ts'
import type { House } from './house.ts'

/** A channel's messages, the newest first. Fails as the functions of guild-client.ts do. */
export declare function messages(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  query: MessageQuery,
): Promise<APIMessage[]>
/** One message; `unknown_message` when there is none. */
export declare function message(
  caller: Caller,
  house: House,
  userId: Snowflake,
  channelId: Snowflake,
  messageId: Snowflake,
): Promise<APIMessage>
