import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { newAuthor, type Running } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { answers, waits } from "../../testkit/provider.ts";
import { expectRefusal, readEvents, readToEnd, textOf } from "../../testkit/reader.ts";
import { expire, givenRunning, statusesOf, type WorkerRace, type WorkerRaceTest } from "./worker_race.ts";

/** Leases run out when a test says so, and never by themselves. */
const env = { RELAY_LEASE_MS: "600000" };

/** A reader on the second worker that has what the generation has said: so the database has it too. */
async function givenReader({ target }: WorkerRace, { watch, stream_id }: Running) {
  const reader = await watch(stream_id, { worker: target.workers[1] });
  await reader.untilText("Once");
  return reader;
}

/** From here on no beat of the first worker arrives; what is said now its client has, and the database has not. */
async function sayUnstored({ proxy }: WorkerRace, { call, reader }: Running, text: string) {
  proxy.intercept((name) => name === "relay_beat" ? "hold" : "pass");
  await call.token(text);
  await reader.untilText(text);
}

/** What the database has of the message. */
async function storedOf({ stored, stream_id }: Running) {
  const { content, is_complete, finish_reason } = await stored(stream_id);
  return [content, is_complete, finish_reason];
}

/** Expires until the generation is swept: a beat that was on its way may renew the lease once more. */
async function expireUnheard(race: WorkerRace, running: Running) {
  await eventually("the generation is swept", async () => {
    if ((await statusesOf(race, running)).get(running.stream_id) === "interrupted") return true;
    await expire(race, running.stream_id);
  });
}

/** What a worker that dies, or that its database cannot hear, leaves to the others. */
export const crashes: WorkerRaceTest[] = [{
  title: "a generation whose worker was killed ends as interrupted for readers elsewhere; the conversation goes on",
  env,
  async run(race) {
    const { target: { workers: [, worker] }, workers } = race;
    const running = await givenRunning(race);
    const { stream_id } = running;
    const reader = await givenReader(race, running);
    await sayUnstored(race, running, " upon");
    await workers[0].kill();
    await running.call.closed;
    await running.reader.rest().catch(() => "The connection may break as well");
    ok(!running.reader.events.some(({ event }) => event === "done" || event === "error"));
    equal(await running.stored(stream_id), undefined);
    const { conversation_id } = JSON.parse(running.reader.events[0].data);
    const early = await running.ask({ prompt: "Go on", conversation_id }, { worker });
    const after = Number(early.headers.get("retry-after"));
    ok(after > 0 && after <= 600, `Retry-After is ${after}`);
    equal((await expectRefusal(early, 409, "conversation_busy")).stream_id, stream_id);

    await expire(race, stream_id);
    const { text, end, last } = await readToEnd(reader);
    const stored = await running.stored(stream_id);
    equal([text, end, last.code, last.retryable, last.message_id], ["Once", "error", "interrupted", true, stored.id]);
    equal(await storedOf(running), ["Once", false, "interrupted"]);

    // The client that saw more than was stored gets the end, and not a character twice.
    const back = await running.replay(stream_id, { worker, from: "Once upon".length });
    equal([back.text, back.last], ["", last]);
    // The same stream_id again is that generation still.
    const again = await running.generate({ prompt: "x", stream_id }, { worker });
    equal([again.text, again.last, running.calls().length], ["Once", last, 1]);
    equal(await statusesOf(race, running), new Map([[stream_id, "interrupted"]]));

    equal((await running.conversation(conversation_id)).active_message_id, stored.id);
    const next = running.generate({ prompt: "Go on", conversation_id }, { worker });
    const call = await running.called(2);
    equal(call.body.messages.map(({ content }: { content: string }) => content), ["x", "Once", "Go on"]);
    await answers(" upon a time.")(call);
    equal((await next).end, "done");
    const regenerated = running.generate({ reroll_of: stored.id }, { worker });
    await answers("Twice.")(await running.called(3));
    equal((await regenerated).end, "done");
    const messages = await running.messages(conversation_id);
    equal([messages.length, messages.find(({ id }) => id === stored.id)], [5, stored]);
  },
}, {
  title: "a worker that has to end stores its texts, ends its streams, and sends remote readers elsewhere",
  env,
  async run(race) {
    const { elsewhere, provider, workers } = race;
    const running = await givenRunning(race);
    const { stream_id } = running;
    const reader = await givenReader(race, running);
    // A reader on this worker of a generation that runs on the other one, which lives on.
    const other = await givenRunning({ provider, target: elsewhere });
    const remote = await other.watch(other.stream_id, { worker: workers[0].url });
    await remote.untilText("Once");

    await workers[0].stop();
    const { end, text, last } = await readToEnd(running.reader);
    const stored = await running.stored(stream_id);
    equal([end, text, last.code, last.retryable, last.message_id], ["error", "Once", "interrupted", true, stored.id]);
    equal((await readToEnd(reader)).last, last);
    equal(await storedOf(running), ["Once", false, "interrupted"]);
    const worker = workers[1].url;
    const replayed = await running.replay(stream_id, { worker });
    equal([replayed.text, replayed.last], ["Once", last]);
    const next = running.generate({ prompt: "Go on", parent_id: stored.id }, { worker });
    const call = await running.called(2);
    equal(call.body.messages.at(-2).content, "Once");
    await answers(" upon a time.")(call);
    equal((await next).end, "done");

    // The remote reader's stream breaks off without an end, for the generation has none yet.
    await remote.rest();
    equal(remote.events.map(({ event }) => event).filter((name) => name !== "ping"), ["start", "token"]);
    const back = await other.watch(other.stream_id, { worker, from: 4 });
    await Promise.all([answers(" upon")(other.call), readToEnd(other.reader)]);
    equal((await readToEnd(back, 4)).text, " upon");
  },
}, {
  title: "a worker that its database cannot hear is swept, comes back, and makes the message whole",
  async run(race) {
    const { proxy, target, workers } = race;
    const running = await givenRunning(race);
    const { stream_id, call, reader } = running;
    const remote = await givenReader(race, running);
    const before = workers[0].log().length;
    proxy.away();
    try {
      await call.token(" upon");
      await reader.untilText(" upon");
      await expireUnheard(race, running);
      // For everyone else it is over.
      const { text, last } = await readToEnd(remote);
      equal([text, last.code], ["Once", "interrupted"]);
    } finally {
      proxy.back();
    }
    equal(await storedOf(running), ["Once", false, "interrupted"]);
    const { id } = await running.stored(stream_id);
    const logged = () => workers[0].log().slice(before);
    await eventually("its beats arrive again", () => logged().includes("beats_recovered"));
    await call.token(" a");
    await reader.untilText(" a");
    const [{ text, last }] = await Promise.all([readToEnd(reader), answers(" time.")(call)]);
    equal([text, last.is_complete, last.message_id], ["Once upon a time.", true, id]);
    equal(await storedOf(running), [text, true, "stop"]);
    for (const worker of target.workers) {
      const again = await running.replay(stream_id, { worker, from: 4 });
      equal([again.text, again.last], [" upon a time.", last]);
    }
    equal(await statusesOf(race, running), new Map([[stream_id, "completed"]]));
  },
}, {
  title: "a cancel of a generation that was swept stops the worker that still runs it, once it is back",
  async run(race) {
    const { proxy } = race;
    const running = await givenRunning(race);
    const { stream_id, call, reader } = running;
    const remote = await givenReader(race, running);
    proxy.away();
    try {
      await call.token(" upon");
      await reader.untilText(" upon");
      await expireUnheard(race, running);
      equal((await readToEnd(remote)).last.code, "interrupted");
      const response = await running.cancel(stream_id);
      equal([response.status, (await response.json()).status], [200, "interrupted"]);
    } finally {
      proxy.back();
    }
    const { text, last } = await readToEnd(reader);
    await call.closed;
    equal([text, last.finish_reason, last.is_complete], ["Once upon", "cancelled", false]);
    equal(await storedOf(running), ["Once upon", false, "cancelled"]);
  },
}, {
  title: "a reader that knows more than the database goes on elsewhere without a character lost or doubled",
  async run(race) {
    const running = await givenRunning(race);
    const { call, reader } = running;
    await (await givenReader(race, running)).leave();
    await sayUnstored(race, running, " upon 🦊");
    const from = "Once upon 🦊".length;
    const back = await running.watch(running.stream_id, { worker: race.target.workers[1], from });
    // It waits: the database has nothing for it yet.
    equal((await back.next())?.event, "ping");
    await call.token(" a time.");
    await reader.untilText(" a time.");
    race.proxy.intercept();
    const [{ last }] = await Promise.all([readToEnd(reader), call.finish()]);
    const rest = await readToEnd(back, from);
    equal([rest.text, rest.last], [" a time.", last]);
  },
}, {
  title: "a start whose admission got lost is 503, and the same stream_id again ends as interrupted, unbilled",
  env: { ...env, RELAY_MAX_CONCURRENT: "1" },
  async run(race) {
    const { provider, proxy, target } = race;
    const author = await newAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const start = (worker: number, body = {}) =>
      author.ask({ prompt: "x", ...body }, { worker: target.workers[worker] });
    proxy.intercept((name) => name === "relay_begin" ? "lose" : name === "relay_finish" ? "hold" : "pass");
    const response = await start(0, { stream_id });
    equal(response.headers.get("retry-after"), "5");
    await expectRefusal(response, 503, "unavailable");
    equal(await statusesOf(race, author), new Map([[stream_id, "running"]]));
    // No worker runs it, and until its own has said so it keeps the user's place.
    await expectRefusal(await start(1), 429, "too_many_streams");
    const again = readEvents(await start(1, { stream_id }));
    await again.until("start");
    proxy.intercept();
    const { text, last } = await readToEnd(again);
    equal([text, last.code, last.retryable, last.message_id], ["", "interrupted", true, null]);
    equal([(await author.replay(stream_id)).last, author.calls().length], [last, 0]);
    const next = readEvents(await start(0));
    await answers("Once")(await author.called());
    equal([(await readToEnd(next)).end, textOf(next.events), author.calls().length], ["done", "Once", 1]);
  },
}, {
  title: "a cancel of a generation whose worker was killed cuts it, ends it at once, or counts already",
  env,
  async run(race) {
    const [cut, late, early] = [await givenRunning(race), await givenRunning(race), await givenRunning(race)];
    for (const running of [late, early]) await givenReader(race, running);
    // Without a reader: a cancel cuts nothing that one was sent.
    await eventually("the text is stored", async () => {
      const rows = await race.look("select from relay.chunks where stream_id = $1", cut.stream_id);
      return rows.length > 0;
    });
    race.proxy.intercept((name) => name === "relay_beat" ? "hold" : "pass");
    const cancelled = async ({ cancel, stream_id }: Running, at?: number) => {
      const response = await cancel(stream_id, { at });
      return [response.status, (await response.json()).status];
    };
    equal(await cancelled(early), [202, "cancelling"]);
    await race.workers[0].kill();
    for (const { reader, call } of [cut, late, early]) {
      await call.closed;
      await reader.rest().catch(() => []);
    }
    for (const [running, status] of [[late, "interrupted"], [early, "cancelled"]] as const) {
      await expire(race, running.stream_id);
      equal(await cancelled(running), [200, status]);
      equal(await storedOf(running), ["Once", false, status]);
    }
    // The next prompt waits for what its worker never learns of.
    equal(await cancelled(cut, 2), [202, "cancelling"]);
    const { conversation_id } = JSON.parse(cut.reader.events[0].data);
    const next = cut.generate({ prompt: "Go on", conversation_id }, { worker: race.target.workers[1] });
    await expire(race, cut.stream_id);
    const call = await cut.called(2);
    equal(call.body.messages.map(({ content }: { content: string }) => content), ["x", "On", "Go on"]);
    await answers("Yes.")(call);
    equal((await next).end, "done");
    equal(await storedOf(cut), ["On", false, "cancelled"]);
  },
}];
