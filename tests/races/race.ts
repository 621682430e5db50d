/** What the races of transactions have in common: a database with users, and the moves of readers. */
import type { Sql } from "postgres";
import { admit, type Admitted, finish } from "../../testkit/relay_sql.ts";
import { connect, openSessions, type Sessions } from "../../testkit/sessions.ts";
import { skip } from "../../testkit/skipped.ts";
import { type Stage, startWorkerStage } from "../../testkit/stage.ts";
import { makeBot, signUp, type TestUser } from "../../testkit/target.ts";

/** What a race is given; its user has a bot. */
export interface Arena extends Sessions {
  user_id: string;
  databaseUrl: string;
  givenUser(): Promise<TestUser>;
  /** This many generations of the user that run. */
  givenGenerations(count: number): Promise<Admitted[]>;
}

/** Registers a test for each race, on one database for all; where there is no Postgres it says so. */
export function registerRaces(what: string, races: Record<string, (arena: Arena) => Promise<void>>): void {
  if (!Deno.env.get("RELAY_TEST_DATABASE_URL")) {
    return skip(`${what}: RELAY_TEST_DATABASE_URL is not set`);
  }
  let stage: Stage | undefined;
  Deno.test.beforeAll(async () => {
    stage = await startWorkerStage([]);
  });
  Deno.test.afterAll(() => stage?.stop());
  for (const [name, race] of Object.entries(races)) {
    Deno.test({
      name,
      timeout: 60_000,
      async fn() {
        const { target } = stage!;
        const databaseUrl = stage!.databaseUrl!;
        const givenUser = async () => {
          const user = await signUp(target);
          await makeBot(target, user, "http://127.0.0.1:9/v1");
          return user;
        };
        await using sessions = await openSessions(databaseUrl);
        const { id: user_id } = await givenUser();
        await race({
          ...sessions,
          user_id,
          databaseUrl,
          givenUser,
          async givenGenerations(count) {
            const generations: Admitted[] = [];
            while (generations.length < count) {
              generations.push(await admit(sessions.observer, { user_id }));
            }
            return generations;
          },
        });
      },
    });
  }
}

/** A conversation of which the second turn is being answered. */
export async function givenTwoTurns({ observer, user_id }: Arena): Promise<{ first: Admitted; second: Admitted }> {
  const first = await admit(observer, { user_id });
  await finish(observer, first);
  const { conversation_id } = first;
  return { first, second: await admit(observer, { user_id, conversation_id }) };
}

/** Calls on eight connections, all that are to come at once. */
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

/** As its owner does; the messages go with it. */
export async function deleteConversation(sql: Sql, { conversation_id }: Admitted) {
  await sql`delete from public.conversations where id = ${conversation_id}`;
}

/** As its owner does; what hangs below it goes too. */
export async function deletePrompt(sql: Sql, { user_message_id }: Admitted) {
  await sql`delete from public.messages where id = ${user_message_id}`;
}

/** As a reader does who turns to another branch. */
export async function moveLeaf(sql: Sql, { conversation_id }: Admitted, leaf: string) {
  await sql`update public.conversations set active_message_id = ${leaf} where id = ${conversation_id}`;
}

/** Where the reader stands. */
export async function leafOf(sql: Sql, { conversation_id }: Admitted) {
  const [{ active_message_id }] = await sql`
    select active_message_id from public.conversations where id = ${conversation_id}`;
  return active_message_id;
}
