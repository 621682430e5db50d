/** What races of transactions have in common: sessions on one Postgres, and what users do. */
import type { Sql } from "postgres";
import { connect } from "../../testkit/postgres.ts";
import { admit, type Admitted, finish } from "./relay_sql.ts";

/** One connection, and so one transaction at a time. */
export interface Session {
  sql: Sql;
  pid: number;
}

/** Two rivals, and an observer who is in neither's way. */
export interface Sessions extends AsyncDisposable {
  a: Session;
  b: Session;
  observer: Sql;
}

/** What a race is given; its user has a bot. */
export interface TransactionRace extends Sessions {
  user_id: string;
  databaseUrl: string;
  /** One more user with a bot. */
  givenUser(): Promise<string>;
  /** This many generations of the user that run. */
  givenGenerations(count: number): Promise<Admitted[]>;
}

/** By title. */
export type TransactionRaces = Record<string, (race: TransactionRace) => Promise<void>>;

async function openSession(url: string): Promise<Session> {
  const sql = connect(url);
  const [{ pid }] = await sql`select pg_backend_pid() as pid`;
  return { sql, pid };
}

/** Opens the sessions of one test. */
export async function openSessions(url: string): Promise<Sessions> {
  const [a, b, observer] = [await openSession(url), await openSession(url), connect(url)];
  const close = async () => {
    await Promise.all([a.sql.end(), b.sql.end(), observer.end()]);
  };
  return { a, b, observer, [Symbol.asyncDispose]: close };
}

/** Opens them with a user. */
export async function openTransactionRace(databaseUrl: string): Promise<TransactionRace> {
  const sessions = await openSessions(databaseUrl);
  const { observer } = sessions;
  const givenUser = async () => {
    const id = crypto.randomUUID();
    await observer`insert into auth.users (id, email) values (${id}, ${`${id}@race.example`})`;
    await observer`
      insert into public.bots (user_id, name, access_path, model)
      values (${id}, 'Storyteller', 'http://127.0.0.1:9/v1', 'test-model')`;
    return id;
  };
  const user_id = await givenUser();
  return {
    ...sessions,
    user_id,
    databaseUrl,
    givenUser,
    async givenGenerations(count) {
      const generations: Admitted[] = [];
      while (generations.length < count) generations.push(await admit(observer, { user_id }));
      return generations;
    },
  };
}

/** Settles once the session waits for the other one; throws if it never does. */
export async function waits(observer: Sql, pid: number, blocker: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const [{ blocked }] = await observer`select ${blocker}::int = any (pg_blocking_pids(${pid}::int)) as blocked`;
    if (blocked) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("The second session never waited for the first");
}

/** A does its part and holds its transaction open; B is seen to wait for it; A commits, and B goes on. */
export async function inOrder<First, Second>(
  { a, b, observer }: Sessions,
  first: (sql: Sql) => Promise<First>,
  second: (sql: Sql) => Promise<Second>,
): Promise<[First, Second]> {
  await a.sql`begin`;
  const answer = await first(a.sql);
  const other = second(b.sql);
  // Its failure is for the caller, and not before the caller waits for it.
  other.catch(() => {});
  try {
    await waits(observer, b.pid, a.pid);
  } finally {
    await a.sql`commit`;
  }
  return [answer, await other];
}

/** A does its part and holds its transaction open; B does its own and is done, without waiting; A commits. */
export async function sideBySide<First, Second>(
  { a, b }: Sessions,
  first: (sql: Sql) => Promise<First>,
  second: (sql: Sql) => Promise<Second>,
): Promise<[First, Second]> {
  await a.sql`begin`;
  try {
    const answer = await first(a.sql);
    // If it waited after all, it would wait for ever: this fails it.
    const other = await b.sql.begin(async (sql) => {
      await sql`set local lock_timeout = '5s'`;
      return await second(sql as unknown as Sql);
    });
    return [answer, other as Second];
  } finally {
    await a.sql`commit`;
  }
}

/** Calls on eight connections, all of them at once. */
export async function atOnce<T>(
  databaseUrl: string,
  count: number,
  call: (sql: Sql, index: number) => Promise<T>,
): Promise<T[]> {
  const connections = Array.from({ length: 8 }, () => connect(databaseUrl));
  try {
    // Connected first, so that the calls and not the handshakes race.
    await Promise.all(connections.map((sql) => sql`select 1`));
    return await Promise.all(Array.from({ length: count }, (_, index) => call(connections[index % 8], index)));
  } finally {
    await Promise.all(connections.map((sql) => sql.end()));
  }
}

/** A conversation whose second turn is being answered. */
export async function givenTwoTurns({ observer, user_id }: TransactionRace) {
  const first = await admit(observer, { user_id });
  await finish(observer, first);
  return { first, second: await admit(observer, { user_id, conversation_id: first.conversation_id }) };
}

/** As its owner does; the messages go with it. */
export async function deleteConversation(sql: Sql, { conversation_id }: Admitted) {
  await sql`delete from public.conversations where id = ${conversation_id}`;
}

/** As its owner does; what hangs below it goes too. */
export async function deletePrompt(sql: Sql, { user_message_id }: Admitted) {
  await sql`delete from public.messages where id = ${user_message_id}`;
}

/** As a client does that turns to another branch. */
export async function moveLeaf(sql: Sql, { conversation_id }: Admitted, leaf: string) {
  await sql`update public.conversations set active_message_id = ${leaf} where id = ${conversation_id}`;
}

/** The active leaf. */
export async function leafOf(sql: Sql, { conversation_id }: Admitted) {
  const [{ active_message_id }] = await sql`
    select active_message_id from public.conversations where id = ${conversation_id}`;
  return active_message_id;
}
