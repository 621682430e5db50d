import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { answers, waits } from "../../testkit/provider.ts";
import { expectRefusal, readEvents, readToEnd } from "../../testkit/reader.ts";
import { givenRunning, startAtOnce, statusesOf, type WorkerRaceTest } from "./worker_race.ts";

const endOf = (response: Response) => readToEnd(readEvents(response));

/** Races of two real processes over one real Postgres. */
const limits: WorkerRaceTest[] = [
  [5, "are admitted", "rate_limited", { RELAY_MAX_CONCURRENT: "50" }] as const,
  [3, "run at once", "too_many_streams", { RELAY_RATE_LIMIT_PER_MINUTE: "100" }] as const,
].map(([limit, what, code, env]) => ({
  title: `of thirty starts of one user at once, over both workers, exactly ${limit} ${what}`,
  env,
  async run(race) {
    const author = await newAuthor(race.target, race.provider, waits);
    const { admitted, refusals } = await startAtOnce(race.target, 30, () => [author, { prompt: "x" }]);
    equal([admitted.length, refusals.length], [limit, 30 - limit]);
    for (const response of refusals) await expectRefusal(response, 429, code);
    const most = code === "rate_limited" ? 5 : 100;
    const remaining = admitted.map((response) => Number(response.headers.get("ratelimit-remaining")));
    equal(remaining.sort((a, b) => b - a), Array.from({ length: limit }, (_, index) => most - 1 - index));
    await author.called(limit);
    equal([author.calls().length, author.openCalls()], [limit, limit]);
    await Promise.all(author.calls().map((call) => call.finish()));
    for (const response of admitted) equal((await endOf(response)).end, "done");
    equal([author.openCalls(), (await author.rest("messages?select=id")).length], [0, limit]);
    equal([...(await statusesOf(race, author)).values()], Array(limit).fill("completed"));
  },
}));

export const starts: WorkerRaceTest[] = [...limits, {
  title: "ten starts with one stream_id at once, over both workers, are one generation, which all ten read",
  async run(race) {
    const author = await newAuthor(race.target, race.provider);
    const stream_id = crypto.randomUUID();
    const { admitted } = await startAtOnce(race.target, 10, () => [author, { prompt: "x", stream_id }]);
    equal(admitted.length, 10);
    const all = await Promise.all(admitted.map(endOf));
    const [{ start, text, last }] = all;
    equal([text, last.finish_reason], ["Once upon a time.", "stop"]);
    for (const ended of all) {
      equal([ended.start, ended.text, ended.last], [start, text, last]);
      // One of them was counted, and no other.
      equal(ended.response.headers.get("ratelimit-remaining"), "999");
    }
    const messages = await author.rest("messages?select=id,content&order=created_at");
    equal(messages, [{ id: start.user_message_id, content: "x" }, { id: last.message_id, content: text }]);
    equal([author.calls().length, (await statusesOf(race, author)).size], [1, 1]);
  },
}, {
  title: "of ten prompts at once into one conversation, over both workers, one runs, and it is the one that is stored",
  async run(race) {
    const author = await newAuthor(race.target, race.provider, waits);
    const conversation_id = await author.insert("conversations");
    const stored = await author.insert("messages", { conversation_id, content: "x", is_user_author: true });
    for (const [index, prompt] of ["x", "y"].entries()) {
      const { admitted, refusals } = await startAtOnce(race.target, 10, () => [author, { prompt, conversation_id }]);
      equal([admitted.length, refusals.length], [1, 9]);
      const stream_id = admitted[0].headers.get("x-stream-id");
      for (const response of refusals) {
        equal((await expectRefusal(response, 409, "conversation_busy")).stream_id, stream_id);
      }
      await answers("Once")(await author.called(index + 1));
      const { start, last } = await endOf(admitted[0]);
      equal(start.user_message_id === stored, prompt === "x");
      equal((await author.conversation(conversation_id)).active_message_id, last.message_id);
      equal((await author.messages(conversation_id)).length, 2 * (index + 1));
    }
    equal(author.calls().length, 2);
  },
}, {
  title: "of ten prompts at once after a stop, over both workers, one follows the partial answer",
  async run(race) {
    const running = await givenRunning(race);
    const { conversation_id } = JSON.parse(running.reader.events[0].data);
    equal((await running.cancel(running.stream_id)).status, 202);
    const asked = startAtOnce(race.target, 10, () => [running, { prompt: "y", conversation_id }]);
    const call = await running.called(2);
    await answers("Yes.")(call);
    equal(call.body.messages.map(({ content }: { content: string }) => content), ["x", "Once", "y"]);
    const { admitted, refusals, leave } = await asked;
    // What waits for its turn until the first one has ended is the next prompt.
    equal([admitted.length + refusals.length, admitted.length > 0], [10, true]);
    for (const response of refusals) await expectRefusal(response, 409, "conversation_busy");
    await Promise.all([running.reader.rest(), leave()]);
  },
}, {
  title: "a cancel that one worker takes stops the generation that the other one runs",
  async run({ provider, target, workers }) {
    const running = await givenRunning({ provider, target });
    const before = workers.map((worker) => worker.log().length);
    equal((await running.cancel(running.stream_id)).status, 202);
    const { last } = await readToEnd(running.reader);
    equal([last.finish_reason, last.is_complete], ["cancelled", false]);
    await running.call.closed;
    // Each worker did its part: a log line of the one is not in the other's log.
    await eventually("both log lines", () => {
      const [runner, other] = workers.map((worker, index) => worker.log().slice(before[index]));
      return runner.includes("generation_finished") && !runner.includes("cancel_requested") &&
        other.includes("cancel_requested");
    });
  },
}, {
  title: "cancels on one worker race the ends of generations on the other: stream, message and status agree",
  async run(race) {
    const author = await newAuthor(race.target, race.provider, waits);
    const ids = Array.from({ length: 20 }, () => crypto.randomUUID());
    const ends = ids.map((stream_id) => author.generate({ prompt: stream_id, stream_id }));
    await author.called(ids.length);
    const calls = new Map(author.calls().map((call) => [call.body.messages[0].content, call]));
    await Promise.all(ids.map(async (id, index) => {
      const asked = author.cancel(id).then((response) => response.json());
      // Half of the cancels are answered before the provider goes on, the others come while it does.
      if (index % 2 === 0) equal((await asked).status, "cancelling");
      await Promise.all([asked, answers("Once", " upon")(calls.get(id)!)]);
    }));
    const ended = await Promise.all(ends);
    const statuses = await statusesOf(race, author);
    for (const [index, { start: { stream_id }, last, text }] of ended.entries()) {
      const stored = await author.stored(stream_id);
      const status = statuses.get(stream_id);
      const complete = status === "completed";
      ok(complete ? index % 2 === 1 : status === "cancelled", status);
      equal([last.is_complete, last.finish_reason], [complete, complete ? "stop" : "cancelled"]);
      equal([last.message_id, text], [stored?.id ?? null, stored?.content ?? ""]);
      if (stored) equal(stored.is_complete, complete);
    }
    equal(author.openCalls(), 0);
  },
}];
