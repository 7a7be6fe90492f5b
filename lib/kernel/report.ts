import { fault } from '../internal/errors.ts'
import { describe, errorIn } from './exit.ts'
import { mustBeOptions, type OptionKinds, oneOf } from './options.ts'
import type { Pid } from './pid.ts'
import { ReportStacks } from './report-stack.ts'

/** OTP logger's levels, of those below `error` only that. */
export type ReportLevel = 'error' | 'warning' | 'notice' | 'info' | 'debug'

/** Something an operator may want to know, as data. Labels and keys are OTP's. */
export interface Report {
  readonly level: ReportLevel
  /** Who reports what: `['supervisor', 'child_terminated']`, `['gen_server', 'terminate']`, `['proc_lib', 'crash']`. */
  readonly label: readonly [string, string]
  readonly details: Readonly<Record<string, unknown>>
  /** Filled in by the node: every report that a reporter gets has it. */
  readonly metadata?: ReportMetadata
}

/** What OTP's logger keeps beside a report. */
export interface ReportMetadata {
  /** Which part of the system reports: `['otp']`, `['otp', 'sasl']` for supervisors and crashes; else none. */
  readonly domain?: readonly string[]
  /** The process that the report is from. */
  readonly pid?: Pid
  /** The node it lives on. */
  readonly node?: string
  /** Milliseconds since 1970. */
  readonly time?: number
}

/** Receives every report of a node. One that throws gets no more of them: lines go to stderr instead. */
export type Reporter = (report: Report) => void

const LEVELS: Record<ReportLevel, number> = { error: 0, warning: 1, notice: 2, info: 3, debug: 4 }

function mustBeLevel(level: ReportLevel): void {
  const levels: readonly unknown[] = Object.keys(LEVELS)
  if (!levels.includes(level)) throw fault('badarg', `a level is one of ${levels.join(', ')}, not ${describe(level)}`)
}

/** The parts of the system that report in a domain of OTP's. */
const SASL = ['otp', 'sasl'] as const
const OTP = ['otp'] as const
const DOMAINS: Readonly<Record<string, readonly string[]>> = {
  supervisor: SASL,
  proc_lib: SASL,
  application_controller: SASL,
  release_handler: SASL,
  gen_server: OTP,
  gen_statem: OTP,
  gen_event: OTP,
}

const REPORT: OptionKinds<Report> = {
  level: oneOf(...Object.keys(LEVELS)),
  label: {
    right: 'a pair of strings',
    takes: (value) => Array.isArray(value) && value.length === 2 && value.every((word) => typeof word === 'string'),
  },
  details: { right: 'an object', takes: (value) => typeof value === 'object' && value !== null },
  metadata: { right: 'an object', takes: (value) => typeof value === 'object' && value !== null },
}

/** @throws Fault `badarg` for what is no report. */
export function mustBeReport(report: Report): void {
  mustBeOptions('a report', report, REPORT)
  if (report.level && report.label && report.details) return
  throw fault('badarg', 'a report has a level, a label and details')
}

/** The report with its metadata completed: the domain by its label, the node and the time. */
export function withMetadata({ level, label, details, metadata }: Report, node: string, time: number): Report {
  const domain = DOMAINS[label[0]]
  const known: ReportMetadata = domain === undefined ? { node, time } : { domain, node, time }
  return { level, label, details, metadata: metadata === undefined ? known : { ...known, ...metadata } }
}

/**
 * `reporter`, until it throws; from then on `write` gets lines, of that failure first. So OTP's logger removes a
 * handler that fails: what is reported must not change what a process does.
 */
export function replacedOnFailure(reporter: Reporter, write: (line: string) => void): Reporter {
  let current = reporter
  return (report) => {
    try {
      current(report)
    } catch (thrown) {
      current = lineReporter(write)
      current({ level: 'error', label: ['logger', 'removed_failing_handler'], details: { reason: thrown } })
      current(report)
    }
  }
}

/**
 * A reporter that writes one line a report, for those up to `level`: the label, then what there is to tell as
 * `key=value`. The stack of an error, and of its causes, follows the line, the first time that the error is reported.
 */
export function lineReporter(write: (line: string) => void, level: ReportLevel = 'notice'): Reporter {
  if (typeof write !== 'function') throw fault('badarg', 'lineReporter takes a function that writes a line')
  mustBeLevel(level)
  const stacks = new ReportStacks()
  return (report) => {
    if (LEVELS[report.level] > LEVELS[level]) return
    let line = `[${report.level}] ${report.label.join(' ')}`
    let behind = ''
    for (const [key, value] of Object.entries(fieldsOf(report))) {
      const error = key === 'reason' ? errorIn(value) : value
      if (error instanceof Error) behind += stacks.ofError(error)
      if (key === 'stack' && typeof value === 'string') behind += stacks.ofExit(value)
      else if (!isEmpty(value)) line += ` ${key}=${describe(value)}`
    }
    write(line + behind)
  }
}

type Details = Report['details']
type Crash = readonly [info: Details & { readonly error_info: readonly unknown[] }, neighbours: readonly unknown[]]

/** Of a crash report the fields of its process, and the processes that end with it. `stack` is that of an exit. */
function fieldsOf({ label, details }: Report): Details {
  if (label.join(' ') !== 'proc_lib crash') return details
  const { report, ...rest } = details
  const [{ error_info: error, ...info }, neighbours] = report as readonly unknown[] as Crash
  const [kind, reason, stack] = error
  return { ...info, reason, neighbours, ...rest, stack: kind === 'exit' ? stack : undefined }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === 'undefined' || (Array.isArray(value) && value.length === 0)
}
