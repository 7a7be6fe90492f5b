/** In the run queue, or being run. */
export const QUEUED = 1
/** Waits for an async handler, or for something else than a message: takes no message until that is there. */
export const BUSY = 2
export const TRAPS_EXITS = 4
export const ENDED = 8
export const STARTED = 16
/** Its slice is what runs. */
export const RUNNING = 2048
/** Its mailbox has a bound: see mailbox-bound.ts. */
export const BOUNDED = 32
/** It is traced, or the node has a system monitor: what it does takes the way of observe.ts. */
export const OBSERVED = 64
/** The priority, as one of 0 (normal) to 3; see scheduler.ts. */
export const PRIORITY_SHIFT = 7
export const PRIORITY: number = 3 << PRIORITY_SHIFT
/** Started under OTP's start protocol (proc_lib): its crash is reported as such. */
export const PROC_LIB = 512
/** Started linked or monitored under that protocol: the exit of its parent is not for its handlers. */
export const HAS_PARENT = 1024
/** The entries that proc_lib makes are in its dictionary, or were erased from it: they follow from nothing else now. */
export const ENTRIES_KEPT = 4096
