import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { cutAfter, makeLab, makeStream, offline, play, refusal, say, silence, streamOf } from "./testing/fake_relay.ts";

const cancelling = () => Response.json({ stream_id: "s1", status: "cancelling" }, { status: 202 });
const begun = () => makeStream(say.start + say.token("ab", 2));
const cut = () => cutAfter(say.start, say.token("ab", 2));
const rest = () => streamOf(say.token("cd", 4), say.done());

for (const how of ["end", "break"] as const) {
  Deno.test(`after the ${how} of a connection the stream is resumed after the text that came`, async () => {
    const first = begun();
    const { start, clock, requests } = makeLab([first.answer, rest()]);
    const retries: unknown[] = [];
    const generation = start({ onRetry: ({ code }, ms) => retries.push([code, ms]) });
    await clock.run(0);
    first[how]();
    await clock.run(500);
    equal([(await generation.done).text, ...retries], ["abcd", ["unreachable", 500]]);
    const [, { method, path, headers }] = requests;
    equal([method, path, headers.get("last-event-id")], ["GET", "/stream/s1", "2"]);
    equal(clock.pending(), 0);
  });
}

Deno.test("text that came already is dropped, text that overlaps is cut, start is called once", async () => {
  const repeated = [say.start, say.token("a", 1), say.token("ab", 2), say.token("bcd", 4), say.token("🐉", 6)];
  const { start, clock } = makeLab([cut(), streamOf(...repeated, say.done())]);
  const heard: unknown[] = [];
  const generation = start({
    onStart: () => heard.push("start"),
    onToken: (text, offset) => heard.push([text, offset]),
  });
  await clock.run(500);
  equal((await generation.done).text, "abcd🐉");
  equal(heard, ["start", ["ab", 2], ["cd", 4], ["🐉", 6]]);
});

Deno.test("a gap in the text makes the connection again", async () => {
  const first = makeStream(say.start + say.token("ab", 2) + say.token("d", 4));
  const { result, requests } = await play([first.answer, rest()], 500);
  equal([result.text, first.cancelled, requests[1].headers.get("last-event-id")], ["abcd", true, "2"]);
});

Deno.test("a connection that is silent for 15 s is made again; a ping breaks the silence, a comment does not", async () => {
  const first = begun();
  const { start, clock, requests } = makeLab([first.answer, rest()]);
  const generation = start();
  await clock.run(10_000);
  first.send(say.ping);
  await clock.run(14_999);
  first.send(": a comment is no event\n\n");
  equal(requests.length, 1);
  await clock.run(501);
  equal([(await generation.done).text, first.cancelled, requests[0].signal.aborted], ["abcd", true, true]);
});

Deno.test("a start without an answer for 15 s is sent again with the same stream_id", async () => {
  const { client, clock, requests } = makeLab([silence, streamOf(say.done())]);
  const generation = client.start({ prompt: "Tell me" });
  await clock.run(15_000);
  ok(requests[0].signal.aborted);
  await clock.run(500);
  const body = { prompt: "Tell me", stream_id: generation.streamId };
  equal(requests.map(({ method, body }) => ({ method, body })), Array(2).fill({ method: "POST", body }));
  ok(/^[A-Za-z0-9._:-]{1,128}$/.test(generation.streamId));
  equal((await generation.done).outcome, "completed");
});

Deno.test("waits double up to the cap, half of each is random, and the attempts have a limit", async () => {
  for (const [chance, factor] of [[1, 1], [0, 0.5]]) {
    const retry = { attempts: 6, baseMs: 1000, capMs: 8000 };
    const { start, clock, requests } = makeLab([], { random: () => chance, retry });
    const waits: number[] = [];
    const generation = start({ onRetry: (_, ms) => waits.push(ms) });
    await clock.run(60_000);
    equal(waits, [1, 2, 4, 8, 8, 8].map((s) => s * 1000 * factor));
    equal((await generation.done).error!.code, "unreachable");
    equal([requests.length, clock.pending()], [7, 0]);
  }
});

Deno.test("attempts count from the last event: a stream that goes on is never given up", async () => {
  const events = Array.from({ length: 20 }, (_, n) => n % 2 ? say.ping : say.token(String(n / 2), n / 2 + 1));
  const retry = { attempts: 1 };
  const answers = [say.start, ...events].map((event) => cutAfter(event));
  equal((await play([...answers, streamOf(say.done())], 60_000, { retry })).result.text, "0123456789");
});

Deno.test("a relay that asks to wait is waited for, up to a minute", async () => {
  const busy = (seconds: string) => refusal(503, "unavailable", { "retry-after": seconds });
  const { start, clock, requests } = makeLab([busy("7"), busy("61")]);
  const generation = start();
  await clock.run(6_999);
  equal(requests.length, 1);
  await clock.run(1);
  const { error } = await generation.done;
  equal([error!.code, error!.status, error!.retryAfter, requests.length], ["unavailable", 503, 61, 2]);
});

const page = () => new Response("<h1>Sign in to the hotel</h1>", { headers: { "content-type": "text/html" } });
const limited = refusal(429, "rate_limited", { "retry-after": "3" });

Deno.test("a 429 and a foreign page fail at once, and are tried again once the stream has begun", async () => {
  const failures = [];
  for (const answer of [limited, page]) {
    const { code, status, retryAfter, retryable } = (await play([answer])).result.error!;
    failures.push([code, status, retryAfter, retryable]);
    equal((await play([cut(), answer, rest()], 4_000)).result.text, "abcd");
  }
  equal(failures, [["rate_limited", 429, 3, true], ["unexpected_response", 200, undefined, false]]);
});

Deno.test("cancel() waits until the relay has the start, then cancels, and gives the end", async () => {
  const answer = Promise.withResolvers<Response>();
  const stream = begun();
  const { start, clock, requests } = makeLab([() => answer.promise, cancelling]);
  const cancelled = start().cancel();
  await clock.run(1_000);
  equal(requests.length, 1);
  answer.resolve(stream.answer());
  await clock.run(0);
  // It has shown nothing, and does not know whether another reader has.
  equal(requests[1].body, { stream_id: "s1" });
  stream.send(say.done({ finish_reason: "cancelled", is_complete: false }));
  const { outcome, text, messageId } = await cancelled;
  equal([outcome, text, messageId], ["cancelled", "ab", "a1"]);
});

Deno.test("cancel() of a start without an answer asks the relay, and reads the end if there is one", async () => {
  const end = say.done({ finish_reason: "cancelled", is_complete: false });
  for (
    const [answers, text, ...paths] of [
      [[refusal(404, "stream_not_found")], "", "/cancel"],
      [[cancelling, streamOf(say.token("ab", 2), end), cancelling], "ab", "/cancel", "/stream/s1", "/cancel"],
    ] as const
  ) {
    const { start, clock, requests } = makeLab([offline, ...answers]);
    const generation = start();
    await clock.run(0);
    const result = await generation.cancel();
    equal([result.outcome, result.text, clock.pending()], ["cancelled", text, 0]);
    equal(requests.map(({ path }) => path), ["/stream", ...paths]);
  }
});

const stopped = say.done({ finish_reason: "cancelled", is_complete: false });

Deno.test("after cancel() no more of the text is shown", async () => {
  const stream = begun();
  const { start, clock, requests } = makeLab([stream.answer, cancelling]);
  const heard: string[] = [];
  const generation = start({ onToken: (text) => heard.push(text) });
  await clock.run(0);
  const cancelled = generation.cancel();
  stream.send(say.token("cd", 4));
  await clock.run(0);
  equal([requests[1].body, generation.text], [{ stream_id: "s1", at: 2 }, "ab"]);
  stream.send(stopped);
  const { outcome, text } = await cancelled;
  equal([outcome, text, ...heard], ["cancelled", "ab", "ab"]);
  equal(await Array.fromAsync(generation.tokens), ["ab"]);
});

Deno.test("where a generation ends before its cancel, all of it is shown, also over a connection that breaks", async () => {
  for (const end of [say.done(), say.error("provider_error")]) {
    const first = begun();
    const { start, clock, requests } = makeLab([
      first.answer,
      () => Response.json({ stream_id: "s1", status: "completed" }),
      streamOf(say.token("ef", 6), end),
    ]);
    const heard: unknown[] = [];
    const generation = start({ onToken: (text, offset) => heard.push([text, offset]) });
    await clock.run(0);
    const cancelled = generation.cancel();
    first.send(say.token("cd", 4));
    await clock.run(0);
    first.break();
    await clock.run(500);
    equal([(await cancelled).text, requests[2].headers.get("last-event-id")], ["abcdef", "4"]);
    equal(heard, [["ab", 2], ["cdef", 6]]);
  }
});

Deno.test("a reader that began in the middle cancels at its offset in the whole text", async () => {
  const stream = makeStream(say.token("cd", 4));
  const { client, clock, requests } = makeLab([stream.answer, cancelling]);
  const generation = client.resume("s1", { from: 2 });
  await clock.run(0);
  const cancelled = generation.cancel();
  await clock.run(0);
  equal(requests[1].body, { stream_id: "s1", at: 4 });
  stream.send(stopped);
  equal((await cancelled).text, "cd");
});

Deno.test("cancel() is repeated while the relay cannot be reached, and rejects in the end", async () => {
  const stream = begun();
  const { start, clock, requests } = makeLab([stream.answer], { retry: { attempts: 2 } });
  const generation = start();
  await clock.run(0);
  const cancelled = rejects(generation.cancel(), { code: "unreachable" });
  stream.send(say.token("cd", 4));
  await clock.run(0);
  equal(generation.text, "ab");
  await clock.run(10_000);
  await cancelled;
  equal([requests.length, generation.text], [4, "abcd"]);
  stream.send(say.token("ef", 6) + say.done());
  const { outcome, text } = await generation.done;
  equal([outcome, text], ["completed", "abcdef"]);
});
