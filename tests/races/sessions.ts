/** Sessions on a real Postgres, for races that are decided by who holds what when. */
import postgres, { type Sql } from "postgres";

/** One connection, and so one transaction at a time. */
export interface Session {
  sql: Sql;
  pid: number;
}

/** Two rivals, and an observer who is in nobody's way. */
export interface Sessions extends AsyncDisposable {
  a: Session;
  b: Session;
  observer: Sql;
}

/** Opens one connection. */
export function connect(url: string): Sql {
  return postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
}

async function openSession(url: string): Promise<Session> {
  const sql = connect(url);
  const [{ pid }] = await sql`select pg_backend_pid() as pid`;
  return { sql, pid };
}

/** Opens the sessions of one test. */
export async function openSessions(url: string): Promise<Sessions> {
  const [a, b, observer] = [await openSession(url), await openSession(url), connect(url)];
  return {
    a,
    b,
    observer,
    async [Symbol.asyncDispose]() {
      await Promise.all([a.sql.end(), b.sql.end(), observer.end()]);
    },
  };
}

/** Settles once the session waits for a lock; throws where it never does. */
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
  // Its failure is the caller's to hear of, and not before it is waited for.
  other.catch(() => {});
  try {
    await waits(observer, b.pid, a.pid);
  } finally {
    await a.sql`commit`;
  }
  return [answer, await other];
}

/** A does its part and holds its transaction open; B does its own and is done, without waiting; A commits. */
export async function beside<First, Second>(
  { a, b }: Sessions,
  first: (sql: Sql) => Promise<First>,
  second: (sql: Sql) => Promise<Second>,
): Promise<[First, Second]> {
  await a.sql`begin`;
  try {
    const answer = await first(a.sql);
    // Whoever waited after all would wait for ever: this says so in its place.
    const other = await b.sql.begin(async (sql) => {
      await sql`set local lock_timeout = '5s'`;
      return await second(sql as unknown as Sql);
    });
    return [answer, other as Second];
  } finally {
    await a.sql`commit`;
  }
}
