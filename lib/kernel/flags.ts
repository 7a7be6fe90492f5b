/** In the run queue, or being run. */
export const QUEUED = 1
/** Waits for an async handler, or for something else than a message: takes no message until that is there. */
export const BUSY = 2
export const TRAPS_EXITS = 4
export const ENDED = 8
export const STARTED = 16
