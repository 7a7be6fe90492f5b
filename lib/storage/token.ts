import { createHash } from 'node:crypto'
import { TOKEN_CHARACTERS } from '../internal/limits.ts'
import type { Clock, Random } from '../kernel/host.ts'
import { isSnowflake, type Snowflake } from './snowflake.ts'

/**
 * Tokens of bots, in the form that Discord's clients know: three base64url parts with dots between them.
 *
 *     MTE4...zY0Nw . aSFrgA . 3q2-7w...    the user's id . the second of issue, 4 bytes . 32 random bytes
 *
 * The random part alone is the secret; the other two tell an operator whose token it is and how old. Only the SHA-256
 * of a token is ever stored: whoever reads the data folder cannot log in with what is there. A plain hash is enough,
 * because 256 random bits, unlike a password, cannot be guessed however fast the guesses are.
 */
const PATTERN = /^([\w-]{2,27})\.([\w-]{6})\.([\w-]{43})$/
const SECRET_BYTES = 32
const HASH = /^[0-9a-f]{64}$/

/** A new token of this user. It is shown once and cannot be read back. */
export function createToken(userId: Snowflake, host: Pick<Clock, 'wall'> & Random): string {
  const issued = Buffer.alloc(4)
  issued.writeUInt32BE(Math.floor(host.wall() / 1000) % 2 ** 32)
  const secret = Buffer.from(host.bytes(SECRET_BYTES))
  return [Buffer.from(userId, 'latin1'), issued, secret].map((part) => part.toString('base64url')).join('.')
}

/** The user that an untrusted token names, or null when its form is wrong. Only the stored hash proves the token. */
export function tokenUser(token: unknown): Snowflake | null {
  if (typeof token !== 'string' || token.length > TOKEN_CHARACTERS) return null
  const parts = PATTERN.exec(token)
  if (parts?.[1] === undefined) return null
  const userId = Buffer.from(parts[1], 'base64url').toString('latin1')
  return isSnowflake(userId) && Buffer.from(userId, 'latin1').toString('base64url') === parts[1] ? userId : null
}

/** What is stored of a token: its SHA-256, 64 lower-case hex digits. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Whether `value` can be the result of `hashToken`. */
export function isTokenHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value)
}
