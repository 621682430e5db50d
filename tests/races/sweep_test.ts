import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Arena, atOnce, leafOf, registerRaces } from "./race.ts";
import {
  admit,
  type Admitted,
  beat,
  begin,
  cancel,
  expire,
  finish,
  finishWhole,
  read,
  stateOf,
  sweep,
} from "../../testkit/relay_sql.ts";
import { beside, inOrder } from "../../testkit/sessions.ts";

const PARTIAL = "Once upon";
const WHOLE = "Once upon a time.";

/** A generation whose worker has brought a part of the text and then fell silent for longer than its lease. */
async function givenSilent({ observer, user_id }: Arena): Promise<Admitted> {
  const generation = await admit(observer, { user_id });
  await beat(observer, [generation], [{ start: 0, text: PARTIAL }]);
  await expire(observer, [generation]);
  return generation;
}

/** How the story has the generation: its status, and each message that bears its name. */
async function told({ observer }: Arena, generation: Admitted) {
  const { generation: { status }, messages } = await stateOf(observer, generation);
  return [status, ...messages.map(({ content, is_complete, finish_reason }) => [content, is_complete, finish_reason])];
}

const AS_COMPLETED = ["completed", [WHOLE, true, "stop"]];
const AS_INTERRUPTED = ["interrupted", [PARTIAL, false, "interrupted"]];

/** The sweep against everybody else who has to do with a generation. */
const races: Record<string, (arena: Arena) => Promise<void>> = {
  async "a finish waits for a sweep and then replaces the partial message by the whole one, once"(arena) {
    const generation = await givenSilent(arena);
    const [closed, outcome] = await inOrder(
      arena,
      (a) => sweep(a, generation),
      (b) => finishWhole(b, generation, WHOLE),
    );
    equal([closed, outcome.status, outcome.is_complete], [1, "completed", true]);
    equal(await told(arena, generation), AS_COMPLETED);
    equal(await leafOf(arena.observer, generation), outcome.message_id);
    equal(await finish(arena.observer, generation, "Again"), outcome);
    equal(await sweep(arena.observer, generation), 0);
    equal(await told(arena, generation), AS_COMPLETED);
  },

  async "a sweep passes by a generation that is being finished, and finds nothing to do later"(arena) {
    const generation = await givenSilent(arena);
    const [outcome, closed] = await beside(
      arena,
      (a) => finishWhole(a, generation, WHOLE),
      (b) => sweep(b, generation),
    );
    equal([outcome.status, closed], ["completed", 0]);
    equal(await sweep(arena.observer, generation), 0);
    equal(await told(arena, generation), AS_COMPLETED);
  },

  async "the message that a sweep has written keeps its id when the worker completes it"(arena) {
    const generation = await givenSilent(arena);
    equal(await sweep(arena.observer, generation), 1);
    const { messages: [partial] } = await stateOf(arena.observer, generation);
    equal(await told(arena, generation), AS_INTERRUPTED);
    const outcome = await finishWhole(arena.observer, generation, WHOLE);
    equal(outcome.message_id, partial.id);
    equal(await told(arena, generation), AS_COMPLETED);
  },

  async "of two fences one alone writes: the other's beat is lost and its finish changes nothing"(arena) {
    const { observer } = arena;
    const generation = await admit(observer, arena);
    const impostor = { ...generation, fence: crypto.randomUUID() };
    const { stream_id } = generation;
    equal(await beat(observer, [impostor], [{ start: 0, text: "Never" }]), {
      stored: {},
      cancelled: [],
      lost: [stream_id],
    });
    equal(await beat(observer, [generation], [{ start: 0, text: PARTIAL }]), {
      stored: { [stream_id]: PARTIAL.length },
      cancelled: [],
      lost: [],
    });
    equal((await finish(observer, impostor, "Never")).status, "running");
    await expire(observer, [generation]);
    await sweep(observer, generation);
    equal((await finish(observer, impostor, "Never")).status, "interrupted");
    equal(await told(arena, generation), AS_INTERRUPTED);
    await finishWhole(observer, generation, WHOLE);
    equal((await finish(observer, impostor, "Never")).status, "completed");
    equal(await told(arena, generation), AS_COMPLETED);
  },

  async "a piece that was brought already is not added a second time, and the beat says where to go on"(arena) {
    const { observer } = arena;
    const generation = await admit(observer, arena);
    const { stream_id } = generation;
    const first = { start: 0, text: "Once" };
    for (const _ of [1, 2]) {
      const { stored } = await beat(observer, [generation], [first]);
      equal(stored, { [stream_id]: 4 });
    }
    await beat(observer, [generation], [{ start: 4, text: " upon" }]);
    const { start, text } = await read(observer, generation);
    equal([start, text], [0, PARTIAL]);
  },

  async "a beat waits for a sweep and then learns neither of a loss nor of a cancel: its worker goes on"(arena) {
    const generation = await givenSilent(arena);
    const piece = { start: PARTIAL.length, text: " a time." };
    const [, answer] = await inOrder(arena, (a) => sweep(a, generation), (b) => beat(b, [generation], [piece]));
    equal(answer, { stored: {}, cancelled: [], lost: [] });
    equal(await told(arena, generation), AS_INTERRUPTED);
  },

  async "a sweep passes by a generation whose lease is being renewed"(arena) {
    const generation = await givenSilent(arena);
    const [, closed] = await beside(arena, (a) => beat(a, [generation]), (b) => sweep(b, generation));
    equal([closed, await sweep(arena.observer, generation)], [0, 0]);
    equal(await told(arena, generation), ["running"]);
  },

  async "a cancel waits for a sweep and then says that it was interrupted"(arena) {
    const generation = await givenSilent(arena);
    const [closed, status] = await inOrder(arena, (a) => sweep(a, generation), (b) => cancel(b, generation));
    equal([closed, status], [1, "interrupted"]);
    equal(await told(arena, generation), AS_INTERRUPTED);
  },

  async "a cancel of what a sweep took for dead still reaches the worker, should it live"(arena) {
    const { observer } = arena;
    const generation = await givenSilent(arena);
    const { stream_id } = generation;
    await sweep(observer, generation);
    equal(await cancel(observer, generation), "interrupted");
    equal(await beat(observer, [generation]), { stored: {}, cancelled: [stream_id], lost: [] });
    const { status } = await finishWhole(observer, generation, WHOLE);
    equal(status, "cancelled");
    const cancelled = ["cancelled", [WHOLE, false, "cancelled"]];
    equal(await told(arena, generation), cancelled);
  },

  async "a sweep passes by a generation that is being cancelled, and the next one ends it as cancelled"(arena) {
    // Cancelled in time: a cancel of an expired one would have closed it by itself.
    const generation = await admit(arena.observer, arena);
    await beat(arena.observer, [generation], [{ start: 0, text: PARTIAL }]);
    const [status, closed] = await beside(arena, async (a) => {
      const answer = await cancel(a, generation);
      await expire(a, [generation]);
      return answer;
    }, (b) => sweep(b, generation));
    equal([status, closed], ["cancelling", 0]);
    equal(await sweep(arena.observer, generation), 1);
    const cancelled = ["cancelled", [PARTIAL, false, "cancelled"]];
    equal(await told(arena, generation), cancelled);
    // Nobody completes what its user has cancelled.
    const { status: late } = await finish(arena.observer, generation, WHOLE);
    equal(late, "cancelled");
    equal(await told(arena, generation), cancelled);
  },

  async "a reader of a silent generation sees it end, also while a sweep is at it"(arena) {
    const generation = await givenSilent(arena);
    const [, during] = await beside(arena, (a) => sweep(a, generation), (b) => read(b, generation));
    // The sweep has not committed: to the reader it still runs, and it reads again with the next beat.
    equal([during.generation.status, during.text], ["running", PARTIAL]);
    const after = await read(arena.observer, generation);
    equal([after.generation.status, after.text], ["interrupted", PARTIAL]);
  },

  async "a start with the stream_id of a silent generation finds it ended, and starts no other"(arena) {
    const generation = await givenSilent(arena);
    const { user_id, stream_id } = generation;
    const answer = await begin(arena.observer, { user_id, stream_id });
    equal(answer.outcome, "exists");
    equal(await told(arena, generation), AS_INTERRUPTED);
  },

  async "twenty sweeps against twenty finishes: each message is whole, and there is one of each"(arena) {
    const { observer, databaseUrl, user_id } = arena;
    const generations = await arena.givenGenerations(20);
    const pieces = generations.map(() => ({ start: 0, text: PARTIAL }));
    await beat(observer, generations, pieces);
    await expire(observer, generations);
    const answers = await atOnce<unknown>(
      databaseUrl,
      40,
      (sql, index) => index % 2 === 0 ? sweep(sql, { user_id }) : finishWhole(sql, generations[index >> 1], WHOLE),
    );
    ok(answers.length === 40);
    for (const generation of generations) {
      equal(await told(arena, generation), AS_COMPLETED);
    }
    const left = await observer`
      select stream_id from relay.chunks where stream_id = any (string_to_array(${
      generations.map(({ stream_id }) => stream_id).join(",")
    }, ','))`;
    equal([...left], []);
  },

  async "twenty readers and twenty sweeps at once close a generation once"(arena) {
    const generation = await givenSilent(arena);
    const closed = await atOnce<number>(
      arena.databaseUrl,
      40,
      async (sql, index) => {
        if (index % 2 === 0) return await sweep(sql, generation);
        const view = await read(sql, generation);
        // Who looks while it ends may see it run and its pieces gone, and reads again; an end comes with its text.
        const isOver = view.generation.status === "interrupted";
        if (isOver || view.text !== null) equal(view.text, PARTIAL);
        return 0;
      },
    );
    ok(closed.reduce((sum, count) => sum + count) <= 1);
    equal(await told(arena, generation), AS_INTERRUPTED);
  },
};

registerRaces("races with the sweep", races);
