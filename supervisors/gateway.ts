import { GATEWAY_LISTENER, GatewayListener, type ListenerOptions } from '../actors/gateway-listener.ts'
import { CONNECTIONS } from '../actors/open-connection.ts'
import { type ChildSpec, child, DynamicSupervisor, Supervisor } from '../lib/behaviours/index.ts'

/*
 *     gateway  (one_for_all)
 *     ├── gateway_listener           the port; not there on a node that serves no clients
 *     └── connections                (dynamic)
 *         └── GatewayConnection ...  temporary: the client comes back
 *
 * The listener is stopped last: until then connections can tell their clients to go elsewhere.
 */
export function gatewayTree(listener?: ListenerOptions): ChildSpec {
  const listeners = listener === undefined ? [] : [child(GatewayListener, [listener], { name: GATEWAY_LISTENER })]
  const connections = DynamicSupervisor.child({}, { name: CONNECTIONS })
  return Supervisor.child({ strategy: 'one_for_all', children: [...listeners, connections] }, { name: 'gateway' })
}
