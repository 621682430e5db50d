/** The invariants of docs/durability.md, each by its number: workers over the real SQL functions. */

import assert from "node:assert/strict";
import { RelayError } from "../_relay/protocol/errors.ts";
import type { Seen } from "../_relay/testing/events.ts";
import type { TestCall } from "../_relay/testing/provider.ts";
import { makeRelay, type Relay, type Worker } from "../_relay/testing/relay.ts";
import { makeRandom, makeText } from "../_relay/testing/split.ts";
import { startSql } from "../_relay/testing/sql.ts";
import { assertEnded } from "../_relay/testing/worker.ts";

const sql = await startSql();

Deno.test("invariant 1: a stream_id has one generation, one provider call and one message, however often it is asked for", async () => {
  const relay = await makeRelay(sql);
  const { ask, clock, streamId, workers } = relay;
  const all = await Promise.all(Array.from({ length: 10 }, (_, index) => workers[index % 2].start(ask)));
  const askBoth = async () => all.push(await workers[0].start(ask), await workers[1].start(ask));
  assert.equal(relay.calls().length, 1);
  const [call] = relay.calls();
  call.send("Once upon a 🐉");
  await clock.run(1_000);
  await askBoth();
  call.finish();
  await clock.run(2_000);
  await askBoth();
  await sql.query("delete from relay.generations where stream_id = $1", [streamId]);
  await askBoth();
  for (const client of all) {
    assertEnded(client);
    assert.equal(client.text, "Once upon a 🐉");
  }
  assert.equal(relay.calls().length, 1);
  const { count } = await sql.query("select count(*)::int from public.messages where user_id = $1", [relay.user]);
  assert.equal(count, 2);
  await relay.end();
});

Deno.test("invariant 2: what a client was sent and what is stored differ by at most one beat, and after done they are equal", async () => {
  const random = makeRandom(11);
  for (let round = 0; round < 4; round++) {
    const relay = await makeRelay(sql);
    const { ask, clock, streamId, workers } = relay;
    const client = await workers[0].start(ask);
    const [call] = workers[0].calls;
    let before = "";
    for (let second = 0; second < 10; second++) {
      for (let read = random(4); read > 0; read--) {
        call.send(makeText(["a", " ", "\n", "é", "🐉"], 1 + random(8), random));
        await clock.run(random(200));
      }
      // A cut of fewer seconds than the lease is made good by the next beat.
      workers[0].cut = random(4) === 0;
      await clock.run(1_000);
      const { stored } = await sql.query("select coalesce(relay.text_of($1), '') as stored", [streamId]);
      assert.ok(client.text.startsWith(stored));
      if (!workers[0].cut) assert.ok(stored.length >= before.length);
      before = client.text;
    }
    workers[0].cut = false;
    call.finish();
    await clock.run(1_000);
    assertEnded(client);
    assert.equal(client.text, await relay.stored());
    assert.equal((await workers[1].read(streamId)).text, client.text);
    await relay.end();
  }
});

Deno.test("invariants 1 and 2: a killed worker leaves a prefix of what its client was sent, at most one beat short, and nothing runs again", async () => {
  const random = makeRandom(12);
  for (let round = 0; round < 8; round++) {
    const relay = await makeRelay(sql);
    const { ask, clock, streamId, workers } = relay;
    const client = await workers[0].start(ask);
    const [call] = workers[0].calls;
    const sentAt: [number, number][] = [];
    const killedAt = clock.now() + random(4_000);
    while (clock.now() < killedAt) {
      call.send(makeText(["a", "🐉"], 1 + random(5), random));
      await clock.run(Math.min(1 + random(100), killedAt - clock.now()));
      sentAt.push([clock.now(), client.text.length]);
    }
    workers[0].cut = true;
    await relay.expire();
    const resumed = await workers[1].read(streamId, { from: client.text.length });
    assertEnded(resumed);
    assert.equal(resumed.text, "");
    const content = await relay.stored() ?? "";
    assert.ok(client.text.startsWith(content));
    const safe = sentAt.findLast(([at]) => at <= killedAt - 1_100)?.[1] ?? 0;
    assert.ok(content.length >= safe, `${content.length} of ${safe} units`);
    assert.equal((await workers[1].start(ask)).text, content);
    assert.equal(relay.calls().length, 1);
    await relay.end();
  }
});

/** What can happen to a generation, until it has ended; `relay.workers[0]` runs it. */
const FATES: Record<string, (relay: Relay, call: TestCall, client: Seen) => unknown> = {
  "the provider finishes": (_, call) => call.finish(),
  "the provider fails": (_, call) => call.fail(new RelayError("provider_error", "It failed")),
  "the provider hangs": ({ clock }) => clock.run(60_000),
  "the client leaves": (_relay, _call, client) => client.leave(),
  "the user cancels on another worker": async ({ clock, streamId, workers }) => {
    await (await workers[1].cancel(streamId)).body?.cancel();
    await clock.run(1_000);
  },
  "cancel and provider come together": async ({ streamId, workers }, call) => {
    await (await workers[1].cancel(streamId)).body?.cancel();
    call.finish();
  },
  "its worker shuts down": ({ workers }) => workers[0].platform.shutdown.begin("wall_clock"),
  "its worker is killed": async ({ clock, expire, workers }) => {
    workers[0].cut = true;
    await expire();
    await clock.run(1_000);
  },
  "the database is away for 30 s": async ({ clock, workers }, call) => {
    workers[0].cut = true;
    await clock.run(10_000);
    call.send(", and on");
    call.finish();
    await clock.run(20_000);
    workers[0].cut = false;
    await clock.run(2_000);
  },
  "the database is away for longer than the lease": async ({ clock, sweep, workers }, call) => {
    workers[0].cut = true;
    await clock.run(16_000);
    await sweep();
    call.send(", and on");
    workers[0].cut = false;
    await clock.run(2_000);
    call.finish();
  },
};

for (const [title, befall] of Object.entries(FATES)) {
  Deno.test(`invariants 3, 4 and 6: one stored end, one last event for each stream and no key anywhere, where ${title}`, async () => {
    const relay = await makeRelay(sql, 3);
    const { ask, clock, streamId, workers } = relay;
    const leaves = title === "the client leaves";
    const client = await workers[0].start({ ...ask, on_disconnect: leaves ? "stop" : "continue" });
    const [call] = workers[0].calls;
    assert.equal(call.call.accessKey, "sk-secret");
    call.send("So far");
    await clock.run(1_000);
    const readers = [
      await workers[1].read(streamId),
      await workers[2].read(streamId, { from: 2 }),
      await workers[2].start(ask),
    ];
    // A reader on the same worker keeps a generation under stop from ending, and dies with a killed one.
    if (!leaves) {
      const here = await workers[0].read(streamId, { from: 6 });
      if (title !== "its worker is killed") readers.push(here, client);
    }
    await befall(relay, call, client);
    await clock.run(6_000);
    for (const worker of workers.slice(1)) readers.push(await worker.read(streamId));
    for (const reader of readers) assertEnded(reader);

    const row = await relay.row();
    const content = await relay.stored();
    assert.notEqual(row.status, "running");
    assert.ok(content?.startsWith("So far"));
    // Whatever comes later changes nothing, unless it is the worker that was cut off.
    if (!workers[0].cut) {
      await (await workers[1].cancel(streamId)).body?.cancel();
      readers.push(await workers[1].start(ask));
      await relay.end();
      const { status, finish_reason, error_code, message_id, finished_at } = await relay.row();
      assert.deepEqual(
        [status, finish_reason, error_code, message_id, finished_at],
        [row.status, row.finish_reason, row.error_code, row.message_id, row.finished_at],
      );
      assert.equal(await relay.stored(), content);
    }
    await relay.end();
    const lines = workers.map(({ platform }) => platform.lines);
    assert.doesNotMatch(JSON.stringify([lines, client.events, readers.map(({ events }) => events)]), /sk-secret/);
  });
}

/** How an answer looks to its client; the id that was asked for is no news. */
async function faceOf(response: Response) {
  return [response.status, Object.fromEntries(response.headers), await response.text()];
}

Deno.test("invariant 5: another user's stream cannot be read, attached to or cancelled, and looks like one that does not exist", async () => {
  const relay = await makeRelay(sql);
  const { ask, clock, rpcCalls, streamId, workers } = relay;
  const owner = await workers[0].start(ask);
  workers[0].calls[0].send("A secret text");
  await clock.run(1_000);
  const stranger = { user: await sql.addUser() };
  const requests: ((worker: Worker, id: string) => Promise<Response>)[] = [
    (worker, id) => worker.get(id, stranger),
    (worker, id) => worker.get(id, { ...stranger, from: 1 }),
    (worker, id) => worker.cancel(id, stranger),
  ];
  for (const isOver of [false, true]) {
    for (const worker of workers) {
      for (const request of requests) {
        const begin = rpcCalls.length;
        const unknown = await faceOf(await request(worker, "unknown"));
        const middle = rpcCalls.length;
        const foreign = await faceOf(await request(worker, streamId));
        const asked = rpcCalls.slice(middle).map(({ name }) => name);
        assert.deepEqual(foreign, unknown);
        assert.equal(foreign[0], 404);
        // The same work is done for both, so that time says nothing.
        assert.deepEqual(asked, rpcCalls.slice(begin, middle).map(({ name }) => name));
        assert.equal(asked.length, 1);
      }
      const taken = await worker.post(ask, stranger);
      assert.equal(taken.status, 409);
      assert.doesNotMatch(await taken.text(), new RegExp(`secret|${relay.user}`));
    }
    assert.equal((await relay.row()).cancel_requested_at, null);
    if (isOver) continue;
    assert.equal(owner.ended, false);
    workers[0].calls[0].finish();
    await clock.run(1_000);
    assertEnded(owner);
  }
  assert.equal(relay.calls().length, 1);
  await relay.end();
});

for (const field of ["reroll_of", "continue_of"]) {
  Deno.test(`invariant 8: ${field} that ends before its first word leaves the conversation as it was`, async () => {
    for (const [title, befall] of Object.entries(FATES)) await endBeforeFirstWord(field, title, befall);
  });
}

async function endBeforeFirstWord(field: string, title: string, befall: (typeof FATES)[string]) {
  const relay = await makeRelay(sql);
  const { ask, clock, streamId, user, workers } = relay;
  await workers[1].start({ prompt: "Hi" });
  workers[1].calls[0].send("The old version");
  workers[1].calls[0].finish();
  await clock.run(1_000);
  const tree = async () => {
    const { answer } = await sql.query(
      `select jsonb_agg(to_jsonb(m) order by m.id) as answer
         from (select c.active_message_id, m.* from public.messages m
               join public.conversations c on c.id = m.conversation_id where m.user_id = $1) m`,
      [user],
    );
    return answer;
  };
  const before = await tree();
  const old = before.find(({ content }: { content: string }) => content === "The old version");
  const client = await workers[0].start({ [field]: old.id, stream_id: ask.stream_id });
  const [call] = workers[0].calls;
  call.send({ kind: "reasoning", text: "Let me think" });
  await clock.run(1_000);
  await befall(relay, { ...call, send: () => {} }, client);
  await clock.run(6_000);
  await workers[1].read(streamId);
  assert.deepEqual(await tree(), before, title);
  assert.equal((await relay.row()).message_id, null);
  await relay.end();
}

Deno.test("invariant 9: a worker that was cut off for longer than its lease completes its generation, no other does, and only once", async () => {
  const relay = await makeRelay(sql);
  const { ask, clock, rpcCalls, streamId, workers } = relay;
  const client = await workers[0].start(ask);
  const [call] = workers[0].calls;
  call.send("So far");
  await clock.run(1_000);
  workers[0].cut = true;
  call.send(", and on");
  await clock.run(16_000);
  await relay.expire();
  const partial = await workers[1].read(streamId);
  assertEnded(partial);
  assert.equal(partial.text, "So far");
  const [, , cancelled] = await faceOf(await workers[1].cancel(streamId));
  assert.equal(cancelled, JSON.stringify({ stream_id: streamId, status: "interrupted" }));

  assert.equal(call.open, true);
  workers[0].cut = false;
  call.send(", to the end");
  call.finish();
  await clock.run(1_000);
  assertEnded(client);
  assert.equal(client.events.at(-1)?.event, "done");
  assert.equal(client.text, "So far, and on, to the end");
  assert.equal(await relay.stored(), client.text);

  // Every beat and finish showed the fence of the begin; another fence, or the same one again, changes nothing.
  const [begin, ...later] = rpcCalls.filter(({ name }) => /begin|beat|finish/.test(name));
  const { fence } = begin.args;
  for (const { args } of later) assert.deepEqual([args.fences ?? [args.fence]].flat(), [fence]);
  const finish = later.at(-1)!;
  for (const shown of [fence, crypto.randomUUID()]) {
    await sql.rpc("relay_finish", { ...finish.args, fence: shown, content: "Forged", start_at: 0 });
  }
  assert.equal(await relay.stored(), client.text);
  const rest = await workers[1].read(streamId, { from: 6 });
  assert.equal(partial.text + rest.text, client.text);
  assert.equal(rest.events.at(-1)?.data, client.events.at(-1)?.data);
  await relay.end();
});
