import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Answer, cutAfter, makeLab, makeStream, play, refusal, say, streamOf } from "./testing/fake_relay.ts";

const whole = () => streamOf(say.start, say.done());
const expired = refusal(401, "unauthenticated");

Deno.test("a refused token is renewed once for each request, the first one and one that resumes", async () => {
  const rest = streamOf(say.token("cd", 4), say.done());
  const lab = makeLab([expired, cutAfter(say.start, say.token("ab", 2)), expired, rest]);
  lab.tokens.unshift("1", "2", "3", "4");
  const generation = lab.start();
  await lab.clock.run(500);
  equal((await generation.done).text, "abcd");
  const sent = lab.requests.map(({ headers }) => headers.get("authorization"));
  equal(sent, ["Bearer 1", "Bearer 2", "Bearer 3", "Bearer 4"]);
});

Deno.test("the same token again is not sent again", async () => {
  const { result: { outcome, error }, requests } = await play([expired]);
  equal([outcome, error!.code, error!.status, requests.length], ["failed", "unauthenticated", 401, 1]);
});

Deno.test("a refusal has the relay's code, message and issues", async () => {
  const issues = [{ path: "prompt", message: "Must not be empty" }];
  const body = { error: { code: "invalid_request", message: "Cannot accept", issues } };
  const { result: { error }, requests } = await play([() => Response.json(body, { status: 400 })]);
  equal([error!.code, error!.message, error!.status, error!.issues], ["invalid_request", "Cannot accept", 400, issues]);
  equal([error!.retryable, requests.length], [false, 1]);
});

Deno.test("an error page is read up to a limit, however long it is, and for as long as a request may take", async () => {
  let reads = 0;
  const endless: Answer = () => {
    const pull = (controller: ReadableStreamDefaultController) => {
      reads++;
      controller.enqueue(new Uint8Array(16 * 1024).fill(65));
    };
    return new Response(new ReadableStream({ pull }), { status: 404, headers: { "content-type": "text/html" } });
  };
  const { result: { error }, clock } = await play([endless]);
  equal([error!.code, error!.status, clock.pending()], ["unexpected_response", 404, 0]);
  ok(reads <= 6, `There were ${reads} reads`);
  const stuck: Answer = () => new Response(new ReadableStream({}), { status: 404 });
  equal((await play([stuck], 15_000, { retry: { attempts: 0 } })).result.error!.code, "unreachable");
});

Deno.test("an event past the limit is a typed end", async () => {
  const stream = makeStream("event: token\nid: 1\n");
  for (let lines = 0; lines < 17; lines++) stream.send(`data: ${"x".repeat(1024 * 1024)}\n`);
  const { result, clock } = await play([stream.answer], 0, { retry: { attempts: 0 } });
  equal(result.error!.code, "unexpected_response");
  await clock.run(0);
  ok(stream.cancelled);
});

Deno.test("unknown events are skipped, data that is not JSON is refused", async () => {
  const unknown = streamOf("event: news\ndata: x\n\ndata: y\n\n", say.done());
  equal((await play([unknown])).result.outcome, "completed");
  const broken = streamOf("event: done\ndata: {\n\n");
  equal((await play([broken], 0, { retry: { attempts: 0 } })).result.error!.code, "unexpected_response");
});

Deno.test("an answer whose headers were cut off is tried again", async () => {
  for (const headers of [{}, { "content-type": "text/ev" }] as HeadersInit[]) {
    const cut: Answer = () => new Response(new Uint8Array(), { headers });
    equal((await play([cut, whole()], 500)).result.outcome, "completed");
  }
});

Deno.test("headers go with each request, from an object or from a function that is asked each time", async () => {
  let asked = 0;
  for (
    const headers of [
      { "x-count": "1" },
      () => ({ "x-count": `${++asked}` }),
      () => Promise.resolve({ "x-count": "1" }),
    ]
  ) {
    const { result, requests } = await play([cutAfter(say.start), whole()], 500, { headers });
    equal(result.outcome, "completed");
    const sent = requests.map(({ headers }) => [headers.get("x-count"), headers.get("authorization")]);
    equal(sent, [["1", "Bearer token"], [asked ? "2" : "1", "Bearer token"]]);
    asked = 0;
  }
});

Deno.test("a header of the client's own cannot be replaced: nothing is sent, and the failure names it", async () => {
  for (const name of ["Authorization", "content-type", "Last-Event-ID"]) {
    for (const headers of [{ [name]: "x" }, () => Promise.resolve({ [name]: "x" })]) {
      const { result: { error }, requests, clock } = await play([whole()], 0, { headers });
      equal([error!.code, error!.message], [
        "invalid_request",
        `Cannot send the header ${name}: the client has its own`,
      ]);
      equal([requests.length, clock.pending()], [0, 0]);
    }
  }
  // Without a SupabaseClient the client has no key.
  const { requests } = await play([whole()], 0, { headers: { apikey: "sb_publishable_x" } });
  equal(requests[0].headers.get("apikey"), "sb_publishable_x");
});

Deno.test("headers that cannot be had count as a connection that failed", async () => {
  let failures = 1;
  const headers = () => failures-- > 0 ? Promise.reject(new Error("No headers")) : Promise.resolve({});
  const { result, requests } = await play([whole()], 500, { headers });
  equal([result.outcome, requests.length], ["completed", 1]);
});

Deno.test("headers that never come are no answer, and a cancel needs none of them", async () => {
  let asked = 0;
  const headers = () => ++asked === 1 ? new Promise<never>(() => {}) : {};
  const late = await play([whole()], 15_500, { headers });
  equal([late.result.outcome, asked, late.clock.pending()], ["completed", 2, 0]);

  asked = 0;
  const lab = makeLab([refusal(404, "stream_not_found")], { headers });
  const cancelled = lab.start().cancel();
  await lab.clock.run(15_500);
  equal([(await cancelled).outcome, lab.requests.map(({ path }) => path)], ["cancelled", ["/cancel"]]);
});

/** What React Native's own fetch makes of an answer: no `body`, and the whole text at its end. */
const withoutBody = (answer: Answer): Answer => async () =>
  Object.defineProperty(await answer(), "body", { value: undefined }) as Response;

Deno.test("a fetch whose answers have no body cannot stream, which is said at once; refusals and cancels can be read", async () => {
  const { result: { error }, requests, clock } = await play([withoutBody(whole())]);
  equal([error!.code, requests.length, clock.pending()], ["unexpected_response", 1, 0]);
  equal(error!.message, "Cannot read the stream: this fetch gives no body");
  equal((await play([withoutBody(refusal(404, "bot_not_found"))])).result.error!.code, "bot_not_found");
  const cancelled = () => Response.json({ stream_id: "s1", status: "cancelling" }, { status: 202 });
  equal(await makeLab([withoutBody(cancelled)]).client.cancel("s1"), "cancelling");
});
