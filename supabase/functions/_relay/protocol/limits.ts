/** The bounds that no configuration moves; each has a row in docs/limits.md. */

/** Code points of `prompt`. */
export const MAX_PROMPT_CHARACTERS = 32_000;

/** Code points of `system`. */
export const MAX_SYSTEM_CHARACTERS = 16_000;

/** Characters of `stream_id`. */
export const MAX_STREAM_ID_CHARACTERS = 128;

/** Characters of an id of a bot, a conversation or a message. */
export const MAX_ID_CHARACTERS = 200;

/** Bytes of a request's body, which may bring the whole context. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * JSON values of a request's body: the most messages that it may have need 30,000. Small values cost the most to parse.
 */
export const MAX_BODY_VALUES = 32_768;

/** Escapes in the texts of a request's body: as many of six bytes as it has room for. */
export const MAX_BODY_ESCAPES = 699_050;

/** Bytes of the body of a cancel, or of a test of a bot, which is one id. */
export const MAX_CANCEL_BODY_BYTES = 4_096;

/** Milliseconds for which a request's body may come. */
export const BODY_TIMEOUT_MS = 30_000;

/** Characters of the messages that go to the provider. */
export const MAX_CONTEXT_CHARACTERS = 4_000_000;

/** Characters of a stored path that a start takes at once; a longer one is counted first, and asked for again. */
export const FIRST_CONTEXT_CHARACTERS = 200_000;

/** Characters of the first prompt, and of the first answer, that are sent for a title. */
export const MAX_TITLE_TEXT_CHARACTERS = 2_000;

/** Characters of a title that a bot gives; `relay.store_title` has the same number. */
export const MAX_TITLE_CHARACTERS = 80;

/** Titles that are asked for in one conversation, as long as they fail; `relay.wants_title` has the same number. */
export const MAX_TITLE_ATTEMPTS = 3;

/** Messages of a request; as many as the database reads of a stored path. */
export const MAX_CONTEXT_MESSAGES = 10_000;

/** Bytes that may wait for a client that does not read; past them it is detached. */
export const MAX_CLIENT_QUEUE_BYTES = 256 * 1024;

/** Milliseconds without a read after which a client that something waits for is detached. */
export const READER_IDLE_MS = 60_000;

/** Bytes of one line of a provider's event stream; UTF-16 units of an event of several. */
export const MAX_PROVIDER_LINE_BYTES = 256 * 1024;

/** Bytes of a provider's answer that is one JSON body, or of one line of JSON. */
export const MAX_PROVIDER_JSON_BYTES = 1024 * 1024;

/** Values of the JSON of one event: small ones cost a hundred times as much as the same bytes of text. */
export const MAX_PROVIDER_EVENT_VALUES = 10_000;

/**
 * Bytes of a provider's whole answer, decoded; each line counts for 64 more. A message and reasoning of the
 * greatest length fit, each in events of 280 bytes for four characters.
 */
export const MAX_PROVIDER_ANSWER_BYTES = 160 * 1024 * 1024;

/** Bytes of a provider's line without text, which is skipped rather than read. */
export const MAX_PROVIDER_SKIPPED_BYTES = 16 * 1024 * 1024;

/** UTF-16 code units of one generated message. */
export const MAX_MESSAGE_UNITS = 1024 * 1024;

/** UTF-16 code units of the reasoning of one generation. */
export const MAX_REASONING_UNITS = 1024 * 1024;

/** The longest Retry-After of a provider, in seconds, after which the same bot is asked once more. */
export const MAX_REPEAT_WAIT_S = 2;

/** Bytes that are read of a provider's error answer. */
export const MAX_PROVIDER_ERROR_BYTES = 64 * 1024;

/** Characters of a provider's own error message that are passed on. */
export const MAX_PROVIDER_MESSAGE_CHARACTERS = 300;

/** Milliseconds that a provider which has said how it finished may still take to report its tokens. */
export const PROVIDER_USAGE_WAIT_MS = 2_000;

/** Milliseconds that are spent on reading a provider's error answer. */
export const PROVIDER_ERROR_READ_MS = 3_000;

/** Milliseconds until one of a provider's addresses has taken the connection. */
export const PROVIDER_CONNECT_MS = 10_000;

/** Milliseconds of the TLS handshake. */
export const PROVIDER_TLS_MS = 10_000;

/** Milliseconds until a provider has taken the whole request. */
export const PROVIDER_WRITE_MS = 30_000;

/** Milliseconds from the first byte of an answer to the end of its headers. */
export const PROVIDER_HEAD_MS = 10_000;

/** Bytes of an answer's status line and headers, and of its trailers. */
export const MAX_PROVIDER_HEAD_BYTES = 32 * 1024;

/** Lines of an answer's headers. */
export const MAX_PROVIDER_HEADERS = 200;

/** Milliseconds for which a connection is kept after its answer. */
export const PROVIDER_KEEP_MS = 30_000;

/** Milliseconds and bytes after its last event within which an answer must end, so that its connection can be kept. */
export const PROVIDER_REST_MS = 1_000;
export const MAX_PROVIDER_REST_BYTES = 4 * 1024;

/** Connections that one worker keeps. */
export const MAX_KEPT_CONNECTIONS = 64;

/** Connections that it keeps to one origin. */
export const MAX_KEPT_OF_ORIGIN = 16;

/** Connections of one worker that were given up, and that the runtime cannot close until the provider does. */
export const MAX_STUCK_CONNECTIONS = 256;

/** The same, to one address. */
export const MAX_STUCK_OF_ADDRESS = 16;

/** Milliseconds that one call of the database may take; below the 8 s after which Supabase ends a statement. */
export const DATABASE_TIMEOUT_MS = 5_000;

/** Milliseconds that `done` waits for the message to be stored. */
export const DONE_WAITS_FOR_STORAGE_MS = 5_000;

/** Milliseconds between two attempts to store a message, at most; the first pause is a tenth of a second. */
export const MAX_STORAGE_BACKOFF_MS = 2_000;

/** Milliseconds after which a worker gives up storing a message. */
export const STORAGE_GIVE_UP_MS = 300_000;

/** UTF-16 code units that one call stores, at most: as JSON they are written within a few milliseconds. */
export const MAX_CHUNK_UNITS = 64 * 1024;

/** Generations whose leases one call renews, at most. */
export const MAX_BEAT_GENERATIONS = 250;

/** UTF-16 code units of text that readers get at once, at most: of a generation that runs here, or with one call. */
export const MAX_READ_UNITS = 256 * 1024;

/** Remote readers that one call asks for, at most. */
export const MAX_READ_READERS = 100;

/** Milliseconds without an answer of the database after which a remote reader's stream is ended. */
export const READ_GIVE_UP_MS = 60_000;

/** Streams that one user may read on one worker, not counting those that the user started there. */
export const MAX_READ_STREAMS = 10;

/** Issues in one `invalid_request`. */
export const MAX_ISSUES = 20;

/** Milliseconds after which a client that connects again by itself may come back after the last event. */
export const RETRY_AFTER_END_MS = 3_600_000;

/** Characters of a preflight's list of headers; a longer one is not allowed as it stands. */
export const MAX_PREFLIGHT_CHARACTERS = 4_096;

/** UTF-16 code units of one field of a log line. */
export const MAX_LOG_FIELD_UNITS = 300;

/** Milliseconds for which a worker tries to end a lost start. */
export const ABANDON_GIVE_UP_MS = 20_000;

/** Milliseconds between two flushes of the counts of refused requests. */
export const REFUSAL_FLUSH_MS = 10_000;

/** Tests of bots that a user may make on a worker within a minute: each is a request to a provider. */
export const MAX_TESTS_PER_MINUTE = 6;

/** Milliseconds that a test of a bot may take: less than the 15 s after which a client would send the request again. */
export const TEST_TIMEOUT_MS = 12_000;

/** Bytes of a provider's list of models; a longer one is not read. */
export const MAX_MODELS_BYTES = 524_288;

/** Milliseconds for which the answer of `/healthz?ready` is that of the call of the database before. */
export const READY_CACHE_MS = 1_000;

/** Milliseconds between two fetches of a key set that cannot be read. */
export const KEY_SET_RETRY_MS = 1_000;

/** Log lines about refused requests of one function and code in `REFUSAL_FLUSH_MS`; the others are counted. */
export const MAX_REFUSAL_LINES = 50;

/** Percent of a worker's budget that one user may hold: the longest context fits, and as much is left for others. */
export const MAX_USER_MEMORY_PERCENT = 50;

/** Bytes above which one step counts as large. */
export const LARGE_MEMORY_BYTES = 4 * 1024 * 1024;

/** Percent of a worker's budget beyond which nothing large is taken. */
export const MAX_LARGE_MEMORY_PERCENT = 75;

/** Starts of one user that are under way at once on one worker. */
export const MAX_STARTS_IN_FLIGHT = 2;

/** Starts of one user that wait there for their turn; more where more may start in a minute. */
export const MAX_WAITING_STARTS = 20;

/** Starts of all users that wait on one worker. */
export const MAX_WAITING_STARTS_OF_ALL = 1_000;

/** Milliseconds that a start, or a request's call of the database, waits for others of the same user. */
export const START_WAIT_MS = 5_000;

/** Milliseconds that a prompt waits for the answer before it, where that ends soon. */
export const BUSY_WAIT_MS = 3_000;

/** Milliseconds after which it asks again. */
export const BUSY_PAUSE_MS = 250;

/** Calls of the database that requests cause on one worker at once; beats and stores are not among them. */
export const MAX_DATABASE_CALLS = 8;

/** Those that one user may cause at once. */
export const MAX_DATABASE_CALLS_OF_USER = 4;

/** Calls that a user's second and later ones leave free: for users without any, however slow the others' are. */
export const MIN_FREE_DATABASE_CALLS = 2;

/** Requests of one user that wait for such a call. */
export const MAX_WAITING_CALLS = 20;

/** Milliseconds that a request waits for such a call because of other users; its refusal comes within a second. */
export const DATABASE_WAIT_MS = 700;

/** Refused starts of one user in a minute on one worker; more where more may start. */
export const MAX_REFUSED_STARTS = 30;

/** Users whose refused starts a worker remembers. */
export const MAX_REFUSED_USERS = 10_000;

/** Lost starts that a worker remembers, to end them; one more ends with its lease. */
export const MAX_LOST_STARTS = 1_000;
