import t from 'tap'
import { remoteStorage, STORAGE } from '../../actors/storage.ts'
import { createNode, sys } from '../../lib/behaviours/index.ts'
import { openMemoryStorage } from '../../lib/storage/memory.ts'
import { storageChild } from '../../supervisors/storage.ts'
import { wrapStorage } from '../support/wrapped-storage.ts'

t.test('a storage that is served keeps its promises and its errors', async (t) => {
  await using node = createNode({ reporter: () => {} })
  const storage = await openMemoryStorage()
  await node.supervise({ children: [storageChild(storage)] })
  const remote = remoteStorage(node, STORAGE)
  const user = { id: '5', username: 'alice', bot: true }
  await remote.createUser(user, 'a'.repeat(64))
  t.same(await remote.users(['5', '6']), [user, null])
  t.same(await remote.userByToken('a'.repeat(64)), user)
  await t.rejects(remote.createUser(user, 'a'.repeat(64)), { code: 'already_exists' })
  await t.rejects(remote.users(['x']), { code: 'badarg' })
  t.equal(await remote.raiseGeneration('7'), 1)
  t.equal(await remote.raiseGeneration('7'), 2)
  await t.rejects(remote.commit('7', { generation: 1, writes: [], events: [] }), { code: 'stale_generation' })
  const outcome = await node.call<{ call: { run(request: object): unknown } }, 'run'>(STORAGE, 'run', {
    operation: 'close',
    args: [],
  })
  t.match(outcome, ['error', { code: 'badarg' }], 'only the port is served')
  await storage.close()
  await t.rejects(remote.guild('7'), { code: 'storage_closed' })
})

t.test('operations do not wait for each other', async (t) => {
  await using node = createNode({ reporter: () => {} })
  let release: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const storage = wrapStorage(await openMemoryStorage(), async (operation, _args, run) => {
    if (operation === 'guild') await gate
    return run()
  })
  await node.supervise({ children: [storageChild(storage)] })
  const remote = remoteStorage(node, STORAGE)
  const slow = Array.from({ length: 8192 }, () => remote.guild('5'))
  await t.rejects(remote.channel('5'), { code: 'storage_busy' }, 'so many are carried out at a time')
  release()
  await Promise.all(slow)
  t.equal(await remote.channel('5'), null)
  t.equal((await sys.getState<{ pending: number }>(node, STORAGE)).pending, 0)
})

t.test('a storage that is away is unreachable', async (t) => {
  await using node = createNode({ reporter: () => {} })
  await t.rejects(remoteStorage(node, STORAGE).guild('5'), { code: 'storage_unreachable' })
  await t.rejects(remoteStorage(node, { name: STORAGE, node: 'away@host' }).guild('5'), { code: 'storage_unreachable' })
})
