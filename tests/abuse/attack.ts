/** What an attack is, and what one attacking user can do. */

/** A user, as the lab makes them. */
export interface User {
  id: string;
  token: string;
  bot_id: string;
}

/** What the relay answered. */
export interface Answer {
  status: number;
  text: string;
}

/** What one attacking user can do. */
export interface Attacker extends User {
  worker: string;
  /** Asks the relay, and reads the answer to its end. */
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** POST /stream, read to its end. */
  start(body: Record<string, unknown>): Promise<Answer>;
  /** Counts what proves that the attack has struck. Answers, connections and providers' bytes are counted anyway. */
  count(what: string, more?: number): void;
  /** Runs a statement as the Data API does for this user. */
  sql(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
  /** Runs a statement as the operator: for what other workers and the past have left. */
  operator(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
  /** A connection of its own to the relay. */
  connect(): Promise<Deno.TcpConn>;
  /** Makes the bot call this provider, as one who is its owner and knows the key. */
  provider(name: string): Promise<void>;
  /** The address of a provider. */
  providerUrl(name: string): string;
  /** The heads of the requests that a provider got. */
  heads(name: string): string[];
  /** Does the same again and again, so many at once, or its part of them where it is one of several attacks. */
  flood(lanes: number, work: (index: number) => Promise<unknown>): Promise<unknown>;
  /** Does it once for each index, all at once. */
  times(count: number, work: (index: number) => Promise<unknown>): Promise<unknown>;
  /** Says that something is as it must never be. */
  wrong(what: string): void;
}

/** What a signed-in user, or anyone, may try. */
export interface Attack {
  name: string;
  /** Those of one kind go together in the tests. */
  kind: "reads" | "starts" | "sizes" | "providers" | "streams" | "connections" | "keys" | "requests";
  /** What each user must have counted for the attack to have struck, and how often at least. */
  struck: [what: RegExp, least: number][];
  /** What one user does; may go on until the thread ends. */
  run(attacker: Attacker): Promise<unknown>;
}

/** A statement that the database should refuse: the constraint, else the code of its error, is counted. */
export async function refused({ sql, count }: Attacker, text: string, ...values: unknown[]): Promise<void> {
  const found = await sql(text, ...values).then(
    () => "by nothing",
    ({ constraint_name, code, message }) => `by ${constraint_name || code || message}`,
  );
  count(`refused ${found}`);
}

/** A conversation of the attacker's, and in it messages as the Data API takes them. */
export async function conversation({ sql, id, bot_id }: Attacker): Promise<string> {
  const [row] = await sql("insert into conversations (user_id, bot_id) values ($1, $2) returning id", id, bot_id);
  return String(row.id);
}

export async function message(
  { sql, id }: Attacker,
  conversationId: string,
  content: string,
  parent: string | null = null,
): Promise<string> {
  const [row] = await sql(
    "insert into messages (user_id, conversation_id, content, parent_id) values ($1, $2, $3, $4) returning id",
    ...[id, conversationId, content, parent],
  );
  return String(row.id);
}

/** A generation that has ended with a message of this length; gives its stream_id and its message. */
export async function ended(attacker: Attacker, units: number): Promise<{ streamId: string; messageId: string }> {
  const streamId = crypto.randomUUID();
  const conversationId = await conversation(attacker);
  const [{ id }] = await attacker.operator(
    `insert into messages (user_id, conversation_id, content, is_user_author, stream_id)
     values ($1, $2, repeat('lorem ip', $3::integer / 8), false, $4) returning id`,
    ...[attacker.id, conversationId, units, streamId],
  );
  return { streamId, messageId: String(id) };
}

export const get = (attacker: Attacker, streamId: string, from = 0) =>
  attacker.ask(`/stream/${streamId}`, { headers: { "last-event-id": String(from) } });

/** Comes again for as long as the worker has no room. */
export async function insist(ask: () => Promise<Answer>): Promise<Answer> {
  for (;; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
  }
}

/** Sends the first part of a request, and reads nothing. */
export async function raw({ connect, count }: Attacker, text: string): Promise<Deno.TcpConn> {
  const connection = await connect();
  await connection.write(new TextEncoder().encode(text));
  count("requests begun");
  return connection;
}

export const headOf = ({ token }: Attacker, method: string, at: string, more = "") =>
  `${method} /functions/v1${at} HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer ${token}\r\n` +
  `content-type: application/json\r\n${more}`;
