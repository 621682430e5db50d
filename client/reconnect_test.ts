import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { type Answer, makeLab, makeStream, refusal, say, silence, unreachable } from "./testing/fake_relay.ts";

const ASK = { prompt: "Tell me", stream_id: "s1" };
const cancelling: Answer = () => Response.json({ stream_id: "s1", status: "cancelling" }, { status: 202 });
const begun = () => makeStream(say.start + say.token("ab", 2));
const rest = () => makeStream(say.token("cd", 4) + say.done());

for (const how of ["end", "break"] as const) {
  Deno.test(`after the ${how} of a connection the stream is resumed behind the text that came`, async () => {
    const first = begun();
    const { client, clock, requests } = makeLab([first.answer, rest().answer]);
    const retries: unknown[] = [];
    const generation = client.start(ASK, { onRetry: ({ code }, ms) => retries.push([code, ms]) });
    await clock.run(0);
    first[how]();
    await clock.run(500);
    equal((await generation.done).text, "abcd");
    equal(retries, [["unreachable", 500]]);
    const [, { method, path, headers }] = requests;
    equal([method, path], ["GET", "/stream/s1"]);
    equal(headers.get("last-event-id"), "2");
    equal(clock.pending, 0);
  });
}

Deno.test("text that is there already is dropped, text that overlaps is cut, start is told once", async () => {
  const first = begun();
  const second = makeStream(
    say.start + say.token("a", 1) + say.token("ab", 2) + say.token("bcd", 4) +
      say.token("🐉", 6) + say.done(),
  );
  const { client, clock } = makeLab([first.answer, second.answer]);
  const told: unknown[] = [];
  const generation = client.start(ASK, {
    onStart: () => told.push("start"),
    onToken: (text, offset) => told.push([text, offset]),
  });
  await clock.run(0);
  first.end();
  await clock.run(500);
  equal((await generation.done).text, "abcd🐉");
  equal(told, ["start", ["ab", 2], ["cd", 4], ["🐉", 6]]);
});

Deno.test("a gap in the text makes the connection again", async () => {
  const first = makeStream(say.start + say.token("ab", 2) + say.token("d", 4));
  const { client, clock, requests } = makeLab([first.answer, rest().answer]);
  const generation = client.start(ASK);
  await clock.run(500);
  equal((await generation.done).text, "abcd");
  ok(first.cancelled);
  equal(requests[1].headers.get("last-event-id"), "2");
});

Deno.test("a connection that is silent for 25 s is made again, a ping is no silence", async () => {
  const first = begun();
  const { client, clock, requests } = makeLab([first.answer, rest().answer]);
  const generation = client.start(ASK);
  await clock.run(20_000);
  first.send(say.ping);
  await clock.run(24_999);
  first.send(": a comment is no event\n\n");
  equal(requests.length, 1);
  await clock.run(1);
  await clock.run(500);
  equal((await generation.done).text, "abcd");
  ok(first.cancelled);
  ok(requests[0].signal.aborted);
});

Deno.test("a start without an answer for 15 s is sent again with the same stream_id", async () => {
  const { client, clock, requests } = makeLab([silence, begun().answer]);
  const generation = client.start({ prompt: "Tell me" });
  await clock.run(15_000);
  ok(requests[0].signal.aborted);
  await clock.run(500);
  equal(requests.map(({ method }) => method), ["POST", "POST"]);
  equal(requests[0].body, requests[1].body);
  equal(requests[0].body.stream_id, generation.streamId);
  equal(generation.text, "ab");
  generation.detach();
});

Deno.test("waits double up to the cap, half of each is chance, and the attempts have a limit", async () => {
  for (const [chance, factor] of [[1, 1], [0, 0.5]]) {
    const { client, clock, requests } = makeLab([], {
      random: () => chance,
      retry: { attempts: 6, baseMs: 1000, capMs: 8000 },
    });
    const waits: number[] = [];
    const generation = client.start(ASK, { onRetry: (_, ms) => waits.push(ms) });
    await clock.run(60_000);
    equal(waits, [1, 2, 4, 8, 8, 8].map((s) => s * 1000 * factor));
    const { outcome, error } = await generation.done;
    equal([outcome, error!.code], ["failed", "unreachable"]);
    equal([requests.length, clock.pending], [7, 0]);
  }
});

Deno.test("attempts count from the last news: a stream that goes on is never given up", async () => {
  const connections = Array.from({ length: 20 }, (_, n) => {
    const stream = makeStream(say.token(String(n % 10), n + 1));
    stream.end();
    return stream.answer;
  });
  const { client, clock } = makeLab([
    begunAt0(),
    ...connections,
    makeStream(say.done()).answer,
  ], { retry: { attempts: 1 } });
  const generation = client.start(ASK);
  await clock.run(60_000);
  equal((await generation.done).text, "01234567890123456789");
});

function begunAt0(): Answer {
  const stream = makeStream(say.start);
  stream.end();
  return stream.answer;
}

Deno.test("a relay that asks for patience gets it, up to a minute", async () => {
  const busy = refusal(503, "unavailable", { "retry-after": "7" });
  const { client, clock, requests } = makeLab([busy, refusal(503, "unavailable", { "retry-after": "61" })]);
  const generation = client.start(ASK);
  await clock.run(6_999);
  equal(requests.length, 1);
  await clock.run(1);
  const { error } = await generation.done;
  equal(requests.length, 2);
  equal([error!.code, error!.status, error!.retryAfter], ["unavailable", 503, 61]);
});

Deno.test("a 429 is not tried again before the stream has begun, and is after it", async () => {
  const limited = refusal(429, "rate_limited", { "retry-after": "3" });
  const early = makeLab([limited]);
  const { error } = await early.client.start(ASK).done;
  equal([error!.code, error!.status, error!.retryAfter, error!.retryable], ["rate_limited", 429, 3, true]);

  const first = begun();
  const { client, clock } = makeLab([first.answer, limited, rest().answer]);
  const generation = client.start(ASK);
  await clock.run(0);
  first.end();
  await clock.run(4_000);
  equal((await generation.done).text, "abcd");
});

Deno.test("an answer that is not the relay's is refused at once, and tried again once the stream has begun", async () => {
  const page: Answer = () =>
    new Response("<h1>Sign in to the hotel</h1>", { headers: { "content-type": "text/html" } });
  const early = makeLab([page]);
  const { error } = await early.client.start(ASK).done;
  equal([error!.code, error!.status, error!.retryable], ["unexpected_response", 200, false]);

  const first = begun();
  const { client, clock } = makeLab([first.answer, page, rest().answer]);
  const generation = client.start(ASK);
  await clock.run(0);
  first.end();
  await clock.run(2_000);
  equal((await generation.done).text, "abcd");
});

Deno.test("cancel() waits until the relay has the start, then stops it, and gives the end", async () => {
  const answer = Promise.withResolvers<Response>();
  const stream = begun();
  const { client, clock, requests } = makeLab([() => answer.promise, cancelling]);
  const generation = client.start(ASK);
  const cancelled = generation.cancel();
  await clock.run(1_000);
  equal(requests.length, 1);
  answer.resolve(await stream.answer(requests[0]));
  await clock.run(0);
  equal(requests[1].body, { stream_id: "s1" });
  stream.send(say.done({ finish_reason: "cancelled", is_complete: false }));
  const { outcome, text, messageId } = await cancelled;
  equal([outcome, text, messageId], ["cancelled", "ab", "a1"]);
});

Deno.test("cancel() of a start that never arrived ends it without another one", async () => {
  const { client, clock, requests } = makeLab([unreachable, refusal(404, "stream_not_found")]);
  const generation = client.start(ASK);
  await clock.run(0);
  const { outcome, messageId } = await generation.cancel();
  equal([outcome, messageId], ["cancelled", null]);
  equal(requests.map(({ path }) => path), ["/stream", "/cancel"]);
  equal(clock.pending, 0);
});

Deno.test("cancel() of a start whose answer was lost stops it, and reads its end", async () => {
  const ended = makeStream(
    say.start + say.token("ab", 2) +
      say.done({ finish_reason: "cancelled", is_complete: false }),
  );
  const { client, clock, requests } = makeLab([unreachable, cancelling, ended.answer, cancelling]);
  const generation = client.start(ASK);
  await clock.run(0);
  const { outcome, text } = await generation.cancel();
  equal([outcome, text], ["cancelled", "ab"]);
  equal(requests[2].method, "GET");
});

Deno.test("cancel() is repeated while the relay cannot be reached, and rejects in the end", async () => {
  const stream = begun();
  const { client, clock, requests } = makeLab([stream.answer], { retry: { attempts: 2 } });
  const generation = client.start(ASK);
  await clock.run(0);
  const cancelled = rejects(generation.cancel(), { code: "unreachable" });
  await clock.run(10_000);
  await cancelled;
  equal(requests.length, 4);
  stream.send(say.done());
  equal((await generation.done).outcome, "completed");
});
