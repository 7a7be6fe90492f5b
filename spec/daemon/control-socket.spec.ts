import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { askDaemon, openControlSocket } from '../../lib/daemon/control-socket.ts'
import { fault } from '../../lib/internal/errors.ts'
import { dataFolder } from './daemon.ts'

t.test('an operator asks and is answered', async (t) => {
  const folder = dataFolder(t)
  await t.rejects(askDaemon(folder, 'echo'), { code: 'not_running' })
  writeFileSync(join(folder, 'control.sock'), 'left behind')
  const socket = await openControlSocket(folder, {
    echo: async (argument) => ({ heard: argument }),
    refuse: () => Promise.reject(fault('unknown_guild', 'the tea house')),
    break: () => Promise.reject(new Error('a defect')),
  })
  t.same(await askDaemon(folder, 'echo', 'hi'), { heard: 'hi' })
  await t.rejects(
    askDaemon(folder, 'refuse'),
    fault('unknown_guild', 'the tea house'),
    'a fault arrives as it was thrown',
  )
  await t.rejects(askDaemon(folder, 'break'), { code: 'control_failed', message: /a defect/ })
  for (const unknown of ['dance', 'toString', '__proto__']) {
    await t.rejects(askDaemon(folder, unknown), { code: 'control_failed', message: /no operation/ })
  }
  await t.rejects(openControlSocket(folder, {}), { code: 'already_running' })

  t.match(await exchange(folder, 'not JSON\n'), { ok: false, code: 'control_failed' })
  t.match(await exchange(folder, '[]\n'), { ok: false, code: 'control_failed' })
  t.equal(await exchange(folder, 'x'.repeat(5000)), undefined, 'what is too long is cut off')
  t.equal(await exchange(folder, ''), undefined, 'who leaves without a request gets no answer')

  const silent = connect(join(folder, 'control.sock'))
  await once(silent, 'connect')
  await socket[Symbol.asyncDispose]()
  await once(silent, 'close')
  t.notOk(existsSync(join(folder, 'control.sock')), 'it is gone, and whoever said nothing did not hold it up')
})

/** Sends these bytes, ends, and answers what comes. */
async function exchange(folder: string, bytes: string): Promise<unknown> {
  const socket = connect({ path: join(folder, 'control.sock'), allowHalfOpen: true })
  socket.on('error', () => {})
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  socket.end(bytes)
  await once(socket, 'close')
  return text === '' ? undefined : JSON.parse(text)
}
