import { fault } from '../internal/errors.ts'
import { REPORTED_PARTS } from '../internal/limits.ts'
import { describe, errorIn } from '../kernel/exit.ts'
import type { Report, Reporter } from '../kernel/report.ts'

/**
 * The reports of a node as log lines of pino, or of any logger with its four methods. pino is not a dependency: hand
 * over the logger that your service has.
 *
 *     import pino from 'pino'
 *     import { createNode, pinoReporter } from 'guildhall'
 *
 *     const node = createNode({ reporter: pinoReporter(pino({ level: 'info' })) })
 *
 * OTP's levels become pino's (`notice` is `info`), and the text is the label. A line has, besides what the logger
 * itself and its bindings write (`level`, `time`, `pid`, `hostname`, `name`, `msg`), which nothing here takes the place
 * of:
 *
 *     label       ['gen_server', 'terminate']: who reports what
 *     domain      ['otp'], ['otp', 'sasl'], as OTP's logger has them
 *     process     the process that the report is from: a pid of the node, where pino's `pid` is that of the OS
 *     node        the node it lives on
 *     reported    milliseconds since 1970 by the node's clock
 *     err         the error that a process ended with, which pino's serializer writes with its stack and its causes
 *     details     the report's own: { name, last_message, state, reason, ... }, under OTP's names
 *
 * What JSON has no form for is written as text: pids, references, functions, errors, class instances, and whatever is
 * nested deeper than eight levels; maps and sets are written as arrays. A line is bounded: of more than REPORTED_PARTS
 * parts the rest is counted. The logger's own level decides what is written, before any of this work.
 */
export interface PinoLogger {
  error(line: object, text: string): void
  warn(line: object, text: string): void
  info(line: object, text: string): void
  debug(line: object, text: string): void
  isLevelEnabled?(level: string): boolean
}

type Method = 'error' | 'warn' | 'info' | 'debug'

const METHODS: Readonly<Record<Report['level'], Method>> = {
  error: 'error',
  warning: 'warn',
  notice: 'info',
  info: 'info',
  debug: 'debug',
}

/** A reporter that writes every report to `logger`. */
export function pinoReporter(logger: PinoLogger): Reporter {
  const isLogger = Object.values(METHODS).every((method) => typeof logger?.[method] === 'function')
  if (!isLogger) throw fault('badarg', 'a logger has the methods error, warn, info and debug')
  return (report) => {
    const method = METHODS[report.level]
    if (logger.isLevelEnabled?.(method) === false) return
    logger[method](lineOf(report), report.label.join(' '))
  }
}

function lineOf({ label, details, metadata }: Report): object {
  const { domain, pid, node, time } = metadata ?? {}
  const err = errorOf(details)
  return {
    label,
    ...(domain && { domain }),
    ...(pid && { process: String(pid) }),
    ...(node !== undefined && { node }),
    ...(time !== undefined && { reported: time }),
    ...(err && { err }),
    details: new Parts().of(details, DEPTH),
  }
}

/** The error that a report is about. */
function errorOf({ reason, error, report }: Report['details']): Error | undefined {
  const [crash] = Array.isArray(report) ? (report as unknown[]) : []
  const [, ofCrash] = (crash as { error_info?: readonly unknown[] } | undefined)?.error_info ?? []
  return errorIn(reason) ?? errorIn(error) ?? errorIn(ofCrash)
}

const DEPTH = 8

/** A value as JSON can hold it: one line's, and what it may still hold. Undefined stays: JSON leaves such a key out. */
class Parts {
  #left = REPORTED_PARTS

  of(value: unknown, depth: number): unknown {
    this.#left--
    try {
      return this.#json(value, depth)
    } catch {
      return describe(value) // a getter of it threw
    }
  }

  #json(value: unknown, depth: number): unknown {
    if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return describe(value)
    if (typeof value !== 'object' || value === null) return value
    if (depth === 0) return describe(value)
    if (value instanceof Map || value instanceof Set) return this.#list([...value], depth)
    if (Array.isArray(value)) return this.#list(value, depth)
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return describe(value)
    const fields = Object.entries(value)
    const shown = fields.slice(0, this.#room).map(([key, part]) => [key, this.of(part, depth - 1)] as const)
    return Object.fromEntries(shown.length < fields.length ? [...shown, ['...', more(fields, shown)]] : shown)
  }

  #list(values: readonly unknown[], depth: number): unknown {
    const shown = values.slice(0, this.#room).map((part) => this.of(part, depth - 1))
    return shown.length < values.length ? [...shown, `... ${more(values, shown)}`] : shown
  }

  get #room(): number {
    return Math.max(0, this.#left)
  }
}

function more(all: readonly unknown[], shown: readonly unknown[]): string {
  return `${all.length - shown.length} more`
}
