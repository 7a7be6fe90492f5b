import {
  ALIAS_SEND,
  CALL_FAILED,
  CALL_FORGOTTEN,
  CALL_REQUEST,
  CAST,
  DEMONITOR,
  DOWN,
  EXIT,
  LINK,
  LINK_EXIT,
  MONITOR,
  REPLY,
  SEND,
  type Signal,
  SPAWN,
  SPAWNED,
  UNLINK,
} from '../kernel/remote-signals.ts'

/** Whether a decoded value is a signal: of a known kind, with fields of the types that the kernel relies on. */
export function isSignal(value: unknown): value is Signal {
  if (!Array.isArray(value)) return false
  const [kind, a, b, c, d, e, f] = value as readonly unknown[]
  switch (kind) {
    case SEND:
      return value.length === 3 && isTo(a)
    case ALIAS_SEND:
      return value.length === 3 && isId(a)
    case SPAWN:
      return (
        value.length === 8 &&
        isId(a) &&
        isId(b) &&
        typeof c === 'string' &&
        Array.isArray(d) &&
        typeof e === 'boolean' &&
        typeof f === 'boolean' &&
        typeof value[7] === 'object' &&
        value[7] !== null
      )
    case SPAWNED:
      return value.length === 4 && isId(a) && (b === false || (b === true && isId(c)))
    case CAST:
      return value.length === 4 && isTo(a) && typeof b === 'string'
    case CALL_REQUEST:
      return (
        value.length === 8 &&
        isTo(a) &&
        isId(b) &&
        isId(c) &&
        (d === 0 || d === 1 || d === 2) &&
        typeof e === 'boolean' &&
        typeof f === 'string'
      )
    case REPLY:
      return value.length === 5 && isId(a) && isId(c) && typeof d === 'boolean'
    case CALL_FAILED:
      return value.length === 4 && isId(a) && typeof c === 'boolean'
    case LINK:
    case UNLINK:
      return value.length === 3 && isId(a) && isId(b)
    case LINK_EXIT:
    case EXIT:
      return value.length === 4 && isId(a) && isId(b)
    case MONITOR:
      return value.length === 3 && isId(a) && isTo(b)
    case DEMONITOR:
    case CALL_FORGOTTEN:
      return value.length === 2 && isId(a)
    case DOWN:
      return value.length === 3 && isId(a)
    default:
      return false
  }
}

function isTo(value: unknown): boolean {
  return typeof value === 'string' || isId(value)
}

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
