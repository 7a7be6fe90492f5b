/**
 * Every error this library raises, by its stable code. The text says what was wrong and what would be right; the code
 * never changes its meaning. A module raises one with `throw fault('badarg', 'what exactly')`.
 */
const TABLE = {
  // kernel
  badarg: 'An argument is not of the kind this operation takes',
  undef: 'The function to run does not exist',
  noproc: 'No process is there',
  system_limit: 'A limit of the node is reached',
  calling_self: 'A process cannot wait for a reply of its own: answer the request directly, or cast',
  process_exited: 'The process that this context belongs to has ended; its effects are dropped',
  node_stopped: 'The node has been stopped',
  function_clause: 'No callback or function takes this',
  bad_timeout: 'A timeout is a whole number of milliseconds, 0 or more, or Infinity',
  timeout_value: 'A receive waits whole milliseconds, 0 or more, or Infinity',
  mailbox_full: 'The mailbox of the process holds as many messages as it may: ask less, or later',
  // behaviours
  bad_return_from_state_function: 'A state function returns what GenStatem has for it: nextState, keepState, stop, ...',
  bad_action_from_state_function: 'Actions are what GenStatem has for them: reply, postpone, stateTimeout, ...',
  bad_state_enter_return_from_state_function: 'A state enter call may not go to another state: do it with an event',
  bad_state_enter_action_from_state_function:
    'A state enter call may not postpone, insert an event or change the module: it has no event of its own',
  bad_reply_action_from_state_function: 'stopAndReply takes replies and no other actions',
  callback_failed: 'A callback or a function that was handed to a process threw; the state is as it was',
  upgrade_failed: 'The code of running processes could not be replaced: all of them go on as they were',
  bad_application: 'The definition of an application is wrong',
  bad_supervisor: 'The specification of a supervisor, or of one of its children, is wrong',
  not_owner: 'Only the process that started a task may wait for it, ignore it or shut it down',
  max_children: 'The supervisor has as many children as it may have: try again later, or give it a larger maxChildren',
  busy: 'More work waits than the queue holds; nothing was begun, try again later',
  thread_exited: 'The worker thread ended before it had answered',
  uncloneable: 'This value cannot be copied to a worker thread or back: only what structuredClone takes can',
  unknown_registry: 'No registry of this name runs on this node: start it under a supervisor, before what uses it',
  nolocal: 'Only processes of this node can be members here: join them on the node that they live on',
  // gateway
  port_in_use: 'Another program listens on this address: stop it, or choose another port (0 takes a free one)',
  host_unavailable: 'This host is not an address of this machine: use 127.0.0.1, 0.0.0.0 or one of its own addresses',
  port_denied: 'The system does not let this user listen on this port: choose one above 1023',
  listen_failed: 'The system refused to listen on this address',
  transport_unavailable: 'This transport cannot run here: choose another, or auto',
  body_too_large: 'The body of the request is larger than this server reads',
  request_aborted: 'The client went away before its request was complete',
  sequence_exhausted: 'The session has used up its sequence numbers: it has to identify again',
  // storage
  storage_unwritable: 'The data folder cannot be used: name a folder in which this user may create and write files',
  storage_corrupt: 'Stored data is damaged: restore the data folder from a backup, or name an empty one',
  storage_format: 'The data folder was written by another version: use that version, or name an empty folder',
  storage_unavailable: 'The storage engine does not load on this machine: install it, on a supported platform',
  storage_contended: 'Another process opened or closed the data folder at the same moment: start again',
  storage_busy: 'More writes wait for the disk than the queue holds; nothing was written, try again later',
  storage_failed: 'The disk refused a write, which is not acknowledged; the storage must be closed and opened again',
  storage_closed: 'The storage has been closed',
  stale_generation: 'The guild has been loaded again since: this owner may not write any more',
  event_exists: 'An event with this sequence or a later one is stored already in this generation',
  already_exists: 'Something with this key is stored already; nothing was written',
  snowflake_exhausted: 'Ids are made faster than the clock allows (4096 a millisecond)',
  storage_unreachable: 'What holds the storage cannot be reached; a write may have been carried out or not',
  snowflake_clock: 'The clock shows a time that no snowflake can hold: set it to a time after 2015',
  // distribution
  unencodable: 'This term cannot travel between nodes: only terms can, not functions, symbols or other class instances',
  term_too_deep: 'This term is nested too deeply to travel between nodes, or contains itself',
  signal_too_large: 'This is too much for one signal between nodes: send it in parts',
  bad_frame: 'A node sent bytes that are no valid frame; the connection to it is cut',
  frame_too_large: 'A node announced a frame larger than this one reads; the connection to it is cut',
  bad_signal: 'A node sent a signal that does not exist; the connection to it is cut',
  weak_secret: 'The secret of the cluster is too short: use at least 16 random bytes, the same on every node',
  wrong_secret: 'The other node does not have the secret of this cluster: give every node the same one',
  wrong_peer: 'Another node than the expected one answers at this address: check the list of peers',
  node_name_taken: 'Another node of this name is connected: every node of a cluster needs a name of its own',
  protocol_version: 'The other node speaks another version of the protocol: run the same release on every node',
  handshake_failed: 'What answers at the other end is no node of this kind',
  handshake_timeout: 'The other end did not complete the handshake in time',
  simultaneous_connect: 'Both nodes connected to each other at once; the other connection is the one that is kept',
  connect_failed: 'No connection to the other node can be made: is it running, and its address right?',
  connection_lost: 'The connection to the other node was lost',
  peer_silent: 'The other node has not been heard of for too long; the connection to it is cut',
  link_overflow: 'The other node does not read what is sent to it; the connection to it is cut',
  disconnected: 'The connection was closed on purpose',
  // chat backend
  guild_unavailable: 'The guild cannot be reached at present: try again later',
  guild_busy: 'More requests wait in the guild than its queue holds; nothing was done, try again later',
  unknown_guild: 'There is no guild with this id',
  unknown_channel: 'There is no channel with this id',
  unknown_message: 'There is no message with this id in the channel',
  unknown_user: 'There is no user with this id',
  unknown_invite: 'There is no invite with this code, or it is used up',
  missing_access: 'The user is not a member of the guild',
  missing_permissions: 'The user may not do this in the guild',
  channel_limit: 'The guild has as many channels as it may have',
  member_limit: 'The guild has as many members as it may have',
  // daemon
  bad_option: 'The command line cannot be understood: see `guildhall --help`',
  already_running: 'A daemon runs on this data folder already: stop it, or name another folder',
  not_running: 'No daemon runs on this data folder: start one, or name the folder of the one that runs',
  control_failed: 'The daemon on this data folder cannot be reached, or does not answer',
  worker_failed: 'A node could not be started',
  // testing
  test_timeout: 'What a test waited for did not happen; see what the node reported',
} as const

export type FaultCode = keyof typeof TABLE

export function isFaultCode(text: string): text is FaultCode {
  return typeof text === 'string' && Object.hasOwn(TABLE, text)
}

/** An error with a stable `code` from the table, for programs, and a `message` for people. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode

  constructor(code: FaultCode, detail?: string, options?: ErrorOptions) {
    if (!isFaultCode(code)) throw new Fault('badarg', 'a fault has a code of the table')
    if (detail !== undefined && typeof detail !== 'string') throw new Fault('badarg', 'a detail is a string')
    super(detail === undefined ? `${code}: ${TABLE[code]}` : `${code}: ${TABLE[code]} (${detail})`, options)
    this.code = code
  }
}

/** Makes, and does not throw, the error with this code; `detail` names the culprit and what would be right. */
export function fault(code: FaultCode, detail?: string, options?: ErrorOptions): Fault {
  return new Fault(code, detail, options)
}
