/** Every bound of the system, named, with its unit. A value that an operator may change is a default here. */

/** Milliseconds that a call waits for its reply unless told otherwise (gen_server's default). */
export const CALL_TIMEOUT_MS = 5000
/** Processes that may live on one node unless told otherwise. */
export const PROCESSES_PER_NODE = 4_000_000
/** Slots of a mailbox's ring when it is new (a power of two). */
export const MAILBOX_RING_SLOTS = 8
/** Drained mailbox rings that are kept for the next burst. */
export const MAILBOX_SPARE_RINGS = 64
/** Slots of the largest drained mailbox ring that is kept. */
export const MAILBOX_SPARE_SLOTS = 65_536
/** Messages that one process handles before the next in the run queue has its turn. */
export const QUANTUM = 1024
/** Slices of `normal` processes for one of a process whose priority is `low` (Erlang's). */
export const LOW_PRIORITY_SHARE = 8
/** Messages that are handled before timers and sockets have their turn. */
export const TURN_MESSAGES = 16_384
/** Milliseconds of handling before timers and sockets have their turn; looked at between two quanta. */
export const TURN_MS = 8
/** Milliseconds that the links and monitors of an ended process wait for what it owned to be closed. */
export const OWNED_CLOSE_MS = 5000
/** Milliseconds between two reports of messages that a full mailbox has lost. */
export const MAILBOX_REPORT_MS = 1000
/** Parts of a term, nested ones included, that a line about it shows; the rest is counted. */
export const DESCRIBED_PARTS = 200
/** Characters of one text that a line shows. */
export const DESCRIBED_CHARACTERS = 1000
/** Frames of one stack that a report shows. */
export const REPORTED_FRAMES = 50
/** Causes of an error, and of those in turn, that a report shows. */
export const REPORTED_CAUSES = 8
/** Parts of a report's details, nested ones included, that a line for another logger has; the rest is counted. */
export const REPORTED_PARTS = 2000
/** Callbacks whose names the watchdog of a system monitor remembers. */
export const WATCHDOG_NAMES = 4096
/** Functions that a node offers to others, to be spawned by name. */
export const OFFERS_PER_NODE = 4096

// behaviours

/** Milliseconds that a worker has to end when its supervisor tells it to; then it is killed (OTP's default). */
export const CHILD_SHUTDOWN_MS = 5000
/** Restarts that a supervisor allows within its period (OTP's default). */
export const RESTART_INTENSITY = 1
/** Restarts that a dynamic supervisor allows within its period (Elixir's default). */
export const DYNAMIC_RESTART_INTENSITY = 3
/** Seconds of the period in which a supervisor counts restarts (OTP's default). */
export const RESTART_PERIOD_S = 5
/** Reasons of its last restarts that a supervisor past its intensity tells in its report. */
export const RESTART_REASONS = 5
/** Milliseconds that a node has to shut down what it supervises; then the rest is killed. */
export const NODE_SHUTDOWN_MS = 60_000
/** Children that a dynamic supervisor may have unless told otherwise. */
export const DYNAMIC_CHILDREN = 1_000_000
/** Handlers that one event manager may have. */
export const EVENT_HANDLERS = 10_000
/** Partitions of a partition supervisor unless told otherwise: the same on every machine, as routes depend on it. */
export const PARTITIONS = 8
/** Partitions that a partition supervisor may have. */
export const PARTITIONS_MAX = 65_536
/** Messages that a crash report lists of those that wait. */
export const CRASH_REPORT_MESSAGES = 100
/** Linked processes that a crash report describes (proc_lib's number). */
export const CRASH_REPORT_NEIGHBOURS = 15
/** Events that `sys.log` keeps unless told otherwise (OTP's default). */
export const SYS_LOG_EVENTS = 10
/** Characters of events that may wait for the disk in the log file of one process; what comes then is dropped. */
export const SYS_LOG_FILE_CHARACTERS = 1_048_576
/** Registrations that one registry may hold unless told otherwise. */
export const REGISTRY_ENTRIES = 4_000_000
/** Partitions that one registry may have. */
export const REGISTRY_PARTITIONS = 1024
/** Processes that may wait for the locks of one partition of a registry. */
export const REGISTRY_LOCK_WAITERS = 100_000
/** Listeners that one registry may have. */
export const REGISTRY_LISTENERS = 64
/** Memberships of processes of its own node that a scope of process groups may hold. */
export const GROUP_MEMBERSHIPS = 4_000_000
/** Monitors of groups that a scope may serve. */
export const GROUP_MONITORS = 100_000
/** Memberships, or groups, that one message from a scope to another names. */
export const GROUP_ENTRIES_PER_MESSAGE = 10_000
/** Milliseconds that a task is waited for unless told otherwise, and that a task of a stream may take (Elixir's). */
export const TASK_TIMEOUT_MS = 5000
/** Tasks of one stream that run at a time unless told otherwise. */
export const TASK_CONCURRENCY = 8
/** Tasks and results of an ordered stream behind one that is not done; then no more input is taken. */
export const TASK_STREAM_AHEAD = 1024
/** Threads of a pool unless told otherwise. */
export const POOL_THREADS = 4
/** Callers that may wait for a thread of a pool unless told otherwise; more are refused with `busy`. */
export const POOL_QUEUE = 1024
/** Tables that may live on one node. */
export const TABLES_PER_NODE = 65_536
/** Objects that one table may hold unless told otherwise. */
export const TABLE_OBJECTS = 4_000_000
/** Events that a consumer asks a producer for at a time, unless told otherwise (GenStage's default). */
export const STAGE_MAX_DEMAND = 1000
/** Events that a producer keeps for want of demand, unless told otherwise (GenStage's default). */
export const STAGE_BUFFER_EVENTS = 10_000
/** Subscriptions that one stage may have, upwards and downwards each. */
export const STAGE_SUBSCRIPTIONS = 65_536

// gateway

/** Bytes of one client frame on the gateway (Discord: a longer one closes the connection with 4002). */
export const CLIENT_FRAME_BYTES = 4096
/** Bytes of one inbound WebSocket message that are read in order to refuse it with a close code; past it, a cut. */
export const INBOUND_MESSAGE_BYTES = 65_536
/** Bytes that wait for one reader of a socket in the transport; past it, the reader is cut off. */
export const SOCKET_BACKPRESSURE_BYTES = 1_048_576
/** WebSockets that one listener holds open. */
export const SOCKETS_PER_LISTENER = 100_000
/** Milliseconds that a client has to answer a close frame before its socket is destroyed. */
export const SOCKET_CLOSE_MS = 5000
/** Bytes of an HTTP request's line and headers. */
export const HTTP_HEAD_BYTES = 16_384
/** Bytes of an HTTP request's body. */
export const HTTP_BODY_BYTES = 1_048_576
/** HTTP requests that one listener answers at a time. */
export const HTTP_REQUESTS_PENDING = 4096
/** Milliseconds that an HTTP connection may stay idle, and that a request's headers may take. */
export const HTTP_IDLE_MS = 10_000
/** Milliseconds that an HTTP request may take to arrive. */
export const HTTP_REQUEST_MS = 60_000
/** The largest sequence number of a session: ten digits fit the columns of a frame. */
export const SEQUENCE_MAX = 9_999_999_999
/** Events that a session keeps for a client that resumes. */
export const RESUME_WINDOW_EVENTS = 1024
/** Bytes of events that a session keeps for a client that resumes; the newest event is kept whatever its size. */
export const RESUME_WINDOW_BYTES = 8_388_608
/** Bytes of events that a session writes to its socket in one piece. */
export const OUTBOX_WRITE_BYTES = 65_536
/** Bytes waiting in a session's socket above which the session writes nothing more until it has drained. */
export const OUTBOX_BUFFERED_BYTES = 262_144
/** Sessions whose sockets are written in one turn of the event loop. */
export const OUTBOXES_PER_TURN = 1024
/** Milliseconds between the heartbeats asked of a client (Discord: 41,250 to 45,000). */
export const HEARTBEAT_INTERVAL_MS = 41_250
/** Milliseconds past the interval that a heartbeat may be late, for a slow network. */
export const HEARTBEAT_GRACE_MS = 20_000
/** REST requests a second of one user, over all routes (Discord). */
export const REST_REQUESTS_PER_SECOND = 50
/** Requests of one address answered with 401, 403 or 429 in 10 minutes before it is shut out (Discord). */
export const INVALID_REQUESTS_PER_10_MINUTES = 10_000
/** Frames that a client may send on one connection in 60 seconds (Discord: one more closes it with 4008). */
export const CLIENT_FRAMES_PER_MINUTE = 120
/** IDENTIFYs of one user in 24 hours (Discord). */
export const IDENTIFIES_PER_DAY = 1000
/** IDENTIFYs that may be made at once, in each span of 5 seconds (Discord's max_concurrency). */
export const IDENTIFY_CONCURRENCY = 1
/** Buckets that one rate limiter remembers. */
export const RATE_LIMIT_BUCKETS = 262_144

// storage

/** Messages that one read of a channel's history may ask for (Discord's bound). */
export const MESSAGES_PER_READ = 100
/** Channels that one read of a guild's list may ask for. */
export const CHANNELS_PER_READ = 500
/** Members that one read of a guild's list may ask for (Discord's bound). */
export const MEMBERS_PER_READ = 1000
/** Guilds that one read of a list may ask for (Discord's bound). */
export const GUILDS_PER_READ = 200
/** Users that one read may name. */
export const USERS_PER_READ = 1000
/** Outbox events that one read may ask for, and that one trim removes. */
export const EVENTS_PER_READ = 1000
/** Writes, and events, that one commit of a guild may hold. */
export const WRITES_PER_COMMIT = 100
/** The port on which Cassandra's nodes serve CQL, unless told otherwise. */
export const CASSANDRA_PORT = 9042
/** Milliseconds that a node of Cassandra may take for one answer before another is asked. */
export const CASSANDRA_READ_MS = 12_000
/** Milliseconds of silence after which a connection with a node of Cassandra is tested. */
export const CASSANDRA_HEARTBEAT_MS = 5000
/** Milliseconds between two attempts to reach a node of Cassandra that was lost. */
export const CASSANDRA_RECONNECT_MS = 1000
/** Characters of JSON text that one stored record, or the data of one event, may have. */
export const RECORD_CHARACTERS = 262_144
/** Characters of an invite's code. */
export const INVITE_CODE_CHARACTERS = 64
/** Characters of rows that may wait for the disk; more are refused with `storage_busy`. */
export const FLUSH_QUEUE_CHARACTERS = 67_108_864
/** Characters of rows after which a flush takes no further write along. */
export const FLUSH_BATCH_CHARACTERS = 4_194_304
/** Bytes that a data file may lack at its end, where a transaction freed pages that it had not written yet. */
export const UNWRITTEN_TAIL_BYTES = 268_435_456
/** Milliseconds by which a burst of ids may run ahead of the clock. */
export const SNOWFLAKE_BORROW_MS = 250
/** Characters of a token that is looked at. */
export const TOKEN_CHARACTERS = 128

// distribution

/** Bytes that one signal between nodes may take, by an estimate that is never below the truth. */
export const SIGNAL_BYTES = 8_388_608
/** Values, nested ones included, of one signal between nodes. */
export const SIGNAL_ELEMENTS = 524_288
/** Levels of lists, records, maps, sets and errors in one another that a term may have to travel between nodes. */
export const TERM_DEPTH = 128
/** Bits of a bigint that travels between nodes. */
export const BIGINT_BITS = 8192
/** Characters of an error's message that travel between nodes; the rest is cut off. */
export const ERROR_MESSAGE_CHARACTERS = 4096
/** Characters of an error's stack that travel between nodes; the rest is cut off. */
export const ERROR_STACK_CHARACTERS = 8192
/** Bytes of signals, by the same estimate, after which a turn's signals are written without waiting for its end. */
export const BATCH_BYTES = 65_536
/** Values of signals after which a turn's signals are written without waiting for its end. */
export const BATCH_ELEMENTS = 65_536
/** Bytes of a frame between nodes: a batch and one largest signal. */
export const FRAME_BYTES = 16_777_216
/** Values in a frame between nodes: a batch and one largest signal. */
export const FRAME_ELEMENTS = 1_048_576
/** Bytes that wait for another node above which calls to it fail with `busy`. */
export const LINK_SOFT_BYTES = 4_194_304
/** Bytes that wait for another node above which the connection is cut. */
export const LINK_HARD_BYTES = 67_108_864
/** Milliseconds between the ticks that nodes without anything to say send each other (a quarter of net_ticktime). */
export const TICK_INTERVAL_MS = 15_000
/** Tick intervals without a byte from the other node after which the connection is cut. */
export const TICKS_MISSED = 4
/** Bytes of one message of the handshake between nodes. */
export const HANDSHAKE_MESSAGE_BYTES = 512
/** Milliseconds that a connection to another node, its handshake included, may take (OTP's net_setuptime: 7000). */
export const HANDSHAKE_MS = 5000
/** Accepted connections that have not passed the handshake; for one more the oldest is cut. */
export const HANDSHAKES_PENDING = 64
/** Milliseconds in which a connected node must answer when another one claims its name. */
export const NAME_PROBE_MS = 1000
/** Bytes of a node's name. */
export const NODE_NAME_BYTES = 255
/** Bytes that the secret of a cluster has at least. */
export const SECRET_BYTES = 16
/** Milliseconds before a connection that failed is tried again; they double with each failure. */
export const RECONNECT_MIN_MS = 100
/** Milliseconds before a connection that failed is tried again, at most. */
export const RECONNECT_MAX_MS = 5000
/** Nodes that one node is connected with. */
export const PEERS_PER_NODE = 1024
/** Milliseconds that a closing connection has to write what waits. */
export const LINK_CLOSE_MS = 1000
/** Milliseconds between two reports of connections that did not pass the handshake. */
export const REFUSAL_REPORT_MS = 1000

// chat backend

/** Members above which a guild counts as large for a session, unless its client says otherwise (Discord). */
export const LARGE_THRESHOLD = 50
/** Milliseconds that a session outlives its connection unless told otherwise. */
export const SESSION_RESUME_MS = 120_000
/** Members that a guild may have (Discord's bound for most guilds). */
export const MEMBERS_PER_GUILD = 500_000
/** Channels that a guild may have (Discord's bound). */
export const CHANNELS_PER_GUILD = 500
/** Guilds that one shard's session may be in (Discord: one more closes with 4011). */
export const GUILDS_PER_SHARD = 2500
/** Durable requests, reads and joins that may wait in a guild; more are refused with `guild_busy`. */
export const GUILD_QUEUE_ENTRIES = 4096
/** Events that a guild keeps at least, for relays that come back. */
export const GUILD_LOG_EVENTS = 512
/** Events past GUILD_LOG_EVENTS after which a guild trims its outbox. */
export const GUILD_TRIM_EVENTS = 128
/** Events that a relay may lag behind its guild before it is cut off and has to subscribe again. */
export const RELAY_LAG_EVENTS = 2048
/** Events after which a relay tells its guild, and its sessions, how far it is. */
export const RELAY_ACK_EVENTS = 64
/** Milliseconds after which a relay tells how far it is when fewer events than that have come. */
export const RELAY_ACK_MS = 1000
/** Milliseconds that a relay without sessions waits for one. */
export const RELAY_IDLE_MS = 5000
/** Milliseconds before an actor that is away is looked for again; they grow with each attempt. */
export const RETRY_MIN_MS = 25
/** Milliseconds before an actor that is away is looked for again, at most. */
export const RETRY_MAX_MS = 2000
/** Milliseconds that a request waits for an actor that is away. */
export const ACTOR_WAIT_MS = 4000
/** Milliseconds that a guild without relays stays in memory. */
export const GUILD_IDLE_MS = 300_000
/** Milliseconds that a presence without sessions stays in memory. */
export const PRESENCE_IDLE_MS = 5000
/** Milliseconds that a channel's history without reads stays in memory. */
export const HISTORY_IDLE_MS = 30_000
/** Members that GUILD_CREATE shows; of a guild with more, some are left out. */
export const MEMBERS_PER_SNAPSHOT = 1000
/** Characters of events that a session which comes back is sent by its guild; one that missed more begins anew. */
export const MISSED_CHARACTERS = 1_048_576
/** Invites that a guild remembers. */
export const GUILD_INVITES = 1024
/** Messages with a nonce that a guild remembers. */
export const GUILD_NONCES = 1024
/** Milliseconds for which an enforced nonce is remembered. */
export const NONCE_MS = 300_000
/** Milliseconds by which the clocks of two nodes may differ. */
export const CLOCK_SKEW_MS = 60_000
/** Addresses of actors, and guilds of channels, that a node remembers. */
export const ROUTES = 65_536
/** Restarts of one kind of actor on a node, within ACTOR_RESTART_SECONDS, that its supervisor takes for bad luck. */
export const ACTOR_RESTARTS = 1000
/** Seconds of the period in which ACTOR_RESTARTS are allowed. */
export const ACTOR_RESTART_SECONDS = 5
/** Milliseconds between a read of a channel's history and the next like it, for those who have come meanwhile. */
export const HISTORY_PAUSE_MS = 5
/** Reads that may wait in one channel's history. */
export const HISTORY_READS = 65_536
/** Storage operations of other nodes that are carried out at a time. */
export const STORAGE_OPERATIONS = 8192
/** Milliseconds that an operation on a storage of another node may take. */
export const STORAGE_CALL_MS = 30_000
/** Frames of a client that may wait until its connection's process runs. */
export const EARLY_FRAMES = 16

// api

/** Users whose tokens one node remembers. */
export const TOKENS_CACHED = 10_000
/** Milliseconds for which a token that was found is not looked up again. */
export const TOKEN_CACHE_MS = 5000
/** Activities that a client may show at a time. */
export const ACTIVITIES_PER_PRESENCE = 10

// daemon

/** Nodes that one launcher starts. */
export const NODES_PER_LAUNCHER = 64
/** Milliseconds that the OS process of a node has to serve after its start. */
export const WORKER_START_MS = 30_000
/** Milliseconds that the OS process of a node has to end when it is told to; then it is killed. */
export const WORKER_STOP_MS = 10_000
/** Restarts of node processes within WORKER_RESTART_SECONDS after which the launcher gives up. */
export const WORKER_RESTARTS = 10
/** Seconds of the period in which WORKER_RESTARTS are allowed. */
export const WORKER_RESTART_SECONDS = 60
/** Milliseconds that a connection to the control socket may take for its request and its answer. */
export const CONTROL_MS = 10_000
/** Bytes of a request to the control socket. */
export const CONTROL_REQUEST_BYTES = 4096
/** Connections to the control socket at a time. */
export const CONTROL_CONNECTIONS = 16
/** Milliseconds that everything has to end in order after SIGTERM; then the process ends anyway, with 1. */
export const SHUTDOWN_MS = 20_000
/** Characters of a bot's name (Discord's bound). */
export const USERNAME_CHARACTERS = 32

// nact

/** Processes that nact's functions have references to, on one node. */
export const NACT_REFS = 65_536
/** Milliseconds that a call to an actor of nact waits for its answer at most. */
export const NACT_QUERY_MS = 60_000
/** Characters of the key under which an actor of nact keeps its events. */
export const NACT_KEY_CHARACTERS = 256
/** Events of one actor of nact in a partition of Cassandra: at most some 100 MB where they are of a usual size. */
export const EVENTS_PER_PARTITION = 10_000

// testing

/** Reports that a test node keeps; the oldest are dropped. */
export const TEST_REPORTS = 10_000
/** Turns of the event loop in which what a test waits for has to happen. */
export const TEST_TURNS = 100_000
