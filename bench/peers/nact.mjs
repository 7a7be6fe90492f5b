// nact 7 on the same works. It has actors, no servers: a call is a query, a start and stop is a spawn whose afterStop ran.
import { dispatch, query, spawn, start, stop } from 'nact'
import { measureMemory, measureRate } from '../measure.mjs'

const system = start()
const QUERY_TIMEOUT = 5_000
/** Messages that a sender sends before it lets others run; nact is slower with one burst. */
const SLICE = 1000
// nact's random names have 31 bits and refuse to collide: 200,000 actors need names of their own.
let names = 0
const actor = (receive, properties) => spawn(system, receive, `a${++names}`, properties)

const works = {
  'ping-pong': () =>
    measureRate(async (size) => {
      let count = 0
      await new Promise((resolve) => {
        const pong = actor((_state, message, { self }) => dispatch(message.from, { from: self }))
        const ping = actor((_state, message, { self }) => {
          if (message.from === pong && ++count === size) resolve()
          else dispatch(pong, { from: self })
        })
        dispatch(ping, { from: ping })
      })
      return count
    }),

  cast: () =>
    measureRate(async (size) => {
      let count = 0
      await new Promise((resolve) => {
        const server = actor(
          (state) => {
            count = state + 1
            if (count === size) resolve()
            return count
          },
          { initialState: 0 },
        )
        const sender = actor((_state, left, { self }) => {
          for (let i = Math.min(left, SLICE); i > 0; i--) dispatch(server, { type: 'increment' })
          if (left > SLICE) dispatch(self, left - SLICE)
        })
        dispatch(sender, size)
      })
      return count
    }),

  call: () => {
    const server = actor(
      (state, message) => {
        dispatch(message.from, state + 1)
        return state + 1
      },
      { initialState: 0 },
    )
    let total = 0
    return measureRate(async (size) => {
      const before = total
      for (let i = 0; i < size; i++) total = await query(server, (from) => ({ from }), QUERY_TIMEOUT)
      return total - before
    })
  },

  'start-stop': () =>
    measureRate(async (size) => {
      let count = 0
      for (let i = 0; i < size; i++) {
        await new Promise((resolve) => {
          stop(actor((state) => state, { initialState: 0, afterStop: resolve }))
        })
        count++
      }
      return count
    }),

  'idle-memory': () =>
    measureMemory((size) => Array.from({ length: size }, () => actor((state) => state, { initialState: 0 }))),

  'fan-out': () => {
    let count = 0
    let awaited = 0
    let reached
    const receive = () => {
      if (++count === awaited) reached()
    }
    const actors = Array.from({ length: 100_000 }, () => actor(receive))
    const sender = actor((_state, waves, { self }) => {
      const message = { waves }
      for (const each of actors) dispatch(each, message)
      if (waves > 1) dispatch(self, waves - 1)
    })
    return measureRate(async (size) => {
      const before = count
      await new Promise((resolve) => {
        awaited = count + size
        reached = resolve
        dispatch(sender, size / actors.length)
      })
      return count - before
    })
  },
}

await works[process.argv[2]]()
