import { type Pid, reply } from '../../lib/index.ts'
import type { Scenario } from './harness/scenario.ts'
import { started, startSrv } from './harness/srv.ts'

/** What runs in a process: the functions that the BEAM runs a server's waiting and its hibernation with. */
const FUNCTIONS: Readonly<Record<string, readonly [string, string, number]>> = {
  loop: ['gen_server', 'loop', 7],
  hibernate: ['erlang', 'hibernate', 3],
}

/** hibernate and hibernate_after: observable only through current_function. */
export const main: Scenario = async function (scn) {
  const cf = async (pid: Pid): Promise<string> => {
    await this.sleep(20)
    const [, where] = this.node.processInfo(pid, 'current_function') ?? []
    return scn.fmt(FUNCTIONS[where?.[1] ?? ''])
  }
  const p = await started(startSrv(this, { name: 's' }))
  scn.log(`idle ${await cf(p)}`)
  await this.call(p, 'do', (_from, state) => reply('ok', state, { hibernate: true }))
  scn.log(`after hibernate ${await cf(p)}`)
  await this.call(p, 'get')
  scn.log(`woken ${await cf(p)}`)
  const q = await started(startSrv(this, { name: 'q' }, { hibernateAfter: 10 }))
  await this.sleep(30)
  scn.log(`hibernate_after ${await cf(q)}`)
  await this.call(q, 'get')
  await this.sleep(30)
  scn.log(`again ${await cf(q)}`)
}
