/** One voice at a time, and cancels that cut: workers over the real SQL functions. */

import assert from "node:assert/strict";
import { makeRelay, type Relay } from "../_relay/testing/relay.ts";
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

/** Who reads next to the client that began, where a cancel comes, how much is said until the beat, what is stored. */
const CUTS: [title: string, at: number, prepare: (begun: Begun) => unknown, stored: string][] = [
  ["its one reader has shown what no beat has stored", 10, () => {}, "Foxes 🦊 r"],
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
    // A later reader gets exactly that.
    for (const worker of workers) assert.equal((await worker.read(streamId)).text, stored);
    await relay.end();
  });
}

Deno.test("a reader that comes between the cancel and the end is sent nothing that is not stored", async () => {
  const relay = await begin("Foxes 🦊 ran");
  const { clock, streamId, workers: [worker, other] } = relay;
  assert.equal(await drain(other.cancel(streamId, { at: 6 })), 202);
  // With the beat the worker learns of it, but its finish does not get through.
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
