// Registry: the process under one of 100,000 unique keys is looked up, or an event is dispatched to the ten under a
// duplicate key, each of which counts as an operation when it has arrived.
import { createNode, loop, Registry } from '../../dist/lib/index.js'
import { measureRate } from '../measure.mjs'

const KEYS = 100_000
const LISTENERS = 10

const node = createNode()
const names = new Registry('names', { keys: 'unique' })
const topics = new Registry('topics', { keys: 'duplicate' })
await node.supervise({ children: [names.child(), topics.child()] })

const works = {
  'registry-lookup': async () => {
    const keys = Array.from({ length: KEYS }, (_, key) => `room ${key}`)
    let registered = 0
    await new Promise((resolve) => {
      for (const key of keys) {
        node.spawn(async function () {
          names.register(this, key)
          if (++registered === KEYS) resolve()
          await this.receive()
        })
      }
    })
    return async (size) => {
      let found = 0
      for (let i = 0; i < size; i++) if (names.whereis(node, keys[(i * 7919) % KEYS]) !== undefined) found++
      return found
    }
  },
  'registry-dispatch': async () => {
    let count = 0
    let awaited = 0
    let reached
    const listen = loop(function (message) {
      if (message === 'begin') topics.register(this, 'topic')
      else if (++count === awaited) reached()
    }, undefined)
    for (let i = 0; i < LISTENERS; i++) node.send(node.spawn(listen), 'begin')
    await new Promise((resolve) => setImmediate(resolve))
    const send = (entries) => {
      for (const [pid] of entries) node.send(pid, 'event')
    }
    return async (size) => {
      const before = count
      await new Promise((resolve) => {
        awaited = count + size
        reached = resolve
        for (let sent = 0; sent < size; sent += LISTENERS) topics.dispatch(node, 'topic', send)
      })
      return count - before
    }
  },
}

await measureRate(await works[process.argv[2]]())
