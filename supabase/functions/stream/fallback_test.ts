/** Bots with fallbacks: workers over the real SQL functions, and providers that fail as the test wants. */

import assert from "node:assert/strict";
import { type ErrorCode, RelayError } from "../_relay/protocol/errors.ts";
import type { TestCall } from "../_relay/testing/provider.ts";
import { makeRelay, type Worker } from "../_relay/testing/relay.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { assertEnded } from "../_relay/testing/worker.ts";

const sql = await startSql();

const USAGE = { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 };

/** How a provider plays: a failure, no text, nothing at all, or a story in its own words. */
type Play = ErrorCode | "empty" | "silent" | "tells";

/** A relay whose bots "first" and then "second" and "third" play this; each tells of itself. */
async function makeChain(plays: Record<string, Play | Play[]>) {
  const relay = await makeRelay(sql, 2, { rateLimitPerMinute: 100 });
  const bots: Record<string, string> = {};
  const [main, ...others] = Object.keys(plays);
  const { id } = await sql.query("update public.bots set name = $2, model = $2 where user_id = $1 returning id", [
    ...[relay.user, main],
  ]);
  bots[main] = id;
  for (const [index, name] of others.entries()) {
    const added = await sql.query(
      "insert into public.bots (user_id, name, model, updated_at) values ($1, $2, $2, '2020-01-01') returning id",
      [relay.user, name],
    );
    bots[name] = added.id;
    await sql.query("insert into public.bot_fallbacks values ($1, $2, $3)", [id, index + 1, added.id]);
  }
  const times: Record<string, number> = {};

  /** Plays a call to its end; each time the next of its bot's plays, if there are several. */
  async function play(call: TestCall) {
    const { model } = call.call;
    const all = [plays[model]].flat();
    const index = times[model] ?? 0;
    times[model] = index + 1;
    const now = all[index % all.length];
    if (now === "silent") {
      for (let ms = 0; call.open && ms < 60_000; ms += 500) await relay.clock.run(500);
    } else if (now === "tells" || now === "empty") {
      for (const text of now === "empty" ? [] : [model, " tells ", model]) call.send(text);
      call.finish({ usage: USAGE });
    } else call.fail(new RelayError(now));
    await relay.clock.run(0);
  }

  /** Plays whatever is open on a worker, until nothing is. */
  async function playAll(worker: Worker) {
    for (let open; (open = worker.calls.find((call) => call.open)) !== undefined;) await play(open);
    await relay.clock.run(0);
  }

  /** A generation from its start to its end. */
  async function tell(worker: Worker, streamId = crypto.randomUUID() as string) {
    const before = worker.calls.length;
    const client = await worker.start({ prompt: "Hi", stream_id: streamId, bot_id: id });
    await playAll(worker);
    assertEnded(client);
    return { client, streamId, asked: worker.calls.slice(before).map(({ call }) => call.model) };
  }

  return { ...relay, bots, plays, play, playAll, tell };
}

/** Time passes for what is known of this owner's providers. */
async function back(seconds: number) {
  const by = `${seconds} seconds`;
  await sql.query("update relay.provider_tries set at = at - $1::interval, started_at = started_at - $1::interval", [
    by,
  ]);
  await sql.query(
    "update relay.provider_health set since = since - $1::interval, rests_until = rests_until - $1::interval",
    [by],
  );
}
const messageOf = (streamId: string) => sql.query("select * from public.messages where stream_id = $1", [streamId]);

Deno.test("a reader on the other worker sees the same story, and the same end", async () => {
  const chain = await makeChain({ first: "provider_error", second: "tells" });
  const { clock, workers, streamId, bots, user } = chain;
  const client = await workers[0].start({ prompt: "Hi", stream_id: streamId, bot_id: bots.first });
  await chain.play(workers[0].calls[0]);
  const remote = await workers[1].read(streamId);
  const [, call] = workers[0].calls;
  call.send("second ");
  await clock.run(2_000);
  assert.equal(remote.text, "second ");
  call.send("tells second");
  call.finish({ usage: USAGE });
  await clock.run(2_000);
  for (const seen of [client, remote]) assertEnded(seen);
  assert.deepEqual([remote.text, remote.json("done")], [client.text, client.json("done")]);
  const { count } = await sql.query("select count(*)::int from public.messages where user_id = $1", [user]);
  assert.equal(count, 2);
  await chain.end();
});

Deno.test("five failures rest a provider for both workers, one start tries it again, and its answer wakes it", async () => {
  const chain = await makeChain({ first: "provider_error", second: "tells" });
  const { workers, plays } = chain;
  const ask = async (index: number) => (await chain.tell(workers[index % 2])).asked;
  for (let index = 0; index < 5; index++) assert.deepEqual(await ask(index), ["first", "second"]);
  for (let index = 0; index < 4; index++) assert.deepEqual(await ask(index), ["second"]);
  await back(29);
  assert.deepEqual(await ask(1), ["second"]);
  await back(1);
  // Two starts at once, and only one of them has the trial.
  const started = await Promise.all(workers.map((worker) => worker.start({ prompt: "Hi", bot_id: chain.bots.first })));
  const models = workers.map(({ calls }) => calls.at(-1)!.call.model).sort();
  assert.deepEqual(models, ["first", "second"]);
  for (const worker of workers) await chain.playAll(worker);
  for (const client of started) assert.equal(client.text, "second tells second");
  assert.deepEqual([await ask(0), await ask(1)], [["second"], ["second"]]);
  await back(30);
  plays.first = "tells";
  for (let index = 0; index < 4; index++) assert.deepEqual(await ask(index), ["first"]);
  await chain.end();
});

Deno.test("a bot alone, and a chain that rests as a whole, are tried all the same", async () => {
  const alone = await makeChain({ first: "provider_error" });
  for (let index = 0; index < 7; index++) {
    assert.deepEqual((await alone.tell(alone.workers[index % 2])).asked, ["first"]);
  }
  await alone.end();
  const chain = await makeChain({ first: "provider_error", second: "provider_timeout" });
  for (let index = 0; index < 7; index++) {
    const { asked, client } = await chain.tell(chain.workers[index % 2]);
    assert.deepEqual(asked, ["first", "second"]);
    assert.equal((client.json("error") as { code: string }).code, "provider_timeout");
  }
  await chain.end();
});

Deno.test("a cancel on the other worker ends the try that runs, and no other is made", async () => {
  const chain = await makeChain({ first: "provider_error", second: "silent" });
  const { clock, workers, streamId } = chain;
  const client = await workers[0].start({ prompt: "Hi", stream_id: streamId, bot_id: chain.bots.first });
  await chain.play(workers[0].calls[0]);
  await (await workers[1].cancel(streamId)).body?.cancel();
  await clock.run(1_000);
  assertEnded(client);
  const done = client.json("done") as Record<string, unknown>;
  assert.deepEqual([done.finish_reason, done.bot_id], ["cancelled", chain.bots.first]);
  assert.equal(chain.calls().length, 2);
  await chain.end();
});

Deno.test("a worker that is killed during a fallback's answer leaves its text; one that comes back says who wrote it", async () => {
  const chain = await makeChain({ first: "provider_error", second: "tells" });
  const { clock, workers, streamId } = chain;
  await workers[0].start({ prompt: "Hi", stream_id: streamId, bot_id: chain.bots.first });
  await chain.play(workers[0].calls[0]);
  const [, call] = workers[0].calls;
  call.send("second tells");
  await clock.run(1_000);
  workers[0].cut = true;
  await chain.sweep();
  assert.equal(await chain.stored(), "second tells");
  assert.equal((await workers[1].read(streamId)).text, "second tells");
  assert.equal(chain.calls().length, 2);
  workers[0].cut = false;
  call.send(" second");
  call.finish({ usage: USAGE });
  await clock.run(1_000);
  const { bot_id, content } = await messageOf(streamId);
  assert.deepEqual([bot_id, content], [chain.bots.second, "second tells second"]);
  await chain.end();
});

Deno.test("the next context takes the fallback's answer for the bot's own", async () => {
  const chain = await makeChain({ first: ["provider_error", "tells"], second: "tells" });
  const { client } = await chain.tell(chain.workers[0]);
  const { conversation_id } = JSON.parse(client.events[0].data);
  const next = await chain.workers[1].start({ prompt: "And then?", conversation_id });
  await chain.playAll(chain.workers[1]);
  assert.equal(next.text, "first tells first");
  assert.deepEqual(chain.workers[1].calls[0].call.messages, [
    { role: "user", content: "Hi" },
    { role: "assistant", content: "second tells second" },
    { role: "user", content: "And then?" },
  ]);
  await chain.end();
});
