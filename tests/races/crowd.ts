import { deepStrictEqual as equal } from "node:assert/strict";
import { atOnce, deleteConversation, type TransactionRaces } from "./transaction_race.ts";
import { beat, cancel, finish, stateOf } from "./relay_sql.ts";

/** Many transactions at once, in whatever order they come. */
export const crowds: TransactionRaces = {
  async "twenty finishes at once store one message and get one answer"({ observer, databaseUrl, givenGenerations }) {
    const [generation] = await givenGenerations(1);
    const outcomes = await atOnce(databaseUrl, 20, (sql, index) => finish(sql, generation, `text ${index}`));
    const { messages } = await stateOf(observer, generation);
    equal(messages.length, 1);
    equal(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size, 1);
    equal(outcomes[0].message_id, messages[0].id);
  },

  async "twenty cancels against twenty finishes: each pair agrees on one end"(
    { observer, databaseUrl, givenGenerations },
  ) {
    const generations = await givenGenerations(20);
    const answers = await atOnce(databaseUrl, 40, async (sql, index) => {
      const generation = generations[index >> 1];
      return isFirst(index) ? await cancel(sql, generation) : (await finish(sql, generation)).status;
    });
    for (const [index, generation] of generations.entries()) {
      const { generation: { status }, messages: [message] } = await stateOf(observer, generation);
      const pair = answers.slice(2 * index, 2 * index + 2);
      const answer = status === "cancelled" ? "cancelling" : "completed";
      equal(pair.sort(), [status, answer].sort());
      equal(message.is_complete, status === "completed");
    }
  },

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
