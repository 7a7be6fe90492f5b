import type { Reason } from './exit.ts'
import { describe } from './exit.ts'

export type ReportLevel = 'error' | 'warning' | 'notice' | 'info'

/** Something an operator may want to know, as data. Labels and keys are OTP's. */
export interface Report {
  readonly level: ReportLevel
  /** Who reports what: `['supervisor', 'child_terminated']`, `['gen_server', 'terminate']`, `['proc_lib', 'crash']`. */
  readonly label: readonly [string, string]
  readonly details: Readonly<Record<string, unknown>>
}

/** Receives every report of a node. Must not throw. */
export type Reporter = (report: Report) => void

const LEVELS: Record<ReportLevel, number> = { error: 0, warning: 1, notice: 2, info: 3 }

/** A reporter that writes one line a report, for those up to `level`. */
export function lineReporter(write: (line: string) => void, level: ReportLevel = 'notice'): Reporter {
  return (report) => {
    if (LEVELS[report.level] > LEVELS[level]) return
    const details = Object.entries(report.details).map(([key, value]) => `${key}=${text(value)}`)
    write(`[${report.level}] ${report.label.join(' ')} ${details.join(' ')}`)
  }
}

function text(value: Reason): string {
  return value instanceof Error ? (value.stack ?? String(value)) : describe(value)
}
