/** One voice at a time, and cancels that cut: workers over the real SQL functions. */

import assert from "node:assert/strict";
import type { Seen } from "../_relay/testing/events.ts";
import { makeRelay, type Relay, type Worker } from "../_relay/testing/relay.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { assertEnded } from "../_relay/testing/worker.ts";

const sql = await startSql();

const seconds = (clock: Relay["clock"], count: number) => clock.run(count * 1_000);

/** A generation on the first worker that has said this, all of it stored by a beat. */
async function begin(text: string) {
  const relay = await makeRelay(sql);
  const { ask, clock, workers: [worker] } = relay;
  const client = await worker.start({ ...ask, on_disconnect: "continue" });
  const [call] = worker.calls;
  call.send(text);
  await seconds(clock, 1);
  const { conversation_id } = JSON.parse(client.events[0].data);
  return { ...relay, call, client, conversation_id: conversation_id as string };
}

type Begun = Awaited<ReturnType<typeof begin>>;

async function drain(asked: Promise<Response>): Promise<number> {
  const { body, status } = await asked;
  await body?.cancel();
  return status;
}

/** The next prompt; its answer is looked at once time has passed. */
async function next({ clock, conversation_id }: Begun, worker: Worker, more: Record<string, unknown> = {}) {
  let response: Response | undefined;
  const asked = worker.post({ prompt: "Next", conversation_id, ...more }).then((answered) => response = answered);
  await seconds(clock, 2);
  return response ?? await asked;
}

/** What the provider was sent last. */
const context = (relay: Begun) => relay.calls().at(-1)!.call.messages.map(({ content }) => content);

Deno.test("stop, then the next prompt at once: the context has the partial answer, on this worker and on another", async () => {
  for (const by of [0, 1]) {
    const relay = await begin("Once upon");
    assert.equal(await drain(relay.workers[1].cancel(relay.streamId)), 202);
    const response = await next(relay, relay.workers[by]);
    assert.equal(response.status, 200);
    assert.deepEqual(context(relay).slice(-3), ["Hi", "Once upon", "Next"]);
    assertEnded(relay.client);
    await response.body!.cancel();
    await relay.end();
  }
});

Deno.test("a prompt is refused while the answer goes on, and stored nowhere; a place that is named is free", async () => {
  const relay = await begin("Once");
  const { conversation_id, streamId, workers: [, other] } = relay;
  const response = await next(relay, other);
  assert.deepEqual([response.status, response.headers.get("retry-after")], [409, "15"]);
  const { error } = await response.json();
  assert.deepEqual([error.code, error.stream_id], ["conversation_busy", streamId]);
  const { count } = await sql.query("select count(*)::int from public.messages where user_id = $1", [relay.user]);
  assert.equal(count, 1);
  assert.equal(await drain(other.post({ prompt: "Next", conversation_id, parent_id: null })), 200);
  assert.equal(await drain(other.post({ prompt: "Next" })), 200);
  await relay.end();
});

Deno.test("a killed worker's answer is refused with when it ends, and is in the context then", async () => {
  const relay = await begin("Once upon");
  const { workers: [killed, other] } = relay;
  killed.cut = true;
  const response = await next(relay, other);
  assert.deepEqual([response.status, Number(response.headers.get("retry-after"))], [409, 15]);
  await response.body!.cancel();
  await relay.expire();
  assert.equal(await drain(other.post({ prompt: "Next", conversation_id: relay.conversation_id })), 200);
  assert.deepEqual(context(relay).slice(-2), ["Once upon", "Next"]);
  await relay.end();
});

Deno.test("the same stream_id is never busy", async () => {
  const relay = await begin("Once");
  const { ask, conversation_id, workers: [, other] } = relay;
  const again = await other.start({ ...ask, conversation_id });
  assert.equal(again.text, "Once");
  await relay.end();
});

Deno.test("a second device reads what runs in a conversation, on any worker; nobody else does", async () => {
  const relay = await begin("Once");
  const { call, clock, conversation_id, streamId, workers } = relay;
  const readers: Seen[] = [];
  for (const worker of workers) {
    const response = await worker.running(conversation_id);
    assert.deepEqual([response.status, response.headers.get("x-stream-id")], [200, streamId]);
    readers.push(await worker.read(streamId));
    await response.body!.cancel();
  }
  const stranger = await sql.addUser();
  assert.equal((await workers[0].running(conversation_id, { user: stranger })).status, 204);
  call.send(" upon");
  call.finish();
  await seconds(clock, 2);
  for (const reader of readers) assert.equal(reader.text, "Once upon");
  for (const worker of workers) assert.equal((await worker.running(conversation_id)).status, 204);
  await relay.end();
});

/** Who reads besides the client that began, where a cancel comes, how much is said until the beat, and what is stored. */
const CUTS: [title: string, at: number | undefined, prepare: (begun: Begun) => unknown, stored: string | null][] = [
  ["its one reader has shown a part", 6, () => {}, "Foxes "],
  ["its one reader has shown what no beat has stored", 10, () => {}, "Foxes 🦊 r"],
  ["half of a pair is left out", 7, () => {}, "Foxes "],
  ["its one reader has shown nothing", 0, () => {}, null],
  ["no offset is named", undefined, () => {}, "Foxes 🦊 ran"],
  ["an offset beyond the text", 999, () => {}, "Foxes 🦊 ran"],
  ["another reader is on the worker", 6, ({ streamId, workers }) => workers[0].read(streamId), "Foxes 🦊 ran"],
  [
    "another reader is on another worker, and has less",
    9,
    ({ streamId, workers }) => workers[1].read(streamId),
    "Foxes 🦊 ",
  ],
  [
    "another reader may be the one that cancels",
    6,
    ({ streamId, workers }) => workers[1].read(streamId),
    "Foxes 🦊 ran",
  ],
  ["the one that began has left before", 6, ({ client }) => client.leave(), "Foxes "],
];

for (const [title, at, prepare, stored] of CUTS) {
  Deno.test(`a cancel cuts, and never what others were sent: ${title}`, async () => {
    const relay = await begin("Foxes 🦊");
    const { call, clock, streamId, workers } = relay;
    await prepare(relay);
    assert.equal(await drain(workers[1].cancel(streamId, { at })), 202);
    call.send(" ran");
    await seconds(clock, 2);
    assert.equal(await relay.stored(), stored);
    // Who comes later gets exactly that.
    for (const worker of workers) assert.equal((await worker.read(streamId)).text, stored ?? "");
    await relay.end();
  });
}

Deno.test("a reader that comes between the cancel and the end is sent nothing that is not stored", async () => {
  const relay = await begin("Foxes 🦊 ran");
  const { clock, streamId, workers: [worker, other] } = relay;
  assert.equal(await drain(other.cancel(streamId, { at: 6 })), 202);
  // The beat tells the worker, whose finish does not get through.
  const finish = relay.hold("relay_finish");
  await seconds(clock, 1);
  const late = await worker.read(streamId);
  finish();
  await seconds(clock, 2);
  const content = await relay.stored();
  assertEnded(late);
  assert.equal(late.text, content);
  await relay.end();
});

Deno.test("a sweep honours the cut of a worker that was killed after the cancel", async () => {
  const relay = await begin("Foxes 🦊 ran");
  const { streamId, workers: [killed, other] } = relay;
  assert.equal(await drain(other.cancel(streamId, { at: 6 })), 202);
  killed.cut = true;
  await relay.sweep();
  assert.equal(await relay.stored(), "Foxes ");
  assert.equal((await other.read(streamId)).text, "Foxes ");
  await relay.end();
});

Deno.test("a cancel of what has ended changes nothing", async () => {
  const relay = await begin("Foxes 🦊 ran");
  const { call, clock, streamId, workers: [, other] } = relay;
  call.finish();
  await seconds(clock, 1);
  assert.equal(await drain(other.cancel(streamId, { at: 2 })), 200);
  assert.equal(await relay.stored(), "Foxes 🦊 ran");
  await relay.end();
});
