import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { SignJWT } from "jose";
import { type ErrorCode, ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import { eventually } from "../../testkit/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../../testkit/proxy.ts";
import { type Rig, startRig, type Worker } from "../../testkit/rig.ts";
import { event, type Script, tokenEvent } from "../../testkit/provider.ts";
import { dataOf, post, readStory } from "../../testkit/reader.ts";
import { makeBot, signUp, type TestUser } from "../../testkit/target.ts";

let rig: Rig;
let user: TestUser;
let proxy: FaultProxy;
/** Behind the proxy. */
let main: Worker;
/** Two generations a minute, one at once, public providers alone, no metrics. */
let strict: Worker;
/** Waits for a first token for 1 s and lets a generation run for 2 s. */
let brief: Worker;

Deno.test.beforeAll(async () => {
  rig = await startRig();
  proxy = startFaultProxy(rig.stack.url);
  [user, main, strict, brief] = await Promise.all([
    signUp(rig.target),
    rig.worker({}, { supabaseUrl: proxy.url }),
    rig.worker({
      RELAY_RATE_LIMIT_PER_MINUTE: "2",
      RELAY_MAX_CONCURRENT: "1",
      RELAY_ALLOW_PRIVATE_PROVIDERS: "false",
      RELAY_METRICS_TOKEN: "",
    }),
    rig.worker({ RELAY_FIRST_TOKEN_TIMEOUT_MS: "1000", RELAY_TIMEOUT_MS: "2000" }),
  ]);
});

Deno.test.afterAll(async () => {
  await rig.close();
  await proxy.close();
});

/** A page that calls the relay from a browser. */
const ORIGIN = "https://story.example";
const UNKNOWN = "00000000-0000-4000-8000-000000000000";

/** Asks the stream function as a page would. */
function ask(
  body: unknown,
  { worker = main, token = user.token, headers = {} }: {
    worker?: Worker;
    token?: string | null;
    headers?: Record<string, string>;
  } = {},
): Promise<Response> {
  const all = { origin: ORIGIN, ...headers };
  return post(`${worker.url}/stream`, token, body, all);
}

/** Asks for a story by a bot whose provider plays the script. */
async function tell(script: Script, worker = main, as = user, stream_id?: string): Promise<Response> {
  const bot_id = await makeBot(rig.target, as, rig.provider.script(script));
  const body = { prompt: "Once", bot_id, stream_id };
  return ask(body, { worker, token: as.token });
}

const finishes: Script = (call) => call.finish();

const refuses = (status: number): Script => () => Response.json({ error: { message: "No" } }, { status });

/** Runs something while the proxy stands between the worker and its database; the fault ends with it. */
async function during<T>(start: () => void, run: () => Promise<T>): Promise<T> {
  start();
  try {
    return await run();
  } finally {
    proxy.back();
    proxy.intercept();
  }
}

/** One way to each code. */
const PROVOCATIONS: Partial<Record<ErrorCode, () => Promise<Response>>> = {
  invalid_request: () => ask({ prompt: 5, colour: "red" }),
  unauthenticated: () => ask({ prompt: "Once" }, { token: null }),
  async forbidden() {
    const token = await new SignJWT({ role: "service_role" })
      .setProtectedHeader({ alg: "HS256" }).setSubject(user.id).setAudience(
        "authenticated",
      ).setExpirationTime("1h").sign(new TextEncoder().encode(rig.stack.jwt_secret));
    return ask({ prompt: "Once" }, { token });
  },
  provider_not_allowed: () => tell(finishes, strict),
  bot_not_found: () => ask({ prompt: "Once", bot_id: UNKNOWN }),
  conversation_not_found: () => ask({ prompt: "Once", conversation_id: UNKNOWN }),
  message_not_found: () => ask({ reroll_of: UNKNOWN }),
  not_found: () => fetch(`${strict.url}/metrics`, { headers: { origin: ORIGIN } }),
  stream_not_found: () => post(`${main.url}/cancel/${UNKNOWN}`, user.token, {}, { origin: ORIGIN }),
  method_not_allowed: () => fetch(`${main.url}/stream`, { method: "PUT", headers: { origin: ORIGIN } }),
  async stream_id_taken() {
    const stream_id = crypto.randomUUID();
    await (await tell(finishes, main, user, stream_id)).text();
    return tell(finishes, main, await signUp(rig.target), stream_id);
  },
  payload_too_large: () => ask({ prompt: "m".repeat(300 * 1024) }),
  unsupported_media_type: () => ask("Once", { headers: { "content-type": "text/plain" } }),
  async rate_limited() {
    const hasty = await signUp(rig.target);
    for (let i = 0; i < 2; i++) {
      await (await tell(finishes, main, hasty)).text();
    }
    return tell(finishes, strict, hasty);
  },
  async too_many_streams() {
    const busy = await signUp(rig.target);
    const running = await tell((call) => call.closed, main, busy);
    const response = await tell(finishes, strict, busy);
    await running.body?.cancel();
    return response;
  },
  internal: () =>
    during(() => proxy.intercept(() => Response.json({ code: "42P01" }, { status: 400 })), () => tell(finishes)),
  unavailable: () => during(() => proxy.away(), () => tell(finishes)),
  provider_auth: () => tell(refuses(401)),
  provider_rate_limited: () => tell(refuses(429)),
  provider_error: () => tell(refuses(500)),
  provider_bad_response: () =>
    tell(async (call) => {
      await call.send(tokenEvent("Once") + event("nonsense"));
      call.end();
    }),
  provider_timeout: () => tell((call) => call.closed, brief),
  timeout: () =>
    tell(async (call) => {
      await call.token("Once");
      await call.closed;
    }, brief),
  async interrupted() {
    const worker = await rig.worker();
    const response = await tell((call) => call.closed, worker);
    // In the background: its end waits for the stream's, which is still to be read.
    worker.stop().catch((error) => console.error(error));
    return response;
  },
};

/** Codes that nothing provokes yet, each with the reason: none. */
const UNPROVOKED: Partial<Record<ErrorCode, string>> = {};

/** What docs/errors.md says of each code: its status, or "event", and whether to retry. */
const documented = new Map(
  Deno.readTextFileSync(new URL("../../docs/errors.md", import.meta.url)).split(
    "\n",
  ).filter((line) => line.startsWith("| `")).map((line) => line.split("|").map((cell) => cell.trim())).map((
    [, code, status, retryable],
  ) => [code.slice(1, -1), { status, retryable }]),
);

for (const [name, { status }] of Object.entries(ERRORS)) {
  const code = name as ErrorCode;
  Deno.test(`${code} can be provoked, and comes as docs/errors.md says`, async () => {
    const provoke = PROVOCATIONS[code];
    if (!provoke) {
      ok(UNPROVOKED[code], `Nothing provokes ${code}`);
      return;
    }
    const response = await provoke();
    const isEvent = documented.get(code)?.status === "event";
    expectReadable(response, isEvent ? 200 : status);
    const error = isEvent ? await errorEvent(response) : (await response.json()).error;
    equal(error.code, code);
    match(error.message, /^[A-Z].*[^.]$/s);
    if (isEvent) {
      equal(error.retryable, documented.get(code)?.retryable === "yes");
    }
    equal("issues" in error, code === "invalid_request");
  });
}

Deno.test("internal comes as an event, too, and says nothing of its cause", async () => {
  // An admission that breaks the worker's own code, after the answer has begun.
  const admission = {
    outcome: "admitted",
    fence: UNKNOWN,
    conversation_id: UNKNOWN,
    bot_id: UNKNOWN,
    access_path: "http://127.0.0.1:1/v1",
    model: "model",
    params: {},
    context: 4711,
    rate: { limit: 5, remaining: 4, reset_s: 60 },
  };
  const response = await during(
    () => proxy.intercept((name) => name === "relay_begin" ? Response.json(admission) : "pass"),
    () => tell(finishes, main, user, UNKNOWN),
  );
  expectReadable(response, 200);
  equal(await errorEvent(response), {
    code: "internal",
    message: "The relay failed: its log has the cause",
    retryable: true,
    stream_id: UNKNOWN,
    message_id: null,
  });
  await eventually("the log has the cause", () => main.log().includes("TypeError"));
});

/** Pages of any origin can read it, the ids and, where they shall wait, for how long. */
function expectReadable(response: Response, status: number): void {
  equal(response.status, status);
  equal(response.headers.get("access-control-allow-origin"), "*");
  const exposed = response.headers.get("access-control-expose-headers") ?? "";
  for (const name of ["x-request-id", "x-stream-id", "retry-after"]) {
    ok(exposed.includes(name), `${name} is not exposed`);
  }
  ok(response.headers.get("x-request-id"));
  const waits = status === 429 || status === 503;
  equal(Number(response.headers.get("retry-after")) > 0, waits);
  equal(response.headers.has("www-authenticate"), status === 401);
  equal(response.headers.has("allow"), status === 405);
}

// deno-lint-ignore no-explicit-any
async function errorEvent(response: Response): Promise<any> {
  const events = await readStory(response).rest();
  equal(events.at(-1)?.event, "error");
  return dataOf(events, "error");
}
