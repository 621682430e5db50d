/** The invariants of the design, each by its number, as far as workers carry them; the database's part is in pgTAP. */

import assert from "node:assert/strict";
import { RelayError } from "../_relay/protocol/errors.ts";
import { MAX_CLIENT_QUEUE_BYTES, MAX_MESSAGE_UNITS, MAX_PIECE_UNITS } from "../_relay/protocol/limits.ts";
import { type Seen, watch } from "../_relay/testing/events.ts";
import type { TestCall } from "../_relay/testing/provider.ts";
import { makeRelay, type Worker } from "../_relay/testing/relay.ts";
import { makeRandom, makeText } from "../_relay/testing/split.ts";
import { assertEnded } from "../_relay/testing/worker.ts";

const ASK = { prompt: "Hi", stream_id: "stream-1" };

/** The text that the database has of a running generation. */
function beatenIn(relay: ReturnType<typeof makeRelay>): string {
  return relay.database.rows.get("stream-1")!.chunks.map(({ text }) => text)
    .join("");
}

Deno.test("invariant 1: a stream_id has one generation, one provider call and one message, however often it is asked for", async () => {
  const relay = makeRelay();
  const { clock, database, workers } = relay;
  const all = await Promise.all(Array.from({ length: 10 }, (_, place) => workers[place % 2].start(ASK)));
  assert.equal(relay.calls().length, 1);
  const [call] = relay.calls();
  call.send("Once upon a 🐉");
  await clock.run(1_000);
  all.push(await workers[0].start(ASK), await workers[1].start(ASK));
  call.finish();
  await clock.run(2_000);
  all.push(await workers[0].start(ASK), await workers[1].start(ASK));
  database.forget("stream-1");
  all.push(await workers[0].start(ASK), await workers[1].start(ASK));
  for (const client of all) {
    assertEnded(client);
    assert.equal(client.text, "Once upon a 🐉");
  }
  assert.equal(relay.calls().length, 1);
  assert.deepEqual([...database.messages.keys()], ["stream-1"]);
  await relay.end();
});

Deno.test("invariant 1: a stream_id whose worker died is not generated again", async () => {
  const relay = makeRelay();
  const { clock, database, workers } = relay;
  await workers[0].start(ASK);
  workers[0].calls[0].send("So far");
  await clock.run(1_000);
  workers[0].cut = true;
  database.expire("stream-1");
  const again = await workers[1].start(ASK);
  assertEnded(again);
  assert.equal(again.text, "So far");
  assert.equal(relay.calls().length, 1);
  await relay.end();
});

Deno.test("invariant 2: what a client was sent and what is stored differ by at most one beat, and after done they are equal", async () => {
  const random = makeRandom(11);
  for (let round = 0; round < 20; round++) {
    const relay = makeRelay();
    const { clock, database, workers } = relay;
    const client = await workers[0].start(ASK);
    const [call] = workers[0].calls;
    let before = "";
    for (let second = 0; second < 10; second++) {
      for (let read = random(4); read > 0; read--) {
        call.send(makeText(["a", " ", "\n", "é", "🐉"], 1 + random(8), random));
        await clock.run(random(200));
      }
      // A cut of fewer seconds than the lease has to be made good by the next beat.
      workers[0].cut = random(4) === 0;
      await clock.run(1_000);
      const stored = beatenIn(relay);
      assert.ok(client.text.startsWith(stored));
      if (!workers[0].cut) assert.ok(stored.length >= before.length);
      before = client.text;
    }
    workers[0].cut = false;
    call.finish();
    await clock.run(1_000);
    assertEnded(client);
    assert.equal(client.text, database.contentOf("stream-1"));
    const replayed = await workers[1].read("stream-1");
    assert.equal(replayed.text, client.text);
    await relay.end();
  }
});

Deno.test("invariant 2: what a killed worker leaves is a prefix of what its client was sent, at most one beat short", async () => {
  const random = makeRandom(12);
  for (let round = 0; round < 50; round++) {
    const relay = makeRelay();
    const { clock, database, workers } = relay;
    const client = await workers[0].start(ASK);
    const [call] = workers[0].calls;
    const sentAt: [number, number][] = [];
    const killedAt = clock.now() + random(4_000);
    while (clock.now() < killedAt) {
      call.send(makeText(["a", "🐉"], 1 + random(5), random));
      await clock.run(Math.min(1 + random(100), killedAt - clock.now()));
      sentAt.push([clock.now(), client.text.length]);
    }
    workers[0].cut = true;
    database.expire("stream-1");
    const resumed = await workers[1].read("stream-1", { from: client.text.length });
    assertEnded(resumed);
    assert.equal(resumed.text, "");
    const content = database.contentOf("stream-1") ?? "";
    assert.ok(client.text.startsWith(content));
    const safe = sentAt.findLast(([at]) => at <= killedAt - 1_100)?.[1] ?? 0;
    assert.ok(content.length >= safe, `${content.length} of ${safe} units`);
    await relay.end();
  }
});

/** What can happen to a generation, until it has ended; `relay.workers[0]` runs it. */
const FATES: [string, (relay: ReturnType<typeof makeRelay>, call: TestCall, client: Seen) => unknown][] = [
  ["the provider finishes", (_, call) => call.finish()],
  ["the provider fails", (_, call) => call.fail(new RelayError("provider_error", "It failed"))],
  ["the provider hangs", async ({ clock }) => await clock.run(60_000)],
  ["the client leaves", (_relay, _call, client) => client.leave()],
  ["the user cancels on another worker", async ({ clock, workers }) => {
    await (await workers[1].cancel("stream-1")).body?.cancel();
    await clock.run(1_000);
  }],
  ["cancel and provider come together", async ({ workers }, call) => {
    await (await workers[1].cancel("stream-1")).body?.cancel();
    call.finish();
  }],
  ["its worker shuts down", ({ workers }) => workers[0].platform.shutdown.begin("wall_clock")],
  ["its worker is killed", async ({ clock, database, workers }) => {
    workers[0].cut = true;
    database.expire("stream-1");
    await clock.run(1_000);
  }],
  ["the database is away for 30 s", async ({ clock, workers }, call) => {
    workers[0].cut = true;
    await clock.run(10_000);
    call.send(", and on");
    call.finish();
    await clock.run(20_000);
    workers[0].cut = false;
    await clock.run(2_000);
  }],
  [
    "the database is away for longer than the lease",
    async ({ clock, database, workers }, call) => {
      workers[0].cut = true;
      await clock.run(16_000);
      database.sweep("stream-1");
      call.send(", and on");
      workers[0].cut = false;
      await clock.run(2_000);
      call.finish();
    },
  ],
];

for (const [title, befall] of FATES) {
  Deno.test(`invariant 3: a generation has exactly one terminal state where ${title}`, async () => {
    const relay = makeRelay();
    const { clock, database, workers } = relay;
    const client = await workers[0].start(ASK);
    const [call] = workers[0].calls;
    call.send("So far");
    await clock.run(1_000);
    await befall(relay, call, client);
    await clock.run(6_000);
    // A read is enough to find what nobody ended.
    await workers[1].read("stream-1");
    const { outcome, status } = structuredClone(database.rows.get("stream-1")!);
    const content = database.contentOf("stream-1");
    assert.notEqual(status, "running");
    assert.equal(outcome?.status, status);
    assert.ok(content?.startsWith("So far"));
    // Whatever comes later changes nothing, unless it is the worker that was cut off.
    if (!workers[0].cut) {
      await (await workers[1].cancel("stream-1")).body?.cancel();
      database.expire("stream-1");
      await workers[1].start(ASK);
      await relay.end();
      assert.deepEqual(database.rows.get("stream-1")!.outcome, outcome);
      assert.equal(database.contentOf("stream-1"), content);
    }
    await relay.end();
  });

  Deno.test(`invariant 4: each stream has one terminal event, its last, where ${title}`, async () => {
    const relay = makeRelay(3);
    const { clock, workers } = relay;
    const client = await workers[0].start({
      ...ASK,
      on_disconnect: title === "the client leaves" ? "stop" : "continue",
    });
    const [call] = workers[0].calls;
    call.send("So far");
    await clock.run(1_000);
    const isKilled = title === "its worker is killed";
    const readers = [
      await workers[1].read("stream-1"),
      await workers[2].read("stream-1", { from: 2 }),
      await workers[2].start(ASK),
    ];
    // One that stays on its worker keeps a generation under stop from ending, and dies with a killed one.
    if (title !== "the client leaves") {
      const here = await workers[0].read("stream-1", { from: 6 });
      if (!isKilled) readers.push(here, client);
    }
    await befall(relay, call, client);
    await clock.run(6_000);
    for (const worker of workers.slice(1)) {
      readers.push(await worker.read("stream-1"));
    }
    for (const reader of readers) assertEnded(reader);
    await relay.end();
  });
}

/** How an answer looks to who asked; the id that was asked for is no news. */
async function faceOf(response: Response) {
  const headers = Object.fromEntries(response.headers);
  return [response.status, headers, await response.text()];
}

Deno.test("invariant 5: of another user's stream nothing can be read, attached to or cancelled, and it looks like one that does not exist", async () => {
  const relay = makeRelay();
  const { clock, database, workers } = relay;
  const owner = await workers[0].start(ASK);
  workers[0].calls[0].send("A secret text");
  await clock.run(1_000);
  const stranger = { user: "user-2" };
  const ask: ((worker: Worker, id: string) => Promise<Response>)[] = [
    (worker, id) => worker.get(id, stranger),
    (worker, id) => worker.get(id, { ...stranger, from: 1 }),
    (worker, id) => worker.cancel(id, stranger),
  ];
  for (const isOver of [false, true]) {
    for (const worker of workers) {
      for (const request of ask) {
        const begin = database.calls.length;
        const unknown = await faceOf(await request(worker, "unknown"));
        const middle = database.calls.length;
        const foreign = await faceOf(await request(worker, "stream-1"));
        const asked = database.calls.slice(middle).map(([name]) => name);
        assert.deepEqual(foreign, unknown);
        assert.equal(foreign[0], 404);
        // The same work is done for both, so that time tells nothing.
        assert.deepEqual(asked, database.calls.slice(begin, middle).map(([name]) => name));
        assert.equal(asked.length, 1);
      }
      const taken = await worker.post(ASK, stranger);
      assert.equal(taken.status, 409);
      assert.doesNotMatch(await taken.text(), /secret|user-1/);
    }
    assert.equal(database.rows.get("stream-1")!.cancelRequested, false);
    if (isOver) continue;
    assert.equal(owner.ended, false);
    workers[0].calls[0].finish();
    await clock.run(1_000);
    assertEnded(owner);
  }
  assert.equal(relay.calls().length, 1);
  await relay.end();
});

Deno.test("invariant 6: a provider's key is in no answer, event or log line", async () => {
  const seen: unknown[] = [];
  for (const [, befall] of FATES) {
    const relay = makeRelay();
    const { clock, workers } = relay;
    const response = await workers[0].post(ASK);
    seen.push(Object.fromEntries(response.headers));
    const client = watch(response.body!);
    await clock.run(0);
    const [call] = workers[0].calls;
    assert.equal(call.call.accessKey, "sk-secret");
    call.send("So far");
    await clock.run(1_000);
    await befall(relay, call, client);
    await clock.run(6_000);
    const replayed = await workers[1].read("stream-1");
    const again = await faceOf(await workers[1].cancel("stream-1"));
    seen.push(client.events, replayed.events, again);
    await relay.end();
    seen.push(relay.logged());
  }
  assert.doesNotMatch(JSON.stringify(seen), /sk-secret/);
});

Deno.test("invariant 7: a client that does not read holds its queue and no more, and the text behind it is stored whole", async () => {
  const relay = makeRelay();
  const { clock, database, workers } = relay;
  const slow = await workers[0].post(ASK);
  await clock.run(0);
  const [call] = workers[0].calls;
  const megabyte = "x".repeat(1024 * 1024);
  for (let read = 0; read < 8; read++) {
    call.send(megabyte.slice(0, megabyte.length / 2));
    call.send(megabyte.slice(megabyte.length / 2));
    await clock.run(1_000);
    assert.equal(call.open, true);
  }
  call.finish();
  await clock.run(1_000);
  assert.equal(database.contentOf("stream-1")?.length, 8 * megabyte.length);
  let held = 0;
  for await (const chunk of slow.body!) held += chunk.byteLength;
  assert.ok(held <= MAX_CLIENT_QUEUE_BYTES, `${held} bytes`);
  const pieces = database.calls.filter(([name]) => name === "beat").flatMap((
    [, entries],
  ) => entries as { piece: { text: string } }[]);
  assert.ok(pieces.every(({ piece }) => piece.text.length <= MAX_PIECE_UNITS));
  await relay.end();
});

Deno.test("invariant 7: a provider that sends too much ends in a typed error, with what fitted", async () => {
  const relay = makeRelay();
  const { clock, database, workers } = relay;
  const client = await workers[0].start(ASK);
  const [call] = workers[0].calls;
  const piece = "x".repeat(MAX_PIECE_UNITS);
  for (let units = 0; units <= MAX_MESSAGE_UNITS; units += piece.length) {
    call.send(piece);
    await clock.run(1_000);
  }
  assert.equal(call.open, false);
  assertEnded(client);
  assert.equal((client.json("error") as { code: string }).code, "provider_bad_response");
  assert.equal(database.contentOf("stream-1")?.length, MAX_MESSAGE_UNITS);
  await relay.end();
});

const OLD = "6f1de1a3-5c1e-4f0e-9f6c-1b1f3f1c9d10";

Deno.test("invariant 8: a reroll that ends before its first word leaves the story as it was", async () => {
  for (const [title, befall] of FATES) {
    const relay = makeRelay();
    const { clock, database, workers } = relay;
    database.messages.set("old", {
      id: OLD,
      userId: "user-1",
      content: "The old version",
      isComplete: true,
      finishReason: "stop",
      usage: null,
    });
    const story = structuredClone(database.messages);
    const client = await workers[0].start({ reroll_of: OLD, stream_id: "stream-1" });
    const [call] = workers[0].calls;
    call.send({ kind: "reasoning", text: "Let me think" });
    const { send } = call;
    call.send = () => {};
    await clock.run(1_000);
    await befall(relay, call, client);
    call.send = send;
    await clock.run(6_000);
    await workers[1].read("stream-1");
    assert.deepEqual(database.messages, story, title);
    assert.equal(database.rows.get("stream-1")!.outcome?.message_id, null);
    const begun = database.calls.find(([name]) => name === "begin")!;
    assert.deepEqual(begun[4], { reroll_of: OLD, stream_id: "stream-1", on_disconnect: "stop" });
    await relay.end();
  }
});

Deno.test("invariant 9: a worker that was cut off for longer than its lease completes its generation, nobody else does, and only once", async () => {
  const relay = makeRelay();
  const { clock, database, workers } = relay;
  const client = await workers[0].start(ASK);
  const [call] = workers[0].calls;
  call.send("So far");
  await clock.run(1_000);
  workers[0].cut = true;
  call.send(", and on");
  await clock.run(16_000);
  database.expire("stream-1");
  const partial = await workers[1].read("stream-1");
  assertEnded(partial);
  assert.equal(partial.text, "So far");
  assert.deepEqual(
    (await faceOf(await workers[1].cancel("stream-1")))[2],
    JSON.stringify({ stream_id: "stream-1", status: "interrupted" }),
  );

  // Another fence changes nothing, whatever it says.
  const { fence } = database.rows.get("stream-1")!;
  const ending = {
    status: "completed",
    finishReason: "stop",
    errorCode: null,
    usage: null,
    firstTokenMs: null,
    overheadMs: null,
  } as const;
  const forged = { storedUnits: 0, from: () => "Forged" };
  await database.finish("stream-1", "another", ending, forged);
  assert.equal(database.contentOf("stream-1"), "So far");

  assert.equal(call.open, true);
  workers[0].cut = false;
  call.send(", to the end");
  call.finish();
  await clock.run(1_000);
  assertEnded(client);
  assert.equal(client.events.at(-1)?.event, "done");
  assert.equal(client.text, "So far, and on, to the end");
  assert.equal(database.contentOf("stream-1"), client.text);
  assert.equal(database.messages.size, 1);

  await database.finish("stream-1", fence!, ending, forged);
  assert.equal(database.contentOf("stream-1"), client.text);
  const rest = await workers[1].read("stream-1", { from: 6 });
  assert.equal(partial.text + rest.text, client.text);
  assert.equal(rest.events.at(-1)?.data, client.events.at(-1)?.data);
  await relay.end();
});

Deno.test("invariant 9: every beat and the finish of a generation show the fence that its begin was given", async () => {
  const relay = makeRelay();
  const { clock, database, workers } = relay;
  await workers[0].start(ASK);
  const [call] = workers[0].calls;
  call.send("So far");
  await clock.run(3_000);
  call.finish();
  await clock.run(1_000);
  const [begun] = database.calls;
  const fences = database.calls.slice(1).map(([name, ...args]) =>
    name === "beat" ? (args[0] as { fence: string }[])[0].fence : args[1]
  );
  assert.deepEqual(database.calls.map(([name]) => name), ["begin", "beat", "beat", "beat", "finish"]);
  assert.deepEqual(fences, Array(4).fill(begun[3]));
  await relay.end();
});
