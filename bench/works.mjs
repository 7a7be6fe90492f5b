// The works that every contender does. A batch is the amount done between two looks at the clock, the same for all;
// `goals` are the ratios to reach, ours over the peer's.

/**
 * @typedef {object} Work
 * @property {string} key the name on the command line, and of ours in works/
 * @property {string} name
 * @property {'M/s' | 'bytes'} unit
 * @property {'more' | 'less'} better
 * @property {number} batch operations in a batch; for memory, how many servers are started
 * @property {Record<string, number>} goals
 */

/** @type {readonly Work[]} */
export const WORKS = [
  {
    key: 'ping-pong',
    name: 'ping-pong between two processes',
    unit: 'M/s',
    better: 'more',
    batch: 200_000,
    goals: { BEAM: 6, nact: 8 },
  },
  {
    key: 'cast',
    name: 'casts to one GenServer',
    unit: 'M/s',
    better: 'more',
    batch: 500_000,
    goals: { BEAM: 1.2, ractor: 1.2, nact: 8 },
  },
  {
    key: 'call',
    name: 'one caller, call after call',
    unit: 'M/s',
    better: 'more',
    batch: 100_000,
    goals: { BEAM: 6, ractor: 1, nact: 8 },
  },
  {
    key: 'start-stop',
    name: 'start and stop a GenServer',
    unit: 'M/s',
    better: 'more',
    batch: 20_000,
    goals: { BEAM: 4, ractor: 1, nact: 8 },
  },
  {
    key: 'idle-memory',
    name: 'memory of an idle GenServer',
    unit: 'bytes',
    better: 'less',
    batch: 200_000,
    goals: { BEAM: 0.3 },
  },
  {
    key: 'fan-out',
    name: 'cast fan-out to 100,000 processes',
    unit: 'M/s',
    better: 'more',
    batch: 1_000_000,
    goals: { BEAM: 4, nact: 8 },
  },
]
