import assert from "node:assert/strict";
import { DONE_WAITS_FOR_STORAGE_MS, MAX_CLIENT_QUEUE_BYTES } from "../protocol/limits.ts";
import { away } from "../testing/database.ts";
import { watch } from "../testing/events.ts";
import { makeWorker, stopOf } from "../testing/worker.ts";

/** A worker that runs stream-1 of user-1, with the client that started it. */
async function make(on_disconnect: "stop" | "continue" = "stop") {
  const worker = makeWorker();
  const { client, call } = await worker.watched({ request: { on_disconnect } });
  const ends: string[] = [];
  return {
    ...worker,
    client,
    call,
    ends,
    attach(name: string, from: number | null = null, userId = "user-1") {
      const body = worker.generations.attach(userId, "stream-1", from, () => ends.push(name));
      return body && watch(body);
    },
  };
}

Deno.test("the right user is let in from any offset, and reads to the same end", async () => {
  const { attach, call, client, clock, ends, provider, settle } = await make();
  call.send("Once");
  const whole = attach("whole")!;
  const again = attach("again", 0)!;
  const rest = attach("rest", 2)!;
  call.send(" upon");
  call.finish();
  await settle(client, whole, again, rest);
  for (const late of [whole, again]) {
    assert.deepEqual(late.events[0], client.events[0]);
    assert.equal(late.text, "Once upon");
  }
  assert.deepEqual(rest.events[0], { event: "token", id: "4", data: "ce" });
  assert.equal(rest.text, "ce upon");
  for (const late of [whole, again, rest]) {
    assert.deepEqual(late.events.at(-1), client.events.at(-1));
  }
  assert.deepEqual(ends, ["whole", "again", "rest"]);
  assert.equal(provider.calls.length, 1);
  assert.equal(clock.pending, 0);
});

Deno.test("another user is not let in, nor told that there is something", async () => {
  const { attach, call, client, ends, settle } = await make();
  assert.equal(attach("stranger", null, "user-2"), null);
  call.finish();
  await settle(client);
  assert.deepEqual(ends, []);
});

Deno.test("nobody is let into what does not run here", async () => {
  const { call, client, generations, settle } = await make();
  for (const id of ["stream-2", "", "toString"]) {
    assert.equal(generations.attach("user-1", id, null, () => assert.fail()), null);
  }
  call.finish();
  await settle(client);
});

Deno.test("after the end nobody is let in, however it ended", async () => {
  const ends = [
    (call: { finish(): void }) => call.finish(),
    (call: { fail(error: unknown): void }) => call.fail(new Error("broken")),
  ];
  for (const end of ends) {
    const { attach, call, client, settle } = await make();
    end(call);
    await settle(client);
    assert.equal(attach("late"), null);
  }
});

Deno.test("while the end waits for its storing a reader is let in and gets it, and from done on the database tells", async () => {
  const { attach, call, client, clock, database, settle } = await make();
  call.send("Once");
  database.failure = away();
  call.finish();
  await clock.run(1_000);
  const waiting = attach("waiting")!;
  await clock.run(DONE_WAITS_FOR_STORAGE_MS);
  assert.equal(waiting.events.at(-1)?.event, "done");
  assert.equal(attach("late"), null);
  database.failure = null;
  await clock.run(2_000);
  await settle(client, waiting);
});

Deno.test("under stop a generation ends when the last of its readers has left", async () => {
  const { attach, call, client, clock, settle, stored } = await make();
  const other = attach("other")!;
  call.send("So far");
  await clock.run(0);
  await client.leave();
  await clock.run(3_000);
  assert.equal(call.open, true);
  call.send(", and on");
  await other.leave();
  assert.equal(call.open, false);
  assert.equal(stopOf(call), "disconnected");
  await settle();
  assert.equal(stored(), "So far, and on");
});

Deno.test("under stop a reader who comes back in time keeps the generation", async () => {
  const { attach, call, client, clock, settle } = await make();
  const back = attach("back")!;
  await client.leave();
  const again = attach("again", 0)!;
  await back.leave();
  await clock.run(1_000);
  assert.equal(call.open, true);
  call.finish();
  await settle(again);
});

Deno.test("under continue no reader's leaving ends it, and one who comes back reads on", async () => {
  const { attach, call, client, clock, settle, stored } = await make("continue");
  const other = attach("other")!;
  call.send("One");
  await clock.run(0);
  await client.leave();
  await other.leave();
  await clock.run(10_000);
  assert.equal(call.open, true);
  call.send(" two");
  const back = attach("back", client.text.length)!;
  call.send(" three");
  call.finish();
  await settle(back);
  assert.equal(client.text + back.text, "One two three");
  assert.equal(stored(), "One two three");
});

Deno.test("a client that was detached resumes where it was, and misses nothing", async () => {
  const { begin, clock, generations, settle } = makeWorker();
  const { body, call } = await begin();
  const third = "x".repeat(MAX_CLIENT_QUEUE_BYTES / 3);
  for (const name of ["a", "b", "c", "d"]) call.send(name + third);
  const slow = watch(body);
  await clock.run(0);
  assert.equal(slow.ended, true);
  assert.equal(call.open, true);
  const back = watch(
    generations.attach("user-1", "stream-1", slow.text.length, () => {})!,
  );
  call.send("end");
  call.finish();
  await settle(back);
  assert.equal(slow.text + back.text, ["a", "b", "c", "d"].map((name) => name + third).join("") + "end");
  assert.equal(slow.events.some(({ event }) => event === "done"), false);
});

Deno.test("each reader's end is told once, whatever ends it", async () => {
  const { attach, call, clock, ends, generations, keepAlive, shutdown } = await make();
  const leaver = attach("leaver")!;
  const slow = () => ends.push("slow");
  const unread = generations.attach("user-1", "stream-1", null, slow)!;
  attach("stayer");
  await leaver.leave();
  assert.deepEqual(ends, ["leaver"]);
  call.send("x".repeat(MAX_CLIENT_QUEUE_BYTES / 2));
  await clock.run(0);
  call.send("y".repeat(MAX_CLIENT_QUEUE_BYTES / 2));
  // What waits for a detached reader is there until it is read.
  assert.deepEqual(ends, ["leaver"]);
  watch(unread);
  await clock.run(0);
  assert.deepEqual(ends, ["leaver", "slow"]);
  shutdown.begin("early_drop");
  await keepAlive.settled();
  assert.deepEqual(ends, ["leaver", "slow", "stayer"]);
  assert.equal(clock.pending, 0);
});
