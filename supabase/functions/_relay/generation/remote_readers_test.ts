import assert from "node:assert/strict";
import type { GenerationRow, View } from "../database/database.ts";
import { ERRORS, RelayError } from "../protocol/errors.ts";
import { MAX_READ_READERS, READ_GIVE_UP_MS, READER_IDLE_MS } from "../protocol/limits.ts";
import { AWAY, away, makeDatabase, type TestDatabase } from "../testing/database.ts";
import { readEvents } from "../testing/events.ts";
import { COMPLETED, INTERRUPTED, makeSeat, makeView, START_DATA } from "../testing/generation.ts";
import { makePlatform } from "../testing/platform.ts";
import { assertEnded } from "../testing/worker.ts";
import { createRemoteReaders } from "./remote_readers.ts";

const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
const START = (stream_id: string) => ({ event: "start", id: "0", data: JSON.stringify({ ...START_DATA, stream_id }) });
const token = (id: number, data: string) => ({ event: "token", id: String(id), data });
const done = (stream_id: string) => ({
  event: "done",
  data: JSON.stringify({
    ...{ stream_id, message_id: "message-1", bot_id: "bot-1", model: "model-1" },
    ...{ is_complete: true, finish_reason: "stop", usage: USAGE },
  }),
});

const completed = (text: string) => makeView(text, { ...COMPLETED, ...USAGE });

/** A worker whose clients read what others run. */
function make() {
  const platform = makePlatform({ configuration: { beatMs: 1_000 } });
  const { clock } = platform;
  const database = makeDatabase();
  const remote = createRemoteReaders(platform, database);
  const ends: string[] = [];
  const start = clock.now();
  /** When each shared read began, and what it asked for. */
  const reads: [number, string[]][] = [];
  const { read } = database;
  database.read = (readings) => {
    reads.push([clock.now() - start, readings.map(({ streamId, from }) => `${streamId}@${from}`)]);
    return read(readings);
  };
  /** A client's stream, as resuming opens it. */
  const open = (streamId: string, from: number | null = null) =>
    remote.attach("user-1", streamId, from, database.views.get(streamId)!, makeSeat(() => ends.push(streamId)));
  return {
    ...platform,
    database,
    ends,
    reads,
    open,
    set: (streamId: string, view: View) => void database.views.set(streamId, view),
    async openClient(streamId: string, from: number | null = null) {
      const client = readEvents(open(streamId, from));
      await clock.run(0);
      return client;
    },
  };
}

Deno.test("a reader gets start, the text so far, what each beat brings, and the end", async () => {
  const { clock, database, ends, logged, reads, set, shutdown, openClient } = make();
  set("a", makeView("Once"));
  set("b", makeView("Once upon"));
  const clients = [await openClient("a"), await openClient("a", 0), await openClient("a", 1), await openClient("b", 2)];
  assert.deepEqual(clients[0].events, [START("a"), token(4, "Once")]);
  set("a", makeView("Once upon", {}, 4));
  await clock.run(1_000);
  set("a", makeView("Once upon a 🐉!", {}, 9));
  await clock.run(1_000);
  await clock.run(1_000);
  set("a", completed("Once upon a 🐉! The end"));
  await clock.run(1_000);
  const came = [token(9, " upon"), token(15, " a 🐉!"), token(23, " The end"), done("a")];
  assert.deepEqual(clients[0].events.slice(2), came);
  assert.deepEqual(clients[1].events, clients[0].events);
  assert.deepEqual(clients[2].events, [token(4, "nce"), ...came]);
  assert.deepEqual(clients[3].events, [token(9, "ce upon"), { event: "ping", data: "{}" }]);
  for (const client of clients.slice(0, 3)) assertEnded(client);
  // One read a beat, for all of them.
  assert.deepEqual(reads.slice(0, 2), [[1_000, ["a@4", "a@4", "a@4", "b@9"]], [2_000, ["a@9", "a@9", "a@9", "b@9"]]]);
  assert.deepEqual(database.calls[0], ["read", [
    { userId: "user-1", streamId: "a", from: 4 },
    { userId: "user-1", streamId: "a", from: 4 },
    { userId: "user-1", streamId: "a", from: 4 },
    { userId: "user-1", streamId: "b", from: 9 },
  ]]);
  assert.deepEqual(ends, ["a", "a", "a"]);
  await clients[3].leave();
  assert.equal(clock.pending, 0);
  // None of them is listening any more.
  shutdown.begin("the end");
  assert.equal(logged().at(-1)!.generations, 0);
});

Deno.test("what has ended is replayed at once, and nothing is asked afterwards", async () => {
  const { clock, ends, reads, set, openClient } = make();
  set("a", completed("Once upon"));
  const cases: [number | null, unknown[]][] = [
    [null, [START("a"), token(9, "Once upon"), done("a")]],
    [4, [token(9, " upon"), done("a")]],
    [9, [done("a")]],
    [99, [done("a")]],
  ];
  for (const [from, wanted] of cases) {
    const client = await openClient("a", from);
    assert.deepEqual(client.events, wanted);
    assertEnded(client);
  }
  assert.equal(ends.length, cases.length);
  assert.equal(clock.pending, 0);
  await clock.run(5_000);
  assert.deepEqual(reads, []);
});

/** A database that has this text of each stream, and answers with at most so many units in all; ended, if it says so. */
function inParts(database: TestDatabase, text: string, units: number, row: Partial<GenerationRow> = {}) {
  database.answers.read = (readings) => {
    let left = units;
    return readings.map(({ from }) => {
      const end = Math.min(from + left, text.length);
      left -= Math.max(end - from, 0);
      const view = makeView(text.slice(0, Math.max(end, from)), row, from, end < text.length);
      return from < end ? view : { ...view, start: null, end: null, text: null };
    });
  };
  return (from = 0) => database.answers.read([{ userId: "user-1", streamId: "a", from }])[0]!;
}

Deno.test("a reader that lacks more than one answer has gets it without waiting for beats, and then its end", async () => {
  for (const row of [{}, { ...COMPLETED, ...USAGE }]) {
    const { clock, database, reads, set, openClient } = make();
    set("a", inParts(database, "Once upon a time", 4, row)());
    const client = await openClient("a");
    await clock.run(0);
    assert.deepEqual(client.events.slice(1, 5), [
      ...[token(4, "Once"), token(8, " upo"), token(12, "n a "), token(16, "time")],
    ]);
    assert.deepEqual(reads.map(([at]) => at), [0, 0, 0]);
    if ("status" in row) assertEnded(client);
    else {
      // The others share the beat again.
      await clock.run(1_000);
      assert.deepEqual(reads.at(-1), [1_000, ["a@16"]]);
      await client.leave();
    }
    assert.equal(clock.pending, 0);
  }
});

Deno.test("readers that lack text share one call at a time, and the one that got least comes first", async () => {
  const { clock, database, reads, set, openClient } = make();
  const view = inParts(database, "x".repeat(12), 4);
  for (const id of ["a", "b", "c"]) set(id, view());
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  const clients = [await openClient("a"), await openClient("b"), await openClient("c")];
  await clock.run(1_000);
  assert.deepEqual(reads, [[0, ["a@4"]]]);
  resolve();
  await clock.run(0);
  assert.deepEqual(clients.map(({ text }) => text.length), [12, 12, 12]);
  // Each call brings four units to its first reader: six calls for what three of them lack.
  assert.equal(reads.length, 6);
  assert.equal(new Set(reads.slice(0, 3).map(([, [first]]) => first.split("@")[0])).size, 3);
  for (const client of clients) await client.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("an answer that brings no text although more is there is not asked for without a pause", async () => {
  const { clock, database, reads, set, openClient } = make();
  const wrong = { ...makeView("Once", {}, 0, true) };
  set("a", wrong);
  database.answers.read = () => [{ ...wrong, start: null, end: null, text: null }];
  const client = await openClient("a");
  await clock.run(3_000);
  assert.ok(reads.length <= 7, `${reads.length} reads`);
  await client.leave();
});

Deno.test("nothing is asked for a client that has not taken what it got", async () => {
  const { clock, ends, reads, set, open } = make();
  set("a", makeView("Once"));
  const body = open("a");
  await clock.run(READER_IDLE_MS - 1_000);
  assert.deepEqual(reads, []);
  const reader = body.getReader();
  await reader.read();
  // It takes the ping, too.
  const next = reader.read();
  set("a", makeView("Once upon"));
  await clock.run(1_000);
  await next;
  assert.deepEqual(reads, [[READER_IDLE_MS, ["a@4"]]]);
  await clock.run(READER_IDLE_MS + 10_000);
  // It took nothing for a minute.
  assert.deepEqual([ends, reads.length], [["a"], 1]);
  assert.equal(clock.pending, 0);
});

Deno.test("a view that the database refuses ends its own stream alone, and all others go on", async () => {
  const { clock, database, ends, logged, reads, set, openClient } = make();
  const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
  for (const id of ids) set(id, makeView("Once"));
  const clients = await Promise.all(ids.map((id) => openClient(id)));
  const bad = ["s3", "s17"];
  database.answers.read = (readings) => {
    if (readings.some(({ streamId }) => bad.includes(streamId))) throw new RelayError("internal", "Too large");
    return readings.map(() => makeView("Once upon", {}, 4));
  };
  await clock.run(1_000);
  await clock.run(0);
  for (const [index, client] of clients.entries()) {
    assert.equal(client.ended, bad.includes(ids[index]));
    assert.equal(client.text, client.ended ? "Once" : "Once upon");
    assert.ok(client.events.every(({ event }) => event === "start" || event === "token"));
  }
  assert.deepEqual(ends, bad);
  assert.deepEqual(logged().map(({ event, stream_id }) => [event, stream_id]), bad.map((id) => ["read_refused", id]));
  // Two halvings of 20, and then one call again.
  assert.ok(reads.length < 20, `${reads.length} reads`);
  const before = reads.length;
  await clock.run(1_000);
  assert.equal(reads.length, before + 1);
  for (const client of clients) await client.leave();
});

Deno.test("many readers are asked for in batches, and a batch that fails harms no other", async () => {
  const { clock, database, logged, set, openClient } = make();
  const ids = Array.from({ length: 2 * MAX_READ_READERS + 1 }, (_, index) => `s${index}`);
  for (const id of ids) set(id, makeView("Once"));
  const clients = [];
  for (const id of ids) clients.push(await openClient(id));
  const sizes: number[] = [];
  database.answers.read = (readings) => {
    sizes.push(readings.length);
    if (readings.some(({ streamId }) => streamId === "s0")) throw away();
    return readings.map(() => makeView("Once upon", {}, 4));
  };
  await clock.run(1_000);
  assert.deepEqual(sizes, [MAX_READ_READERS, MAX_READ_READERS, 1]);
  const texts = clients.map(({ text }) => text);
  assert.deepEqual(new Set(texts.slice(0, MAX_READ_READERS)), new Set(["Once"]));
  assert.deepEqual(new Set(texts.slice(MAX_READ_READERS)), new Set(["Once upon"]));
  assert.deepEqual(logged().map(({ event }) => event), ["reads_failing"]);
  for (const client of clients) await client.leave();
});

Deno.test("a stream whose reads fail for a minute is ended, so that its client can go elsewhere", async () => {
  const { clock, database, ends, set, openClient } = make();
  set("a", makeView("Once"));
  const client = await openClient("a");
  for (const answered of [true, false]) {
    database.failure = away();
    await clock.run(READ_GIVE_UP_MS);
    assert.equal(client.ended, false);
    database.failure = null;
    if (answered) await clock.run(1_000);
  }
  database.failure = away();
  await clock.run(1_000);
  assert.equal(client.ended, true);
  assert.deepEqual(new Set(client.events.map(({ event }) => event)), new Set(["start", "token", "ping"]));
  assert.deepEqual(ends, ["a"]);
  assert.equal(clock.pending, 0);
});

Deno.test("a reader that leaves or comes during a read changes nothing of it", async () => {
  const { clock, database, ends, reads, set, openClient } = make();
  set("a", makeView(""));
  const leaver = await openClient("a");
  set("a", makeView("Once"));
  const { promise, resolve } = Promise.withResolvers<void>();
  database.gate = promise;
  await clock.run(1_000);
  await leaver.leave();
  const comer = await openClient("a");
  await clock.run(3_000);
  assert.deepEqual(reads.length, 1);
  database.gate = null;
  resolve();
  await clock.run(0);
  await clock.run(0);
  assert.deepEqual(leaver.events, [START("a")]);
  assert.deepEqual(ends, ["a"]);
  assert.deepEqual(reads[1], [4_000, ["a@4"]]);
  await comer.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("a generation whose lease ran out ends with its text and an error, a deleted one with an error alone", async () => {
  const { clock, database, ends, set, openClient } = make();
  for (const id of ["a", "b", "c"]) set(id, makeView("Once"));
  const [swept, deleted, other] = [await openClient("a"), await openClient("b"), await openClient("c")];
  set("a", makeView("Once upon", INTERRUPTED));
  database.views.delete("b");
  await clock.run(1_000);
  const { message, retryable } = ERRORS.interrupted;
  const error = { code: "interrupted", message, retryable };
  assert.deepEqual(swept.events[2], token(9, " upon"));
  assert.deepEqual(swept.json("error"), { ...error, stream_id: "a", message_id: "message-1" });
  assert.deepEqual(deleted.json("error"), { ...error, stream_id: "b", message_id: null });
  for (const client of [swept, deleted]) assertEnded(client);
  assert.equal(other.ended, false);
  assert.deepEqual(ends, ["a", "b"]);
  await other.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("an outage ends no stream, is one line, and what was written during it comes after it", async () => {
  const { clock, database, logged, set, openClient, workerId } = make();
  set("a", makeView("Once"));
  const client = await openClient("a");
  for (let outage = 1; outage <= 2; outage++) {
    database.failure = away();
    await clock.run(5_000);
    database.failure = null;
    set("a", makeView("Once-1-2".slice(0, 4 + 2 * outage)));
    await clock.run(1_000);
    const line = { level: "warn", event: "reads_failing", worker_id: workerId, cause: AWAY };
    assert.deepEqual(logged(), Array(outage).fill(line));
  }
  const came = client.events.filter(({ event }) => event !== "ping").slice(1);
  assert.deepEqual(came, [token(4, "Once"), token(6, "-1"), token(8, "-2")]);
  await client.leave();
  assert.equal(clock.pending, 0);
});

Deno.test("a shutdown closes every stream without a last event, because the generation goes on elsewhere", async () => {
  const { clock, ends, reads, set, shutdown, openClient } = make();
  for (const id of ["a", "b"]) set(id, makeView("Once"));
  const clients = [await openClient("a"), await openClient("b")];
  shutdown.begin("early_drop");
  await clock.run(5_000);
  for (const client of clients) {
    assert.equal(client.ended, true);
    assert.deepEqual(client.events.map(({ event }) => event), ["start", "token"]);
  }
  assert.deepEqual([ends, reads], [["a", "b"], []]);
  assert.equal(clock.pending, 0);
});
