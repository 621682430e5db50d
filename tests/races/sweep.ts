import { deepStrictEqual as equal, ok } from "node:assert/strict";
import {
  atOnce,
  inOrder,
  leafOf,
  sideBySide,
  type TransactionRace,
  type TransactionRaces,
} from "./transaction_race.ts";
import { admit, type Admitted, beat, cancel, expire, finish, finishWhole, read, stateOf, sweep } from "./relay_sql.ts";

const PARTIAL = "Once upon";
const WHOLE = "Once upon a time.";

/** A generation whose worker has brought a part of the text and was then silent for longer than its lease. */
async function givenSilent({ observer, user_id }: TransactionRace): Promise<Admitted> {
  const generation = await admit(observer, { user_id });
  await beat(observer, [generation], [{ start: 0, text: PARTIAL }]);
  await expire(observer, [generation]);
  return generation;
}

/** What is stored of the generation: its status, and its messages. */
async function storedOf({ observer }: TransactionRace, generation: Admitted) {
  const { generation: { status }, messages } = await stateOf(observer, generation);
  return [status, ...messages.map(({ content, is_complete, finish_reason }) => [content, is_complete, finish_reason])];
}

const AS_COMPLETED = ["completed", [WHOLE, true, "stop"]];
const AS_INTERRUPTED = ["interrupted", [PARTIAL, false, "interrupted"]];

/** The sweep against all others that has to do with a generation. */
export const sweeps: TransactionRaces = {
  async "a finish waits for a sweep and then replaces the partial message by the whole one, once"(race) {
    const generation = await givenSilent(race);
    const [closed, outcome] = await inOrder(
      race,
      (a) => sweep(a, generation),
      (b) => finishWhole(b, generation, WHOLE),
    );
    equal([closed, outcome.status, outcome.is_complete], [1, "completed", true]);
    equal(await storedOf(race, generation), AS_COMPLETED);
    equal(await leafOf(race.observer, generation), outcome.message_id);
    equal(await finish(race.observer, generation, "Again"), outcome);
    equal(await sweep(race.observer, generation), 0);
    equal(await storedOf(race, generation), AS_COMPLETED);
  },

  async "a sweep passes by a generation that is being finished, and finds nothing to do later"(race) {
    const generation = await givenSilent(race);
    const [outcome, closed] = await sideBySide(
      race,
      (a) => finishWhole(a, generation, WHOLE),
      (b) => sweep(b, generation),
    );
    equal([outcome.status, closed], ["completed", 0]);
    equal(await sweep(race.observer, generation), 0);
    equal(await storedOf(race, generation), AS_COMPLETED);
  },

  async "a beat waits for a sweep and then learns neither of a loss nor of a cancel: its worker goes on"(race) {
    const generation = await givenSilent(race);
    const part = { start: PARTIAL.length, text: " a time." };
    const [, answer] = await inOrder(race, (a) => sweep(a, generation), (b) => beat(b, [generation], [part]));
    equal(answer, { stored: {}, cancelled: [], lost: [] });
    equal(await storedOf(race, generation), AS_INTERRUPTED);
  },

  async "a sweep passes by a generation whose lease is being renewed"(race) {
    const generation = await givenSilent(race);
    const [, closed] = await sideBySide(race, (a) => beat(a, [generation]), (b) => sweep(b, generation));
    equal([closed, await sweep(race.observer, generation)], [0, 0]);
    equal(await storedOf(race, generation), ["running"]);
  },

  async "a cancel waits for a sweep and then says that it was interrupted"(race) {
    const generation = await givenSilent(race);
    const [closed, status] = await inOrder(race, (a) => sweep(a, generation), (b) => cancel(b, generation));
    equal([closed, status], [1, "interrupted"]);
    equal(await storedOf(race, generation), AS_INTERRUPTED);
  },

  async "a sweep passes by a generation that is being cancelled, and the next one ends it as cancelled"(race) {
    // Cancelled in time: a cancel of an expired one would have closed it by itself.
    const generation = await admit(race.observer, race);
    await beat(race.observer, [generation], [{ start: 0, text: PARTIAL }]);
    const [status, closed] = await sideBySide(race, async (a) => {
      const answer = await cancel(a, generation);
      await expire(a, [generation]);
      return answer;
    }, (b) => sweep(b, generation));
    equal([status, closed], ["cancelling", 0]);
    equal(await sweep(race.observer, generation), 1);
    const cancelled = ["cancelled", [PARTIAL, false, "cancelled"]];
    equal(await storedOf(race, generation), cancelled);
    // What its user has cancelled is not completed.
    const { status: late } = await finish(race.observer, generation, WHOLE);
    equal(late, "cancelled");
    equal(await storedOf(race, generation), cancelled);
  },

  async "a reader of a silent generation sees it end, also while a sweep is at it"(race) {
    const generation = await givenSilent(race);
    const [, during] = await sideBySide(race, (a) => sweep(a, generation), (b) => read(b, generation));
    // The sweep has not committed: to the reader it still runs, and it reads again with the next beat.
    equal([during.generation.status, during.text], ["running", PARTIAL]);
    const after = await read(race.observer, generation);
    equal([after.generation.status, after.text], ["interrupted", PARTIAL]);
  },

  async "twenty readers and twenty sweeps at once close a generation once"(race) {
    const generation = await givenSilent(race);
    const closed = await atOnce<number>(
      race.databaseUrl,
      40,
      async (sql, index) => {
        if (index % 2 === 0) return await sweep(sql, generation);
        const view = await read(sql, generation);
        // A reader that looks while it ends may see it run and its text gone, and reads again; an end comes with its text.
        const isOver = view.generation.status === "interrupted";
        if (isOver || view.text !== null) equal(view.text, PARTIAL);
        return 0;
      },
    );
    ok(closed.reduce((sum, count) => sum + count) <= 1);
    equal(await storedOf(race, generation), AS_INTERRUPTED);
  },
};
