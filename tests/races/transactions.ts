import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import {
  atOnce,
  deleteConversation,
  deletePrompt,
  givenTwoTurns,
  inOrder,
  leafOf,
  moveLeaf,
  openSessions,
  sideBySide,
  type TransactionRaces,
  waits,
} from "./transaction_race.ts";
import type { Sql } from "postgres";
import { eventually } from "../../testkit/eventually.ts";
import { admit, type Beat, beat, begin, cancel, finish, stateOf } from "./relay_sql.ts";

/** Two transactions, of which one is seen to wait for the other. */
export const transactions: TransactionRaces = {
  async "finish waits for a cancel and then ends as cancelled"(race) {
    const generation = await admit(race.observer, race);
    const [status, outcome] = await inOrder(race, (a) => cancel(a, generation), (b) => finish(b, generation));
    const state = await stateOf(race.observer, generation);
    equal(status, "cancelling");
    equal([outcome.status, outcome.finish_reason, outcome.is_complete], ["cancelled", "cancelled", false]);
    equal(state.generation.status, "cancelled");
    equal(state.messages, [{
      id: outcome.message_id,
      content: "Once upon a time.",
      is_complete: false,
      finish_reason: "cancelled",
    }]);
  },

  async "cancel waits for a finish and then says that it has completed"(race) {
    const generation = await admit(race.observer, race);
    const [outcome, status] = await inOrder(race, (a) => finish(a, generation), (b) => cancel(b, generation));
    const state = await stateOf(race.observer, generation);
    equal([outcome.status, status, state.generation.status], ["completed", "completed", "completed"]);
    equal(
      state.messages.map(({ id, is_complete, finish_reason }) => [id, is_complete, finish_reason]),
      [[outcome.message_id, true, "stop"]],
    );
  },

  async "a second finish waits for the first and gets the same answer"(race) {
    const generation = await admit(race.observer, race);
    const [first, second] = await inOrder(
      race,
      (a) => finish(a, generation, "first"),
      (b) => finish(b, generation, "second"),
    );
    equal(second, first);
    const { messages } = await stateOf(race.observer, generation);
    equal(messages.map(({ content }) => content), ["first"]);
  },

  async "a hundred readers of one long message get what one answer holds, and all others how to go on"(race) {
    const generation = await admit(race.observer, race);
    // As many readers as a call asks for: 300 MB of text, which no jsonb holds.
    await finish(race.observer, generation, "漢".repeat(1024 * 1024));
    const [{ answer }] = await race.observer`
      select public.relay_read(
        array_fill(${generation.user_id}::uuid, array[100]), array_fill(${generation.stream_id}::text, array[100]),
        array_fill(17, array[100])
      ) as answer`;
    const [first, ...others] = answer;
    equal([first.start, first.end, first.text.length, first.more], [17, 262_161, 262_144, true]);
    equal(
      new Set(others.map(({ text, more }: { text: null; more: boolean }) => `${text} ${more}`)),
      new Set(["null true"]),
    );
  },

  async "pieces of a text that overlap or come out of order are stored once, in their order"(race) {
    const generation = await admit(race.observer, race);
    const part = (start: number, text: string) => [{ start, text }];
    const beats = (start: number, text: string) => (sql: Sql) => beat(sql, [generation], part(start, text));
    const units = ({ stored }: Beat) => stored[generation.stream_id];
    equal(units(await beats(4, " upon")(race.observer)), 0);
    equal((await inOrder(race, beats(0, "Once"), beats(0, "Once upon"))).map(units), [4, 4]);
    equal((await inOrder(race, beats(4, " upon"), beats(0, ""))).map(units), [9, 9]);
    equal((await inOrder(race, beats(9, " a"), beats(4, " upon a time"))).map(units), [11, 11]);
    await finish(race.observer, generation, " time", 11);
    equal((await stateOf(race.observer, generation)).messages[0].content, "Once upon a time");
  },

  async "a beat waits for a cancel and then reports it"(race) {
    const generation = await admit(race.observer, race);
    const [, answer] = await inOrder(race, (a) => cancel(a, generation), (b) => beat(b, [generation]));
    equal(answer, { stored: { [generation.stream_id]: 0 }, cancelled: [generation.stream_id], lost: [] });
  },

  async "a beat waits for a finish and then reports that it is lost"(race) {
    const generation = await admit(race.observer, race);
    const [, answer] = await inOrder(race, (a) => finish(a, generation), (b) => beat(b, [generation]));
    equal(answer, { stored: {}, cancelled: [], lost: [generation.stream_id] });
  },

  async "two starts of one user are counted one after the other"(race) {
    const asked = { user_id: race.user_id, rate_limit: 1 };
    const [first, second] = await inOrder(race, (a) => begin(a, asked), (b) => begin(b, asked));
    equal([first.outcome, second.outcome, second.code], ["admitted", "refused", "rate_limited"]);
  },

  async "of two users who name one stream_id the second is refused, and nothing of theirs is written"(race) {
    const other = await race.givenUser();
    const stream_id = crypto.randomUUID();
    const [first, second] = await inOrder(
      race,
      (a) => begin(a, { user_id: race.user_id, stream_id }),
      (b) => begin(b, { user_id: other, stream_id }),
    );
    equal([first.outcome, second.outcome, second.code], ["admitted", "refused", "stream_id_taken"]);
    const written = await race.observer`
      select id from public.conversations where user_id = ${other}
      union all select id from public.messages where user_id = ${other}`;
    equal([...written], []);
  },

  async "finish waits for the conversation's deletion and then ends without a message"(race) {
    const generation = await admit(race.observer, race);
    const [, outcome] = await inOrder(race, (a) => deleteConversation(a, generation), (b) => finish(b, generation));
    equal([outcome.status, outcome.message_id], ["completed", null]);
    const { generation: row, messages } = await stateOf(race.observer, generation);
    equal([row.status, row.conversation_id, messages], ["completed", null, []]);
  },

  async "the conversation's deletion waits for a finish and takes the message along"(race) {
    const generation = await admit(race.observer, race);
    const [outcome] = await inOrder(race, (a) => finish(a, generation), (b) => deleteConversation(b, generation));
    ok(outcome.message_id);
    const { generation: row, messages } = await stateOf(race.observer, generation);
    equal([row.status, row.conversation_id, row.message_id, messages], ["completed", null, null, []]);
  },

  async "finish waits for the deletion of the prompt and then writes no answer to it"(race) {
    const generation = await admit(race.observer, race);
    const [, outcome] = await inOrder(race, (a) => deletePrompt(a, generation), (b) => finish(b, generation));
    equal([outcome.status, outcome.message_id], ["completed", null]);
    equal((await stateOf(race.observer, generation)).messages, []);
  },

  async "the deletion of the prompt waits for a finish and takes the answer along"(race) {
    const generation = await admit(race.observer, race);
    const [outcome] = await inOrder(race, (a) => finish(a, generation), (b) => deletePrompt(b, generation));
    ok(outcome.message_id);
    const { generation: row, messages } = await stateOf(race.observer, generation);
    equal([row.status, row.message_id, messages], ["completed", null, []]);
  },

  async "a text is changed without a wait for its conversation, whose time moves where it is only previewed or is free"(
    race,
  ) {
    const generation = await admit(race.observer, race);
    const { conversation_id, user_message_id } = generation;
    const change = (sql: Sql, content: string) =>
      sql`update public.messages set content = ${content} where id = ${user_message_id}`;
    const time = async () => {
      const [{ at }] = await race.observer`
        select updated_at::text as at from public.conversations where id = ${conversation_id}`;
      return at;
    };
    const before = await time();
    await sideBySide(
      race,
      (a) => a`select 1 from public.conversations where id = ${conversation_id} for no key update`,
      (b) => change(b, "Late"),
    );
    equal(await time(), before);
    const preview = { user_id: race.user_id, conversation_id, parent_id: user_message_id, preview: true };
    const [{ outcome }] = await sideBySide(race, (a) => begin(a, preview), (b) => change(b, "Later"));
    equal(outcome, "previewed");
    ok(await time() !== before);
  },

  async "the deletion of a message goes on, and who edits it does not wait for a deadlock"(race) {
    const { a, b, observer } = race;
    const generation = await admit(observer, race);
    const id = generation.user_message_id;
    await a.sql`begin`;
    // A deletion's first lock; that of the conversation whose active leaf it is comes after it.
    await a.sql`select 1 from public.messages where id = ${id} for update`;
    const edit = b.sql`select public.edit_message(${id}, 'New', 'Begin')`.execute();
    edit.catch(() => {});
    await waits(observer, b.pid, a.pid);
    await deletePrompt(a.sql, generation);
    await a.sql`commit`;
    await rejects(edit, { code: "55P03" });
    equal([...await observer`select 1 from public.messages where id = ${id}`], []);
  },

  async "finish waits for a reader who moves the active leaf and then leaves it there"(race) {
    const { first, second } = await givenTwoTurns(race);
    const [, outcome] = await inOrder(
      race,
      (a) => moveLeaf(a, first, first.user_message_id),
      (b) => finish(b, second),
    );
    ok(outcome.message_id);
    equal(await leafOf(race.observer, first), first.user_message_id);
  },

  async "a reader who moves the active leaf after a finish is the last to decide"(race) {
    const { first, second } = await givenTwoTurns(race);
    await inOrder(race, (a) => finish(a, second), (b) => moveLeaf(b, first, first.user_message_id));
    equal(await leafOf(race.observer, first), first.user_message_id);
  },

  async "two answers in one conversation are both stored, and the leaf goes to the one that its client waits for"(
    race,
  ) {
    const { first, second } = await givenTwoTurns(race);
    const { conversation_id } = first;
    const parent_id = second.user_message_id;
    const rival = await admit(race.observer, { user_id: race.user_id, conversation_id, parent_id });
    // The rival's prompt is the active leaf by now, so the answer to the other one does not move it.
    const [one, two] = await inOrder(race, (a) => finish(a, second), (b) => finish(b, rival));
    ok(one.message_id && two.message_id);
    equal(await leafOf(race.observer, first), two.message_id);
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

  async "beats over the same generations in opposite order do not wait for each other for ever"(race) {
    const { a, b, observer } = race;
    const generations = await race.givenGenerations(3);
    generations.sort((x, y) => x.stream_id < y.stream_id ? -1 : 1);
    // A beat that locks in the order of its arguments holds an outer row now and comes for the other's.
    await observer`begin`;
    await observer`select 1 from relay.generations where stream_id = ${generations[1].stream_id} for update`;
    const [{ pid }] = await observer`select pg_backend_pid() as pid`;
    await using spare = await openSessions(race.databaseUrl);
    const forth = beat(a.sql, generations);
    await waits(spare.observer, a.pid, pid);
    const back = beat(b.sql, generations.toReversed());
    await waits(spare.observer, b.pid, a.pid);
    await observer`commit`;
    const stored = Object.fromEntries(generations.map(({ stream_id }) => [stream_id, 0]));
    const nothing = { stored, cancelled: [], lost: [] };
    equal(await Promise.all([forth, back]), [nothing, nothing]);
  },
};
