import { SESSIONS, sessionIds } from '../actors/session.ts'
import { type ChildSpec, DynamicSupervisor, Supervisor } from '../lib/behaviours/index.ts'

/*
 *     sessions_tree  (rest_for_one)
 *     ├── session_ids        the registry of their ids
 *     └── sessions           (dynamic)
 *         └── Session ...    temporary: one that crashes is lost, and its client begins anew
 */
export function sessionsTree(): ChildSpec {
  return Supervisor.child(
    { strategy: 'rest_for_one', children: [sessionIds.child(), DynamicSupervisor.child({}, { name: SESSIONS })] },
    { name: 'sessions_tree' },
  )
}
