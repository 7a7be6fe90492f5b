import { type FaultCode, fault } from '../lib/internal/errors.ts'

/**
 * What an actor answers to a request that may be refused: OTP's `{ok, Value}` and `{error, Reason}`. A refusal is an
 * answer; only what should not happen crashes. Client functions turn a refusal into a fault with the same code.
 */
export type Outcome<T> = readonly ['ok', T] | Refused
export type Refused = readonly ['error', FaultCode, detail: string]

export function refused(code: FaultCode, detail: string): Refused {
  return ['error', code, detail]
}

export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome[0] === 'error') throw fault(outcome[1], outcome[2])
  return outcome[1]
}
