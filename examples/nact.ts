import { type ActorContext, dispatch, query, type Ref, spawn } from 'nact'
import { createNode } from '../lib/index.ts'
import { NactHost, toRef } from '../lib/nact/index.ts'

/**
 * `npm run example nact`: actors written for nact, which know nothing of supervisors, live under one. A message that
 * one of them cannot digest ends its system, and the supervisor starts all of it again.
 */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

// --- the actors, as they are in an application that uses nact alone

type Contact = { readonly name: string; readonly email: string }
type Contacts = Readonly<Record<string, Contact>>
type Request =
  | { readonly type: 'create'; readonly contact: Contact }
  | { readonly type: 'find'; readonly name: string; readonly sender: Ref<string> }

function contacts(this: ActorContext<Request, Ref<never>>, state: Contacts = {}, request: Request): Contacts {
  switch (request.type) {
    case 'create':
      if (!request.contact.email.includes('@')) throw new Error(`no address: ${request.contact.email}`)
      return { ...state, [request.contact.name]: request.contact }
    case 'find':
      dispatch(request.sender, state[request.name]?.email ?? 'nobody')
      return state
  }
}

// --- the tree they live in now

await using node = createNode({
  reporter: ({ label, details }) => {
    if (label[1] !== 'child_terminated') return
    const [, actor, error] = details.reason as readonly [string, string, Error]
    tell(`the supervisor reports: the actor ${actor} crashed with "${error.message}"`)
  },
})
const host = NactHost.child((system) => spawn(system, contacts, 'contacts'), { name: 'contacts' })
await node.supervise({ children: [host] })

const find = (actor: Ref<Request>, name: string) =>
  query(actor, (sender: Ref<string>): Request => ({ type: 'find', name, sender }), 5000)

const first = await NactHost.actors<Ref<Request>>(node, 'contacts')
dispatch(first, { type: 'create', contact: { name: 'Alice', email: 'alice@example.com' } })
tell(`Alice: ${await find(first, 'Alice')}`)

const before = node.whereis('contacts')
dispatch(first, { type: 'create', contact: { name: 'Bob', email: 'no address at all' } })
while (node.whereis('contacts') === before || node.whereis('contacts') === undefined) await node.sleep(1)

const second = await NactHost.actors<Ref<Request>>(node, 'contacts')
tell(`after the restart, Alice: ${await find(second, 'Alice')}`)
dispatch(second, { type: 'create', contact: { name: 'Carol', email: 'carol@example.com' } })
tell(`Carol: ${await find(second, 'Carol')}`)

// --- and a process of this side that nact's own functions talk to

const greeter = node.spawn(async function () {
  const { name, sender } = await this.receive<{ name: string; sender: Ref<string> }>()
  dispatch(sender, `hello, ${name}`)
})
tell(await query(toRef(node, greeter), (sender: Ref<string>) => ({ name: 'Dora', sender }), 5000))
