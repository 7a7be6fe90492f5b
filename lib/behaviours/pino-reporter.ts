import { fault } from '../internal/errors.ts'
import { describe } from '../kernel/exit.ts'
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
 * OTP's levels become pino's (`notice` is `info`). A line has the report's details under their own names, `label` and
 * `domain` as OTP's logger has them, and as `err` the error that a process ended with, which pino's serializer writes
 * with its stack. What JSON has no form for is written as text: pids, references, functions, errors, class instances,
 * and whatever is nested deeper than eight levels; maps and sets are written as arrays. The logger's own level decides
 * what is written, before any of this work.
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
  const err = errorIn(details)
  return {
    label,
    ...(domain && { domain }),
    ...(pid && { process: String(pid) }),
    ...(node !== undefined && { node }),
    ...(time !== undefined && { reported: time }),
    ...(err && { err }),
    ...(jsonOf(details, DEPTH) as object),
  }
}

/** The error that a report is about. */
function errorIn(details: Report['details']): Error | undefined {
  if (details.reason instanceof Error) return details.reason
  const [crash] = Array.isArray(details.report) ? (details.report as unknown[]) : []
  const [, reason] = (crash as { error_info?: readonly unknown[] } | undefined)?.error_info ?? []
  return reason instanceof Error ? reason : undefined
}

const DEPTH = 8

/** The value as JSON can hold it. Undefined stays: JSON leaves such a key out. */
function jsonOf(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return describe(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return describe(value)
  if (value instanceof Map || value instanceof Set) return jsonOf([...value], depth)
  if (Array.isArray(value)) return value.map((part) => jsonOf(part, depth - 1))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return describe(value)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonOf(part, depth - 1)]))
}
