import { errorReply, type HttpReply, jsonReply } from '../gateway/reply.ts'
import { Fault, type FaultCode } from '../internal/errors.ts'

/** Thrown where a request is not done: what the client is told instead, in Discord's form. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reply: HttpReply

  /** @param code Discord's JSON error code, 0 for errors of HTTP itself */
  constructor(status: number, code: number, message: string) {
    super(message)
    this.reply = errorReply(status, message, code)
  }
}

/** What is wrong with one field of a form. */
export interface FieldError {
  /** Where: the names and indexes that lead to the field; none for the form as a whole. */
  readonly path: readonly (string | number)[]
  /** Discord's word, such as BASE_TYPE_REQUIRED. */
  readonly code: string
  readonly message: string
}

interface FieldErrors {
  _errors?: { code: string; message: string }[]
  [field: string]: FieldErrors | FieldErrors['_errors']
}

/** The 400 for a body, a query or a path that breaks its schema: each field's errors, in a tree of the form's shape. */
export class InvalidForm extends Error {
  override readonly name = 'InvalidForm'
  readonly reply: HttpReply

  constructor(fieldErrors: readonly FieldError[]) {
    super('Invalid Form Body')
    const errors: FieldErrors = Object.create(null)
    for (const error of fieldErrors) place(errors, error)
    this.reply = jsonReply(400, { message: this.message, code: 50_035, errors })
  }
}

function place(root: FieldErrors, { path, code, message }: FieldError): void {
  let at = root
  for (const step of path) {
    const below = at[step]
    const next: FieldErrors = below === undefined || Array.isArray(below) ? Object.create(null) : below
    at[step] = next
    at = next
  }
  at._errors = [...(at._errors ?? []), { code, message }]
}

export const unauthorized = (): Refusal => new Refusal(401, 0, '401: Unauthorized')
export const unknownUser = (): Refusal => new Refusal(404, 10_013, 'Unknown User')
export const emptyMessage = (): Refusal => new Refusal(400, 50_006, 'Cannot send an empty message')
export const notTheAuthor = (): Refusal => new Refusal(403, 50_005, 'Cannot edit a message authored by another user')
export const invalidJson = (): Refusal => new Refusal(400, 50_109, 'The request body contains invalid JSON.')

type Refused = readonly [status: number, code: number, message: string]

const OVERLOADED: Refused = [503, 130_000, 'API resource is currently overloaded. Try again a little later']

/** Discord's words for the faults that actors answer requests with. A fault that is not here is a defect: a 500. */
const OF_FAULTS: Partial<Record<FaultCode, Refused>> = {
  unknown_channel: [404, 10_003, 'Unknown Channel'],
  unknown_guild: [404, 10_004, 'Unknown Guild'],
  unknown_invite: [404, 10_006, 'Unknown Invite'],
  unknown_message: [404, 10_008, 'Unknown Message'],
  unknown_user: [404, 10_013, 'Unknown User'],
  missing_access: [403, 50_001, 'Missing Access'],
  missing_permissions: [403, 50_013, 'Missing Permissions'],
  channel_limit: [400, 30_013, 'Maximum number of guild channels reached (500)'],
  member_limit: [400, 30_019, 'Maximum number of server members reached'],
  guild_busy: OVERLOADED,
  guild_unavailable: OVERLOADED,
  storage_busy: OVERLOADED,
  storage_failed: OVERLOADED,
  storage_unreachable: OVERLOADED,
  body_too_large: [413, 40_005, 'Request entity too large'],
}

/** What the client is told of an error; undefined for a defect of the server. */
export function replyTo(error: unknown): HttpReply | undefined {
  if (error instanceof Refusal || error instanceof InvalidForm) return error.reply
  const refused = error instanceof Fault ? OF_FAULTS[error.code] : undefined
  return refused && errorReply(refused[0], refused[2], refused[1])
}

/** Whether `error` is the fault with this code. */
export function isFault(error: unknown, code: FaultCode): boolean {
  return error instanceof Fault && error.code === code
}
