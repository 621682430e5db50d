import { deepStrictEqual as equal, ok } from "node:assert/strict";
import {
  ask,
  cancel,
  conversationOf,
  givenAuthor,
  messagesOf,
  readFrom,
  readToEnd,
  refused,
  tell,
  tells,
  untilText,
  waits,
  watch,
} from "../contract/scenario.ts";
import { eventually } from "../../testkit/eventually.ts";
import {
  type Arena,
  expire,
  generationsOf,
  givenRunning,
  type Race,
  registerWorkerRaces,
  type Running,
} from "./race_workers.ts";
import { post, readStory } from "../../testkit/reader.ts";
import { firstWorker } from "../../testkit/stage.ts";
import { storedMessage } from "../../testkit/target.ts";

/** Leases run out when a test says so, and never by themselves. */
const LONG_LEASE = { RELAY_LEASE_MS: "600000" };

/** A reader on the second worker, who has what the generation has said: so the database has it too. */
async function givenReader({ target }: Arena, { author: { user }, stream_id }: Running) {
  const worker = target.workers[1];
  const stream = await watch(target, user, stream_id, { worker });
  return { stream, seen: await untilText(stream, "Once") };
}

/** From here on no beat of the first worker arrives; what it says now its client has, and the database has not. */
async function sayUnstored({ proxy }: Arena, { call, stream, seen }: Running, text: string) {
  proxy.intercept((name) => name === "relay_beat" ? "hold" : "pass");
  await call.token(text);
  seen.push(...await untilText(stream, text));
}

/** What a worker that dies, or that its database cannot hear, leaves to the others. */
const races: Race[] = [{
  title: "a generation whose worker was killed ends as interrupted for readers elsewhere, and the story goes on",
  env: LONG_LEASE,
  async run(arena) {
    const { provider, target, workers } = arena;
    const running = await givenRunning(arena);
    const { author: { user, baseUrl }, stream_id, call } = running;
    const reader = await givenReader(arena, running);
    await sayUnstored(arena, running, " upon");
    await workers.kill(0);
    await call.closed;
    await running.stream.rest().then(
      (events) => ok(!events.some(({ event }) => event === "done" || event === "error")),
      () => "The connection may break as well",
    );
    equal(await storedMessage(target, user, stream_id), undefined);

    await expire(arena, stream_id);
    const { text, end, last } = await readFrom(reader.stream, 0, reader.seen);
    const stored = await storedMessage(target, user, stream_id);
    equal([text, end, last.code, last.retryable, last.message_id], ["Once", "error", "interrupted", true, stored.id]);
    equal([stored.content, stored.is_complete, stored.finish_reason], ["Once", false, "interrupted"]);

    // The client that saw more than was stored gets the end, and not a character twice.
    const survivor = firstWorker(target, 1);
    const back = await readFrom(
      await watch(survivor, user, stream_id, { from: "Once upon".length }),
      "Once upon".length,
    );
    equal([back.text, back.last], ["", last]);
    // Asked for again, it is that generation still.
    const again = await tell(survivor, user, { prompt: "x", stream_id });
    equal([again.text, again.last], ["Once", last]);
    equal(provider.calls(baseUrl).length, 1);
    equal((await generationsOf(arena, user)).map(({ status }) => status), ["interrupted"]);

    const { conversation_id } = again.start;
    equal((await conversationOf(target, user, conversation_id)).active_message_id, stored.id);
    const next = readStory(await ask(survivor, user, { prompt: "Go on", conversation_id }));
    const second = await provider.called(baseUrl, 2);
    equal(second.body.messages.map(({ content }: { content: string }) => content), ["x", "Once", "Go on"]);
    await tells(" upon a time.")(second);
    equal((await readToEnd(next)).end, "done");
    const reroll = readStory(await ask(survivor, user, { reroll_of: stored.id }));
    await tells("Twice.")(await provider.called(baseUrl, 3));
    equal((await readToEnd(reroll)).end, "done");
    const messages = await messagesOf(target, user, conversation_id);
    equal(messages.find(({ id }) => id === stored.id), stored);
    equal(messages.length, 5);
  },
}, {
  title: "a worker that is told to end stores what it has, tells every reader, and sends its watchers elsewhere",
  env: LONG_LEASE,
  async run(arena) {
    const { provider, target, workers } = arena;
    const running = await givenRunning(arena);
    const { author: { user, baseUrl }, stream_id, stream, seen } = running;
    const reader = await givenReader(arena, running);
    // And one whose generation runs on the other worker, which lives on.
    const survivor = firstWorker(target, 1);
    const elsewhere = await givenRunning({ ...arena, target: survivor });
    const other = elsewhere.author.user;
    const watching = await watch(target, other, elsewhere.stream_id);
    const watched = await untilText(watching, "Once");

    await workers.end(0);
    const { end, text, last } = await readToEnd(stream, seen);
    const stored = await storedMessage(target, user, stream_id);
    equal([end, text, last.code, last.retryable, last.message_id], ["error", "Once", "interrupted", true, stored.id]);
    equal((await readFrom(reader.stream, 0, reader.seen)).last, last);
    equal([stored.content, stored.is_complete, stored.finish_reason], ["Once", false, "interrupted"]);
    const replayed = await readToEnd(await watch(survivor, user, stream_id));
    equal([replayed.text, replayed.last], ["Once", last]);
    const next = readStory(await ask(survivor, user, { prompt: "Go on", parent_id: stored.id }));
    const second = await provider.called(baseUrl, 2);
    equal(second.body.messages.at(-2).content, "Once");
    await tells(" upon a time.")(second);
    equal((await readToEnd(next)).end, "done");

    // A watcher's stream breaks off without an end, for the generation has none yet.
    watched.push(...await watching.rest());
    equal(watched.map(({ event }) => event).filter((name) => name !== "ping"), ["start", "token"]);
    const back = await watch(survivor, other, elsewhere.stream_id, { from: 4 });
    await Promise.all([tells(" upon")(elsewhere.call), readToEnd(elsewhere.stream, elsewhere.seen)]);
    const rest = await readFrom(back, 4);
    equal([rest.text, rest.end], [" upon", "done"]);
  },
}, {
  title: "a worker that its database cannot hear is swept, comes back, and makes the message whole",
  env: LONG_LEASE,
  async run(arena) {
    const { proxy, target, workers } = arena;
    const running = await givenRunning(arena);
    const { author: { user }, stream_id, stream, seen, call } = running;
    const reader = await givenReader(arena, running);
    proxy.away();
    try {
      await call.token(" upon");
      seen.push(...await untilText(stream, " upon"));
      await expire(arena, stream_id);
      // To everybody else it is over.
      const { text, last } = await readFrom(reader.stream, 0, reader.seen);
      equal([text, last.code], ["Once", "interrupted"]);
    } finally {
      proxy.back();
    }
    const partial = await storedMessage(target, user, stream_id);
    equal([partial.content, partial.is_complete], ["Once", false]);
    await eventually("its beats arrive again", () => workers.log(0).includes("beats_recovered"));
    await call.token(" a");
    seen.push(...await untilText(stream, " a"));
    const [whole] = await Promise.all([readToEnd(stream, seen), tells(" time.")(call)]);
    equal([whole.end, whole.text, whole.last.is_complete], ["done", "Once upon a time.", true]);
    equal(whole.last.message_id, partial.id);
    const stored = await storedMessage(target, user, stream_id);
    equal([stored.content, stored.is_complete, stored.finish_reason], ["Once upon a time.", true, "stop"]);
    for (const worker of target.workers) {
      const again = await watch(target, user, stream_id, { worker, from: 4 });
      const { text, last } = await readFrom(again, 4);
      equal([text, last], [" upon a time.", whole.last]);
    }
    equal((await generationsOf(arena, user)).map(({ status }) => status), ["completed"]);
  },
}, {
  title: "a cancel of a generation that was swept stops the worker that still runs it, once it is back",
  env: LONG_LEASE,
  async run(arena) {
    const { provider, proxy, target } = arena;
    const running = await givenRunning(arena);
    const { author, stream_id, stream, seen, call } = running;
    const { user, baseUrl } = author;
    const reader = await givenReader(arena, running);
    proxy.away();
    try {
      await call.token(" upon");
      seen.push(...await untilText(stream, " upon"));
      await expire(arena, stream_id);
      const { last } = await readFrom(reader.stream, 0, reader.seen);
      equal(last.code, "interrupted");
      const response = await cancel(target, user, stream_id);
      equal([response.status, (await response.json()).status], [200, "interrupted"]);
    } finally {
      proxy.back();
    }
    const { end, text, last } = await readToEnd(stream, seen);
    await call.closed;
    equal(provider.open(baseUrl), 0);
    equal([end, text, last.finish_reason, last.is_complete], ["done", "Once upon", "cancelled", false]);
    const stored = await storedMessage(target, user, stream_id);
    equal([stored.id, stored.content, stored.finish_reason], [last.message_id, "Once upon", "cancelled"]);
  },
}, {
  title: "a reader who knows more than the database goes on elsewhere without a character lost or doubled",
  env: LONG_LEASE,
  async run(arena) {
    const { proxy, target } = arena;
    const running = await givenRunning(arena);
    const { author: { user }, stream_id, stream, seen, call } = running;
    await givenReader(arena, running).then(({ stream }) => stream.leave());
    await sayUnstored(arena, running, " upon 🦊");
    const from = "Once upon 🦊".length;
    const worker = target.workers[1];
    const back = await watch(target, user, stream_id, { worker, from });
    // It waits: there is nothing for it that the database knew of.
    equal((await back.next())?.event, "ping");
    await call.token(" a time.");
    seen.push(...await untilText(stream, " a time."));
    proxy.intercept();
    const [{ last }] = await Promise.all([readToEnd(stream, seen), call.finish()]);
    const rest = await readFrom(back, from);
    equal([rest.text, rest.last], [" a time.", last]);
  },
}, {
  title: "a start whose admission got lost is 503, and the same stream_id again ends as interrupted, unbilled",
  env: { ...LONG_LEASE, RELAY_MAX_CONCURRENT: "1" },
  async run(arena) {
    const { provider, proxy, target } = arena;
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const stream_id = crypto.randomUUID();
    const start = (worker: number, body: Record<string, unknown>) =>
      post(`${target.workers[worker]}/stream`, user.token, { prompt: "x", ...body });
    proxy.intercept((name) => name === "relay_begin" ? "lose" : name === "relay_finish" ? "hold" : "pass");
    const response = await start(0, { stream_id });
    equal(response.headers.get("retry-after"), "5");
    await refused(response, 503, "unavailable");
    equal((await generationsOf(arena, user)).map(({ status }) => status), ["running"]);
    // Nobody runs it, and until its worker has said so it keeps the user's place.
    await refused(await start(1, {}), 429, "too_many_streams");
    const again = readStory(await start(1, { stream_id }));
    const seen = await again.until("start");
    proxy.intercept();
    const { end, text, last } = await readToEnd(again, seen);
    equal([end, text, last.code, last.retryable, last.message_id], ["error", "", "interrupted", true, null]);
    equal(provider.calls(baseUrl).length, 0);
    const replayed = await readToEnd(readStory(await start(0, { stream_id })));
    equal(replayed.last, last);
    const next = readStory(await start(0, {}));
    await tells("Once")(await provider.called(baseUrl));
    equal((await readToEnd(next)).end, "done");
    equal(provider.calls(baseUrl).length, 1);
  },
}, {
  title: "a cancel of a generation whose worker was killed ends it at once, and one before the kill counts",
  env: LONG_LEASE,
  async run(arena) {
    const { target, workers } = arena;
    const [late, early] = [await givenRunning(arena), await givenRunning(arena)];
    for (const running of [late, early]) await givenReader(arena, running);
    arena.proxy.intercept((name) => name === "relay_beat" ? "hold" : "pass");
    const cancelled = async ({ author, stream_id }: Running) => {
      const response = await cancel(target, author.user, stream_id);
      return [response.status, (await response.json()).status];
    };
    equal(await cancelled(early), [202, "cancelling"]);
    await workers.kill(0);
    for (const { stream, call } of [late, early]) {
      await call.closed;
      await stream.rest().catch(() => []);
    }
    for (const [running, status] of [[late, "interrupted"], [early, "cancelled"]] as const) {
      const { author: { user }, stream_id } = running;
      await expire(arena, stream_id);
      equal(await cancelled(running), [200, status]);
      const stored = await storedMessage(target, user, stream_id);
      equal([stored.content, stored.is_complete, stored.finish_reason], ["Once", false, status]);
    }
  },
}];

registerWorkerRaces(races);
