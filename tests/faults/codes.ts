/** One way to each error code, which comes as docs/errors.md says. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import type { ErrorCode } from "../../supabase/functions/_relay/protocol/errors.ts";
import { newClient } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { mintToken } from "../../testkit/people.ts";
import { answers, event, refuses, stalls, tokenEvent, waits } from "../../testkit/provider.ts";
import { expectReadable, expectRefusal, post, readEvents, readToEnd } from "../../testkit/reader.ts";
import { ERROR_CODES, ERROR_TABLE } from "../error_codes.ts";
import { ask, type FaultStack, type Scenario } from "./fault_stack.ts";

const UNKNOWN = "00000000-0000-4000-8000-000000000000";

type Way = (on: FaultStack) => Promise<Response>;

/** POST /stream with this body and token. */
const sends = (body: unknown, asking: { token?: string | null; headers?: Record<string, string> } = {}): Way => (on) =>
  on.client.ask(body, { worker: on.main.url, ...asking });

/** POST /stream for a bot whose provider plays the script. */
const plays = (...[script, options]: [Parameters<typeof ask>[1], Parameters<typeof ask>[2]?]): Way => async (on) =>
  (await ask(on, script, options)).response;

/** Runs while the proxy stands between the worker and its database. */
async function during<T>({ proxy }: FaultStack, start: () => void, run: () => Promise<T>): Promise<T> {
  start();
  try {
    return await run();
  } finally {
    proxy.back();
    proxy.intercept();
  }
}

const WAYS: Record<ErrorCode, Way> = {
  invalid_request: sends({ prompt: 5, colour: "red" }),
  unauthenticated: sends({ prompt: "Once" }, { token: null }),
  async forbidden(on) {
    const token = await mintToken(on.stack.jwt_secret, on.client.user.id, { role: "service_role" });
    return sends({ prompt: "Once" }, { token })(on);
  },
  provider_not_allowed: async (on) =>
    plays(answers(), { worker: on.strict, client: await newClient(on.stack.target) })(on),
  bot_not_found: sends({ prompt: "Once", bot_id: UNKNOWN }),
  conversation_not_found: sends({ prompt: "Once", conversation_id: UNKNOWN }),
  message_not_found: sends({ reroll_of: UNKNOWN }),
  not_found: ({ strict }) => fetch(`${strict.url}/metrics`),
  stream_not_found: ({ main, client }) => post(`${main.url}/cancel/${UNKNOWN}`, client.user.token, {}),
  method_not_allowed: ({ main }) => fetch(`${main.url}/stream`, { method: "PUT" }),
  async stream_id_taken(on) {
    const body = { stream_id: crypto.randomUUID() };
    await (await plays(answers(), { body })(on)).text();
    return plays(answers(), { body, client: await newClient(on.stack.target) })(on);
  },
  payload_too_large: sends({ prompt: "m".repeat(300 * 1024) }),
  unsupported_media_type: sends("Once", { headers: { "content-type": "text/plain" } }),
  async rate_limited(on) {
    const client = await newClient(on.stack.target);
    for (let count = 0; count < 2; count++) await (await plays(answers(), { client })(on)).text();
    return plays(answers(), { client, worker: on.strict })(on);
  },
  async too_many_streams(on) {
    const client = await newClient(on.stack.target);
    const running = await plays(waits, { client })(on);
    const response = await plays(answers(), { client, worker: on.strict })(on);
    await running.body?.cancel();
    return response;
  },
  internal: (on) =>
    during(
      on,
      () => on.proxy.intercept(() => Response.json({ code: "42P01" }, { status: 400 })),
      () => plays(answers())(on),
    ),
  unavailable: (on) => during(on, () => on.proxy.away(), () => plays(answers())(on)),
  provider_auth: plays(refuses(401, {})),
  provider_rate_limited: plays(refuses(429, {})),
  provider_error: plays(refuses(500, {})),
  provider_bad_response: plays(async (call) => {
    await call.send(tokenEvent("Once") + event("nonsense"));
    call.end();
  }),
  provider_timeout: (on) => plays(waits, { worker: on.hasty })(on),
  timeout: (on) => plays(stalls("Once"), { worker: on.brief })(on),
  async interrupted(on) {
    const worker = await on.worker();
    const response = await plays(waits, { worker })(on);
    // Its end waits for the stream's, which is still to be read.
    worker.stop().catch((error) => console.error(error));
    return response;
  },
};

/** What docs/errors.md says of each code: its status, or "event", and whether to retry. */
const page = Deno.readTextFileSync(new URL("../../docs/errors.md", import.meta.url));
const documented = new Map(
  [...page.matchAll(/^\| `(\w+)` +\| (\w+) +\| (\w+)/gm)].map(([, code, status, retryable]) => [
    code,
    { status, retryable },
  ]),
);

export const codes: Scenario[] = ERROR_CODES.map((code) => ({
  title: `${code} can be provoked, and comes as docs/errors.md says`,
  async run(on) {
    const way: Way | undefined = WAYS[code];
    ok(way, `Nothing provokes ${code}`);
    const response = await way(on);
    const { status, retryable } = documented.get(code)!;
    if (status !== "event") {
      equal(status, String(ERROR_TABLE.get(code)!.status));
      await expectRefusal(response, Number(status), code);
      return;
    }
    expectReadable(response);
    const { end, last } = await readToEnd(readEvents(response));
    equal([response.status, end, last.code, last.retryable], [200, "error", code, retryable === "yes"]);
    match(last.message, /^[A-Z].*[^.]$/s);
  },
}));

codes.push({
  title: "internal comes as an event, too, and says nothing of its cause",
  async run(on) {
    // An admission that breaks the worker's own code after the answer has begun.
    const ids = { fence: UNKNOWN, conversation_id: UNKNOWN, bot_id: UNKNOWN };
    const bot = { access_path: "http://127.0.0.1:1/v1", model: "model", params: {} };
    const rate = { limit: 5, remaining: 4, reset_s: 60 };
    const admission = { outcome: "admitted", ...ids, ...bot, context: 4711, rate };
    const answer = (name: string) => name === "relay_begin" ? Response.json(admission) : "pass";
    const body = { stream_id: UNKNOWN };
    const response = await during(on, () => on.proxy.intercept(answer), () => plays(answers(), { body })(on));
    const { last } = await readToEnd(readEvents(response));
    const message = "The relay failed: its log has the cause";
    equal(last, { code: "internal", message, retryable: true, stream_id: UNKNOWN, message_id: null });
    await eventually("the log has the cause", () => on.main.log().includes("TypeError"));
  },
});
