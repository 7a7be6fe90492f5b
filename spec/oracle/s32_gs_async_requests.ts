import {
  checkResponse,
  exit,
  type RequestIds,
  receiveResponse,
  reply,
  reqidsAdd,
  reqidsNew,
  reqidsSize,
  sendRequest,
  waitResponse,
} from '../../lib/index.ts'
import type { Scenario } from './harness/scenario.ts'
import { type DoCall, type SrvApi, started, startSrv } from './harness/srv.ts'

/** send_request / wait_response / receive_response / check_response and collections. */
export const main: Scenario = async function (scn) {
  const p = await started(startSrv(this, { name: 'p' }))
  const slow: DoCall = async function (_from, state) {
    await this.sleep(60)
    return reply('slow', state)
  }
  const r1 = sendRequest(this, p, 'get')
  scn.log(`receive_response -> ${scn.fmt(await receiveResponse(this, r1, 1000))}`)
  const r2 = sendRequest(this, p, 'do', slow)
  scn.log(`wait_response short -> ${scn.fmt(await waitResponse(this, r2, 10))}`)
  scn.log(`wait again -> ${scn.fmt(await waitResponse(this, r2, 1000))}`)
  const r3 = sendRequest(this, p, 'do', slow)
  scn.log(`receive_response short -> ${scn.fmt(await receiveResponse(this, r3, 10))} (abandons)`)
  await this.sleep(100)
  await scn.mailbox(this, 'late reply dropped')
  const r4 = sendRequest<SrvApi, 'get'>(this, await scn.dead(this), 'get')
  scn.log(`dead server -> ${scn.fmt(await receiveResponse(this, r4, 1000))}`)
  const r5 = sendRequest<SrvApi, 'get'>(this, 'nosuch', 'get')
  scn.log(`unregistered -> ${scn.fmt(await receiveResponse(this, r5, 1000))}`)
  const r6 = sendRequest(this, p, 'get')
  const m = await this.receive()
  const matched = scn.fmt(checkResponse(m, r6))
  scn.log(`check_response match -> ${matched}; other msg -> ${scn.fmt(checkResponse('other', r6))}`)
  const c = await started(startSrv(this, { term: () => 'ok' }))
  const r7 = sendRequest(this, c, 'do', () => exit('died'))
  scn.log(`server dies -> ${scn.fmt(await receiveResponse(this, r7, 1000))}`)
  const col0 = reqidsNew()
  scn.log(`empty collection -> ${scn.fmt(await receiveResponse(this, col0, 10, true))}`)
  let col: RequestIds = col0
  for (const i of [1, 2, 3]) col = reqidsAdd(sendRequest(this, p, 'i', i), ['label', i], col)
  scn.log(`size ${reqidsSize(col)}`)
  for (;;) {
    const next = await receiveResponse(this, col, 1000, true)
    if (next === 'no_request' || next === 'timeout') {
      scn.log(next)
      break
    }
    const [response, label, left] = next
    scn.log(`${scn.fmt(response)} ${scn.fmt(label)} left ${reqidsSize(left)}`)
    col = left
  }
  const colT = reqidsAdd(sendRequest(this, p, 'do', slow), 'l', col0)
  scn.log(`collection timeout -> ${scn.fmt(await receiveResponse(this, colT, 5, true))}`)
}
