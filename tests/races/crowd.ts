import { deepStrictEqual as equal } from "node:assert/strict";
import { atOnce, deleteConversation, type TransactionRaces } from "./transaction_race.ts";
import { eventually } from "../../testkit/eventually.ts";
import { admit, beat, begin, cancel, finish, stateOf } from "./relay_sql.ts";

/** Many transactions at once, in whatever order they come. */
export const crowds: TransactionRaces = {
  async "twenty conversations deleted while they are answered: nothing deadlocks, each generation ends"(
    { observer, databaseUrl, givenGenerations },
  ) {
    const generations = await givenGenerations(20);
    await atOnce<unknown>(databaseUrl, 40, (sql, index) => {
      const generation = generations[index >> 1];
      return isFirst(index) ? finish(sql, generation) : deleteConversation(sql, generation);
    });
    for (const generation of generations) {
      const { generation: row, messages } = await stateOf(observer, generation);
      equal([row.status, row.conversation_id, row.message_id, messages], ["completed", null, null, []]);
    }
  },

  async "while a start of one user hangs four more wait, the next is refused at once, and other users are not held up"(
    { a, observer, databaseUrl, user_id, givenUser },
  ) {
    const other = await givenUser();
    await a.sql`begin`;
    await admit(a.sql, { user_id });
    const answers: Record<string, unknown>[] = [];
    const all = atOnce(databaseUrl, 8, async (sql) => void answers.push(await begin(sql, { user_id })));
    // Each that waits has given up before the last one is counted, so the most that were seen count.
    let waiting = 0;
    await eventually("four are refused while four wait", async () => {
      const [{ count }] = await observer`
        select count(*)::int from pg_locks where locktype = 'advisory' and classid = 7301 and not granted
          and database = (select oid from pg_database where datname = current_database())`;
      waiting = Math.max(waiting, Number(count));
      return answers.length >= 4 || undefined;
    });
    equal((await admit(observer, { user_id: other })).user_id, other);
    await all;
    await a.sql`commit`;
    equal(
      answers.map(({ outcome, code, retry_after_s }) => [outcome, code, retry_after_s]),
      Array(8).fill(["refused", "overloaded", 1]),
    );
    equal(waiting <= 4, true, `${waiting} waited`);
    // What has waited holds no place any more.
    equal((await admit(observer, { user_id })).user_id, user_id);
  },

  async "twenty workers beat for twenty generations in two orders while they are cancelled"(
    { observer, databaseUrl, givenGenerations },
  ) {
    const generations = await givenGenerations(20);
    await atOnce<unknown>(databaseUrl, 40, (sql, index) => {
      if (index % 2 === 0) return cancel(sql, generations[index / 2]);
      return beat(sql, index % 4 === 1 ? generations : generations.toReversed());
    });
    const { cancelled, lost } = await beat(observer, generations);
    equal(cancelled.sort(), generations.map(({ stream_id }) => stream_id).sort());
    equal(lost, []);
  },
};

/** Two calls for each generation, in changing order, on connections side by side. */
function isFirst(index: number): boolean {
  return index % 2 === (index >> 1) % 2;
}
