import { Fault } from '../../internal/errors.ts'
import { describe, type Reason } from '../../kernel/exit.ts'
import { Pid } from '../../kernel/pid.ts'
import { hintFor, withHint } from '../bad-return.ts'

/** What would be right, by the terms in which OTP says what is wrong with a supervisor's specification. */
const RIGHT: Readonly<Record<string, string>> = {
  invalid_type:
    'a specification is an object, { strategy, children, ... }, or { maxChildren, ... } of a dynamic supervisor',
  invalid_strategy: 'a strategy is one_for_one, one_for_all, rest_for_one or simple_one_for_one',
  invalid_intensity: 'intensity is a number of restarts, 0 or more',
  invalid_period: 'period is a number of seconds, 1 or more',
  invalid_auto_shutdown:
    'autoShutdown is never, any_significant or all_significant; of a dynamic supervisor it is always never',
  missing_id: 'a child has an id, or a name: child(Module, args, { id })',
  missing_start: 'a child has a function start, as child(Module, args, { id }) makes it',
  invalid_mfa: 'start is a function of the supervisor, as child(Module, args, { id }) makes it',
  invalid_child_spec: 'a child is what child(Module, args, { id }) makes, or an object { id, start, ... }',
  duplicate_child_name: 'each child of a supervisor has an id of its own',
  invalid_restart_type: 'restart is permanent, transient or temporary; of a consumer supervisor it is not permanent',
  invalid_significant: 'significant is true or false',
  bad_combination: 'significant is for children that are not permanent, under a supervisor with autoShutdown',
  invalid_child_type: 'the type of a child is worker or supervisor',
  invalid_max_children: 'maxChildren is a number, 0 or more, or Infinity',
  invalid_extra_arguments: 'extraArguments is an array',
  invalid_shutdown: 'shutdown is a number of milliseconds, Infinity or brutal_kill',
  invalid_modules: 'modules is an array of modules, or dynamic',
  bad_start_spec:
    'simple_one_for_one has exactly one child: Supervisor.template(Module, args), and so has a consumer supervisor',
  bad_return: 'init of a supervisor module returns a specification, or ignore()',
}

const OUTER: readonly unknown[] = ['bad_return', 'bad_start_spec', 'start_spec', 'supervisor_data']

/**
 * What is wrong, and what would be right, when a supervisor did not start because of how it, or its child, is written;
 * undefined when the reason is another.
 */
export function mistakeIn(reason: Reason): string | undefined {
  if (reason instanceof Fault && reason.code === 'function_clause') return reason.message
  if (!Array.isArray(reason)) return undefined
  if (OUTER.includes(reason[0])) return `${describe(reason)}: ${hintFor(reason) ?? whatIsRight(reason)}`
  const [why, failed] = reason as readonly unknown[]
  if (why !== 'shutdown' || !Array.isArray(failed) || failed[0] !== 'failed_to_start_child') return undefined
  const [, id, result] = failed as readonly unknown[]
  if (Array.isArray(result) && OUTER.includes(result[0])) return `${describe(id)}: ${mistakeIn(result)}`
  if (result !== undefined && !(result instanceof Pid)) return undefined
  return `start of ${describe(id)} gave ${describe(result)}: it returns ['ok', pid], 'ignore' or ['error', reason]`
}

/** OTP's reason for a wrong child, which does not say that it was `child`, the one at `index`; its hint does. */
export function startSpec(wrong: Reason, child: unknown, index: number): Reason {
  const reason = ['start_spec', wrong] as const
  return withHint(reason, `child ${index + 1} (${labelOf(child)}): ${whatIsRight(reason)}`)
}

/** How a child is known to who wrote it: by its id, by its module, or by what it is. */
function labelOf(child: unknown): string {
  try {
    const { id, modules } = Object(child) as { readonly id?: unknown; readonly modules?: unknown }
    if (id !== undefined) return describe(id)
    const [module] = Array.isArray(modules) ? (modules as unknown[]) : []
    const { moduleName } = Object(module) as { readonly moduleName?: unknown }
    return moduleName === undefined ? describe(child, 1) : `a ${describe(moduleName)}`
  } catch {
    return describe(child, 1) // a getter of it threw
  }
}

function whatIsRight([tag, what]: readonly unknown[]): string {
  const key = tag === 'bad_return' || tag === 'bad_start_spec' ? tag : Array.isArray(what) ? what[0] : what
  return RIGHT[String(key)] ?? 'see SupervisorSpec and ChildSpec'
}
