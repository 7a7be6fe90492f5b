/** What the specs of worker threads run in them. */
let calls = 0

export const add = (a, b) => a + b
export const count = () => ++calls
export const later = async (value) => value
export const notAFunction = 7

/** Says that it has begun, in shared memory, and never ends. */
export function spin(flag) {
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
  for (;;) Atomics.add(flag, 1, 1)
}

/** Says that it has begun, and waits until it may end. */
export function wait(flag) {
  Atomics.add(flag, 0, 1)
  Atomics.notify(flag, 0)
  Atomics.wait(flag, 1, 0)
  return 'waited'
}

export function fail(message) {
  throw new RangeError(message)
}

export function throwText() {
  throw 'text'
}

export function leave(code) {
  process.exit(code)
}

/** An error that nobody catches: outside the call. */
export function crash() {
  setImmediate(() => {
    throw new TypeError('crashed')
  })
  return new Promise(() => {})
}

/** Answers first, and crashes when it is told to. */
export function crashWhenTold(flag) {
  setInterval(() => {
    if (Atomics.load(flag, 0) === 1) throw new TypeError('crashed later')
  }, 1)
}

export const returnFunction = () => () => {}
