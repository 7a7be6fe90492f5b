import { isOrderly, type Reason } from '../../kernel/exit.ts'

/**
 * When a child that has ended is started again. The restart types are OTP's (supervisor.erl, `do_restart/3`); a reason
 * is orderly when it is `normal`, `shutdown` or `['shutdown', term]`:
 *
 *                  orderly                   any other reason
 *     permanent    reported, started again   reported, started again
 *     transient    -                         reported, started again
 *     temporary    -                         reported
 */
export type Restart = 'permanent' | 'transient' | 'temporary'

export function isStartedAgain(restart: Restart, reason: Reason): boolean {
  return restart === 'permanent' || (restart === 'transient' && !isOrderly(reason))
}

/** Whether the end is reported as an error of the child. */
export function isReported(restart: Restart, reason: Reason): boolean {
  return restart === 'permanent' || !isOrderly(reason)
}
