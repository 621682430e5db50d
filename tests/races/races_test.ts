import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { cancel, givenAuthor, open, readToEnd, refused, tells, waits } from "../contract/scenario.ts";
import { generationsOf, givenRunning, type Race, registerWorkerRaces, startAtOnce } from "./race_workers.ts";
import { eventually } from "../../testkit/eventually.ts";
import { post, readStory } from "../../testkit/reader.ts";
import { rest, storedMessage } from "../../testkit/target.ts";

const UNLIMITED = { RELAY_RATE_LIMIT_PER_MINUTE: "100", RELAY_MAX_CONCURRENT: "100" };

/** Races of two real processes over one real Postgres. */
const races: Race[] = [{
  title: "thirty starts of one user at once, over both workers, admit exactly five",
  env: { RELAY_MAX_CONCURRENT: "50" },
  async run(arena) {
    const { provider, target } = arena;
    const { user, baseUrl } = await givenAuthor(target, provider);
    const { admitted, refusals } = await startAtOnce(target, 30, () => [user, { prompt: "x" }]);
    equal(admitted.length, 5);
    for (const response of refusals) {
      await refused(response, 429, "rate_limited");
    }
    for (const response of admitted) {
      equal((await readToEnd(readStory(response))).end, "done");
    }
    equal(
      admitted.map((response) => response.headers.get("ratelimit-remaining"))
        .sort(),
      ["0", "1", "2", "3", "4"],
    );
    equal(provider.calls(baseUrl).length, 5);
    equal((await rest(target, user, "messages?select=id")).length, 10);
    equal((await generationsOf(arena, user)).map(({ status }) => status), Array(5).fill("completed"));
  },
}, {
  title: "thirty starts of one user at once, over both workers, run exactly three at once",
  env: { RELAY_RATE_LIMIT_PER_MINUTE: "100" },
  async run(arena) {
    const { provider, target } = arena;
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const { admitted, refusals } = await startAtOnce(target, 30, () => [user, { prompt: "x" }]);
    equal(admitted.length, 3);
    for (const response of refusals) {
      await refused(response, 429, "too_many_streams");
    }
    await provider.called(baseUrl, 3);
    const calls = provider.calls(baseUrl);
    equal([calls.length, provider.open(baseUrl)], [3, 3]);
    await Promise.all(calls.map((call) => call.finish()));
    for (const response of admitted) {
      equal((await readToEnd(readStory(response))).end, "done");
    }
    equal(provider.open(baseUrl), 0);
  },
}, {
  title: "ten starts with one stream_id at once, over both workers, are one generation, which all ten read",
  env: {},
  async run(arena) {
    const { provider, target } = arena;
    const { user, baseUrl } = await givenAuthor(target, provider);
    const stream_id = crypto.randomUUID();
    const { admitted, refusals } = await startAtOnce(target, 10, () => [user, { prompt: "x", stream_id }]);
    equal([admitted.length, refusals.length], [10, 0]);
    const stories = await Promise.all(admitted.map((response) => readToEnd(readStory(response))));
    const [{ start, text, last }] = stories;
    equal([text, last.finish_reason], ["Once upon a time.", "stop"]);
    for (const story of stories) {
      equal([story.start, story.text, story.last], [start, text, last]);
      // One of them was counted, and no other.
      equal(story.response.headers.get("ratelimit-remaining"), "4");
    }
    equal(provider.calls(baseUrl).length, 1);
    const messages = await rest(target, user, "messages?select=id,content&order=created_at");
    equal(messages, [{ id: start.user_message_id, content: "x" }, { id: last.message_id, content: text }]);
    equal((await generationsOf(arena, user)).length, 1);
  },
}, {
  title: "of two users who race for one stream_id one wins, and nothing of the other's is written",
  env: UNLIMITED,
  async run(arena) {
    const { provider, target } = arena;
    const rivals = [await givenAuthor(target, provider), await givenAuthor(target, provider)];
    for (let round = 0; round < 10; round++) {
      const stream_id = crypto.randomUUID();
      const turn = round % 2;
      const { admitted, refusals } = await startAtOnce(
        target,
        2,
        (index) => [rivals[(index + turn) % 2].user, { prompt: "x", stream_id }],
      );
      equal([admitted.length, refusals.length], [1, 1]);
      await refused(refusals[0], 409, "stream_id_taken");
      await readToEnd(readStory(admitted[0]));
    }
    const total = [];
    for (const { user, baseUrl } of rivals) {
      const wins = (await generationsOf(arena, user)).length;
      const count = async (table: string) => (await rest(target, user, `${table}?select=id`)).length;
      equal(provider.calls(baseUrl).length, wins);
      equal(await count("conversations"), wins);
      equal(await count("messages"), 2 * wins);
      total.push(wins);
    }
    equal(total[0] + total[1], 10);
  },
}, {
  title: "a cancel that one worker takes stops the generation that the other one runs",
  env: {},
  async run(arena) {
    const { provider, target, workers } = arena;
    const { author, stream, seen, call, stream_id } = await givenRunning(arena);
    const { user, baseUrl } = author;
    const response = await cancel(target, user, stream_id);
    equal([response.status, (await response.json()).status], [202, "cancelling"]);
    const { end, last } = await readToEnd(stream, seen);
    equal([end, last.finish_reason, last.is_complete], ["done", "cancelled", false]);
    await call.closed;
    equal(provider.open(baseUrl), 0);
    const stored = await storedMessage(target, user, stream_id);
    equal([stored.id, stored.content, stored.is_complete], [last.message_id, "Once", false]);
    // Each worker did its part: a log line of the one is not in the other's log.
    await eventually("both log lines", () => {
      const [runner, other] = [workers.log(0), workers.log(1)];
      return runner.includes("generation_finished") &&
        !runner.includes("cancel_requested") &&
        other.includes("cancel_requested");
    });
  },
}, {
  title: "cancels on one worker race the ends of generations on the other: stream, message and status agree",
  env: UNLIMITED,
  async run(arena) {
    const { provider, target } = arena;
    const { user, baseUrl } = await givenAuthor(target, provider, waits);
    const ids = Array.from({ length: 20 }, () => crypto.randomUUID());
    const ends = ids.map(async (stream_id) => {
      const body = { prompt: stream_id, stream_id };
      return await readToEnd(await open(target, user, body));
    });
    await provider.called(baseUrl, ids.length);
    const calls = new Map(provider.calls(baseUrl).map((call) => [call.body.messages[0].content, call]));
    await Promise.all(ids.map(async (id, index) => {
      const asked = cancel(target, user, id).then((response) => response.json());
      // Half of the cancels are answered before the provider goes on, the others come while it does.
      if (index % 2 === 0) equal((await asked).status, "cancelling");
      await Promise.all([asked, tells("Once", " upon")(calls.get(id)!)]);
    }));
    const stories = await Promise.all(ends);
    const generations = await generationsOf(arena, user);
    for (const [index, story] of stories.entries()) {
      const { start: { stream_id }, last, text } = story;
      const stored = await storedMessage(target, user, stream_id);
      const { status } = generations.find((row) => row.stream_id === stream_id)!;
      const complete = status === "completed";
      ok(complete ? index % 2 === 1 : status === "cancelled", status);
      equal([last.is_complete, last.finish_reason], [complete, complete ? "stop" : "cancelled"]);
      equal(last.message_id, stored?.id ?? null);
      equal(text, stored?.content ?? "");
      if (stored) equal(stored.is_complete, complete);
    }
    equal(provider.open(baseUrl), 0);
  },
}, {
  title: "a worker that is killed holds its user's slots no longer than its leases",
  env: { RELAY_MAX_CONCURRENT: "1", RELAY_LEASE_MS: "600000" },
  async run(arena) {
    const { provider, target, workers } = arena;
    const { author: { user, baseUrl }, stream, call } = await givenRunning(arena);
    const again = () => post(`${target.workers[1]}/stream`, user.token, { prompt: "again" });
    await refused(await again(), 429, "too_many_streams");
    await workers.kill(0);
    await call.closed;
    equal(provider.open(baseUrl), 0);
    await stream.rest().then(
      (events) => ok(!events.some(({ event }) => event === "done" || event === "error")),
      () => "The connection may break as well",
    );
    await refused(await again(), 429, "too_many_streams");
    await arena.look(
      "update relay.generations set lease_expires_at = now() - interval '1 second' where user_id = $1",
      user.id,
    );
    const next = readStory(await again());
    const seen = await next.until("start");
    await tells("2.")(await provider.called(baseUrl, 2));
    equal((await readToEnd(next, seen)).end, "done");
  },
}];

registerWorkerRaces(races);
