// The works that every contender does. A batch is the amount done between two looks at the clock, the same for all;
// `goals` are the ratios to reach, ours over the peer's.

/**
 * @typedef {object} Work
 * @property {string} key the name on the command line, and of ours in works/
 * @property {string} name
 * @property {'M/s' | 'bytes'} unit
 * @property {'more' | 'less'} better
 * @property {string} [script] of ours in works/, when it is not the key
 * @property {readonly string[]} [peers] who else does it; everyone unless told otherwise
 * @property {{ readonly name: string, readonly key: string }} [beside] another work of ours that stands as a peer
 * @property {Record<string, number>} [bounds] figures that stand as peers
 * @property {number} batch operations in a batch; for memory, how many servers are started
 * @property {Record<string, number>} [goals]
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
  {
    key: 'call-from-full',
    name: 'call, a million messages waiting',
    unit: 'M/s',
    better: 'more',
    batch: 100_000,
    peers: [],
    beside: { name: 'empty', key: 'call-from-empty' },
    goals: { empty: 1 / 1.2 },
  },
  {
    key: 'timers',
    name: 'timers, a million pending',
    unit: 'M/s',
    better: 'more',
    batch: 100_000,
    peers: ['BEAM'],
    bounds: { '1 us each': 1 },
    goals: { '1 us each': 1 },
  },
  {
    key: 'resident-process',
    script: 'resident',
    name: 'resident bytes of a process',
    unit: 'bytes',
    better: 'less',
    batch: 1_000_000,
    peers: ['BEAM'],
  },
  {
    key: 'resident-server',
    script: 'resident',
    name: 'resident bytes of a GenServer',
    unit: 'bytes',
    better: 'less',
    batch: 1_000_000,
    peers: ['BEAM'],
  },
  {
    key: 'supervisor',
    name: 'supervisor with 10,000 children',
    unit: 'M/s',
    better: 'more',
    batch: 10_000,
    peers: ['BEAM'],
  },
  {
    key: 'registry-lookup',
    script: 'registry',
    name: 'Registry lookup, 100,000 keys',
    unit: 'M/s',
    better: 'more',
    batch: 100_000,
    peers: [],
  },
  {
    key: 'registry-dispatch',
    script: 'registry',
    name: 'Registry dispatch to 10',
    unit: 'M/s',
    better: 'more',
    batch: 100_000,
    peers: [],
  },
  {
    key: 'statem',
    name: 'gen_statem transitions',
    unit: 'M/s',
    better: 'more',
    batch: 200_000,
    peers: ['BEAM'],
  },
  {
    key: 'async-stream',
    name: 'Task.asyncStream, 16 at a time',
    unit: 'M/s',
    better: 'more',
    batch: 20_000,
    peers: [],
  },
]
