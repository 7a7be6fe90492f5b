import { type Fault, type FaultCode, fault, isFaultCode } from '../internal/errors.ts'

/** A fault on its way to another OS process, as plain data. */
export interface FaultMessage {
  readonly code: string
  readonly message: string
}

/** The fault as it was thrown there; one of a code that is not known here has the code `otherwise`. */
export function faultFrom({ code, message }: FaultMessage, otherwise: FaultCode): Fault {
  if (!isFaultCode(code)) return fault(otherwise, message)
  // The text of the table stands in front of the detail, and is put there again.
  const text = fault(code).message
  const detailed = message.startsWith(`${text} (`) && message.endsWith(')')
  return detailed
    ? fault(code, message.slice(text.length + 2, -1))
    : fault(code, message === text ? undefined : message)
}
