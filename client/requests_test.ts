import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import {
  type Answer,
  cutAfter,
  LAB_URL,
  makeLab,
  makeStream,
  play,
  refusal,
  say,
  streamOf,
} from "./testing/fake_relay.ts";
import type { ClientOptions } from "./types.ts";

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

Deno.test("headers go with each request, in each form that they can have, or from a function that is asked each time", async () => {
  let asked = 0;
  for (
    const headers of [
      { "x-count": "1" },
      [["X-Count", "1"]] as [string, string][],
      new Headers({ "x-count": "1" }),
      () => new Headers({ "x-count": "1" }),
      // A package's own, which has no iterator.
      { get: () => "1", forEach: (each: (value: string, name: string) => void) => each("1", "X-Count") },
      () => ({ "x-count": `${++asked}` }),
      () => Promise.resolve({ "x-count": "1" }),
    ] as ClientOptions["headers"][]
  ) {
    const { result, requests } = await play([cutAfter(say.start), whole()], 500, { headers });
    equal(result.outcome, "completed");
    const sent = requests.map(({ headers }) => [headers.get("x-count"), headers.get("authorization")]);
    equal(sent, [["1", "Bearer token"], [asked > 1 ? "2" : "1", "Bearer token"]]);
    asked = 0;
  }
});

Deno.test("a header of the client's own cannot be replaced: nothing is sent, and the failure names it", async () => {
  for (const name of ["Authorization", "content-type", "Last-Event-ID"]) {
    for (const headers of [{ [name]: "x" }, new Headers([[name, "x"]]), () => Promise.resolve({ [name]: "x" })]) {
      const { result: { error }, requests, clock } = await play([whole()], 0, { headers });
      equal([error!.code, error!.message], [
        "invalid_request",
        `Cannot send the header ${name.toLowerCase()}: the client has its own`,
      ]);
      equal([requests.length, clock.pending()], [0, 0]);
    }
  }
  // Without a SupabaseClient the client has no key.
  const { requests } = await play([whole()], 0, { headers: { apikey: "sb_publishable_x" } });
  equal(requests[0].headers.get("apikey"), "sb_publishable_x");
});

Deno.test("a header that fetch forbids fails at once: nothing is sent, and the error has its name, not its value", async () => {
  const [accent, line] = ["Füchse \u{1f98a}", "se\ncret"];
  // A package's own.
  const own = { get: () => line, forEach: (each: (value: string, name: string) => void) => each(line, "x-title") };
  const refused: [string, NonNullable<Parameters<typeof play>[2]>][] = [
    ["x-title", { headers: { "x-title": accent } }],
    ["x-title", { headers: [["x-title", line]] }],
    ["x-title", { headers: () => own }],
    ["x title", { headers: { "x title": "1" } }],
    ["authorization", { token: () => line }],
  ];
  for (const [name, options] of refused) {
    const { result: { error }, requests, clock } = await play([whole()], 0, options);
    equal([error!.code, error!.retryable, requests.length, clock.pending()], ["invalid_request", false, 0, 0]);
    equal(error!.message, `Cannot send the header ${name}: its name or value has characters that none can have`);
  }
});

Deno.test("headers that cannot be had count as a connection that failed", async () => {
  let failures = 1;
  const headers = () => failures-- > 0 ? Promise.reject(new Error("No headers")) : Promise.resolve({});
  const { result, requests } = await play([whole()], 500, { headers });
  equal([result.outcome, requests.length], ["completed", 1]);
});

const never = new Promise<never>(() => {});

/** Never settles when it is asked first, and gives this from then on. */
function lateOnce<T>(value: T): () => T | Promise<T> {
  let asked = 0;
  return () => ++asked === 1 ? never : value;
}

const session = (access_token: string) => ({ data: { session: { access_token } }, error: null });

/** What a caller hands in, with a part that never settles when it is asked first. */
const LATE: Record<string, () => Parameters<typeof makeLab>[1]> = {
  headers: () => ({ headers: lateOnce({}) }),
  token: () => ({ token: lateOnce("token") }),
  session: () => {
    const getSession = lateOnce(session("token"));
    const refreshSession = () => Promise.resolve(session("new"));
    return {
      supabase: { functionsUrl: LAB_URL, auth: { getSession: async () => await getSession(), refreshSession } },
    };
  },
};

for (const [what, options] of Object.entries(LATE)) {
  Deno.test(`the ${what} may never come: start, resume and cancel try again, and detach() waits for nothing`, async () => {
    const late = await play([whole()], 15_500, options());
    equal([late.result.outcome, late.requests.length, late.clock.pending()], ["completed", 1, 0]);
    const errors: string[] = [];
    const resumed = makeLab([whole()], options());
    const reading = resumed.client.resume("s1", { onRetry: ({ message }) => errors.push(message) });
    await resumed.clock.run(15_500);
    const awaited = what === "session" ? "token" : what;
    equal([(await reading.done).outcome, errors], ["completed", [`Cannot reach the relay: no ${awaited} within 15 s`]]);
    const lab = makeLab([refusal(404, "stream_not_found")], options());
    const cancelled = lab.start().cancel();
    await lab.clock.run(15_500);
    equal([(await cancelled).outcome, lab.requests.map(({ path }) => path)], ["cancelled", ["/cancel"]]);
    const stopping = makeLab([() => Response.json({ status: "cancelling" })], options());
    const status = stopping.client.cancel("s1");
    await stopping.clock.run(15_500);
    equal(await status, "cancelling");
    // Nothing is needed any more.
    const left = makeLab([], options());
    const generation = left.start();
    generation.detach();
    await left.clock.run(0);
    equal([(await generation.done).outcome, left.clock.pending()], ["detached", 0]);
  });
}

Deno.test("a renewed token that never comes is no answer, and a start is tried again", async () => {
  const refresh = lateOnce(session("new"));
  const getSession = () => Promise.resolve(session("old"));
  const supabase = { functionsUrl: LAB_URL, auth: { getSession, refreshSession: async () => await refresh() } };
  const { result, requests } = await play([expired, expired, whole()], 15_500, { supabase });
  equal([result.outcome, requests.map(({ headers }) => headers.get("authorization"))], [
    "completed",
    ["Bearer old", "Bearer old", "Bearer new"],
  ]);
});

Deno.test("a token that cannot be had counts as a connection that failed, also for a cancel", async () => {
  let failures = 1;
  const token = () => failures-- > 0 ? Promise.reject(new Error("No token")) : "token";
  const lab = makeLab([() => Response.json({ status: "cancelling" })], { token });
  const status = lab.client.cancel("s1");
  await lab.clock.run(500);
  equal(await status, "cancelling");
});

Deno.test("a fetch that never answers and ignores its signal is given up; what it brings later is closed", async () => {
  const late = Promise.withResolvers<Response>();
  const stream = makeStream(say.start);
  const answers = [late.promise, Promise.resolve(whole()() as Response)];
  const { result, clock } = await play([], 15_500, { fetch: () => answers.shift()! });
  equal([result.outcome, clock.pending()], ["completed", 0]);
  late.resolve(stream.answer());
  await clock.run(0);
  ok(stream.cancelled);
});

Deno.test("a body that falls silent and ignores that it is closed is given up", async () => {
  const silent = { getReader: () => ({ read: () => never, cancel: () => never }) };
  const head = { ok: true, status: 200, headers: new Headers({ "content-type": "text/event-stream" }) };
  const stuck = { ...head, body: silent, text: () => never };
  const answers = [stuck, { ...stuck, status: 502, ok: false, body: null }, whole()() as Response];
  const { result, clock } = await play([], 40_000, { fetch: () => Promise.resolve(answers.shift()!) });
  equal([result.outcome, clock.pending(), answers.length], ["completed", 0, 0]);
});

Deno.test("an answer whose body does not end in time is none: a preview fails, and a cancel is tried again", async () => {
  const half: Answer = () => {
    const start = (controller: ReadableStreamDefaultController) => controller.enqueue(new TextEncoder().encode("{"));
    return new Response(new ReadableStream({ start }), { headers: { "content-type": "application/json" } });
  };
  const error = { code: "unreachable", message: "Cannot reach the relay: no answer within 15 s", retryable: true };
  const once = makeLab([half], { retry: { attempts: 0 } });
  const preview = rejects(once.client.preview({ prompt: "Tell me" }), error);
  await once.clock.run(15_000);
  await preview;
  const lab = makeLab([half, () => Response.json({ status: "cancelling" })]);
  const status = lab.client.cancel("s1");
  await lab.clock.run(15_500);
  equal([await status, lab.clock.pending()], ["cancelling", 0]);
});

Deno.test("a fetch that gives an answer at once, and no promise, is waited for as well", async () => {
  const { result } = await play([], 0, { fetch: whole() as never, retry: { attempts: 0 } });
  equal(result.outcome, "completed");
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
