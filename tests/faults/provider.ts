/** What a provider does wrong, in its answer or in place of it, and what each deadline does. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { BOT_KEY } from "../../testkit/people.ts";
import {
  answers,
  event,
  finishEvents,
  hangs,
  hangsUp,
  type ProviderCall,
  refuses,
  repeats,
  type Script,
  stalls,
  tokenEvent,
  USAGE,
} from "../../testkit/provider.ts";
import { readToEnd } from "../../testkit/reader.ts";
import { begin, closedPort, type Expected, expectEnd, type FaultStack, PARTIAL, type Scenario } from "./fault_stack.ts";

function failure(code: string, message: RegExp, retryable = true) {
  return { error: { code, message, retryable } };
}

const refusal = (status: number, message: string) => refuses(status, { error: { message } });

/** Sends the partial text, then does what comes next. */
function afterPartial(next: (call: ProviderCall) => void | Promise<void>): Script {
  return async (call) => {
    await call.token(PARTIAL);
    await next(call);
  };
}

/** Sends the partial text and these events, then ends cleanly. */
const afterPartialSends = (events: string) =>
  afterPartial(async (call) => {
    await call.send(events);
    call.end();
  });

const HTML = { headers: { "content-type": "text/html; charset=utf-8" } };

function endlessPage(): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode("<p>Sorry</p>".repeat(1000));
  return new ReadableStream({ pull: (controller) => controller.enqueue(bytes) }, { highWaterMark: 0 });
}

const NO_CHUNK = failure("provider_bad_response", /not a chat completion chunk/);
const UNFINISHED = failure("provider_bad_response", /without a finish reason/);
/** With the words of `fetch` where the relay has no connection of its own. */
const HUNG_UP = failure("provider_error", /closed the connection before its answer|reach the provider/);

const FAULTS: [title: string, script: Script, ends: Expected][] = [
  [
    "a 401 is provider_auth, without the provider's words",
    refusal(401, `Incorrect API key provided: ${BOT_KEY}`),
    failure("provider_auth", /key .* status 401$/, false),
  ],
  [
    "a 403 is provider_auth, without the provider's words",
    refusal(403, `The key ${BOT_KEY.slice(0, 12)}… may not`),
    failure("provider_auth", /key .* status 403$/, false),
  ],
  [
    "a 500 with an HTML page is provider_error, without the page",
    () => new Response(`<html><body>${BOT_KEY} Bad gateway</body></html>`, { status: 500, ...HTML }),
    failure("provider_error", /status 500$/),
  ],
  [
    "a 400 is provider_refused, with the message but without the key",
    refusal(400, `No model for ${BOT_KEY},\nsays ${BOT_KEY}`),
    failure("provider_refused", /status 400: "No model for \[key\], says \[key\]"$/, false),
  ],
  [
    "an error page without an end is cut off",
    () => new Response(endlessPage(), { status: 503, ...HTML }),
    failure("provider_error", /status 503$/),
  ],
  [
    "a redirect is provider_error and is not followed",
    () => Response.redirect("http://127.0.0.1:9/v1/chat/completions", 302),
    failure("provider_error", /redirect .*302/),
  ],
  [
    "a whole completion in place of a stream is read",
    () => Response.json({ choices: [{ message: { content: PARTIAL }, finish_reason: "length" }], usage: USAGE }),
    { text: PARTIAL, finishReason: "length", usage: USAGE },
  ],
  [
    "a 200 with an HTML page is provider_bad_response",
    () => new Response("<h1>Log in</h1>", HTML),
    failure("provider_bad_response", /"text\/html"/),
  ],
  ...['data: {"choices": [{"delta": {"content": "lo\n\n', event({ choices: "none" }), event("nonsense")].map((
    junk,
  ): [string, Script, Expected] => [
    `what is no chunk is skipped where an end follows: ${junk.trim()}`,
    afterPartialSends(junk + finishEvents()),
    { text: PARTIAL, usage: USAGE },
  ]),
  [
    "what is no chunk, without an end, is provider_bad_response",
    afterPartialSends(event("nonsense")),
    { text: PARTIAL, ...NO_CHUNK },
  ],
  [
    "what comes after the finish changes nothing: junk, an error, and a connection that breaks",
    afterPartial(async (call) => {
      await call.send(event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }));
      await call.send(event("nonsense") + event({ error: { message: "Too late" } }));
      call.break();
    }),
    { text: PARTIAL, finishReason: "stop" },
  ],
  [
    "the code of an error object in the text decides, and the key is left out",
    afterPartialSends(event({ error: { message: `${BOT_KEY} is out of credit`, code: 402 } })),
    { text: PARTIAL, ...failure("provider_refused", /"\[key\] is out of credit"$/, false) },
  ],
  [
    "[DONE] without a finish reason is the end",
    afterPartialSends(event("[DONE]")),
    { text: PARTIAL, finishReason: "stop" },
  ],
  [
    "a provider that hangs after the finish reason is waited for no longer than for its tokens",
    afterPartial(async (call) => {
      await call.send(event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }));
      await call.closed;
    }),
    { text: PARTIAL, finishReason: "stop" },
  ],
  ["an answer without an event is provider_bad_response", (call) => Promise.resolve(call.end()), UNFINISHED],
  [
    "an end after the finish reason, without [DONE], is a success",
    afterPartialSends(event({ choices: [{ index: 0, delta: {}, finish_reason: "length" }] })),
    { text: PARTIAL, finishReason: "length" },
  ],
  [
    "a provider that holds the connection after [DONE] is not waited for",
    afterPartial(async (call) => {
      await call.send(finishEvents());
      await call.closed;
    }),
    { text: PARTIAL, usage: USAGE },
  ],
  [
    "a connection that breaks in the text is provider_bad_response",
    afterPartial((call) => call.break()),
    {
      text: PARTIAL,
      ...failure("provider_bad_response", /broke off/),
    },
  ],
  [
    "a line without an end is provider_bad_response",
    afterPartial(repeats("and on ".repeat(10_000), 0, "data: ") as (call: ProviderCall) => Promise<void>),
    {
      text: PARTIAL,
      ...failure("provider_bad_response", /line .*262144/),
    },
  ],
  ...["error", "cancelled"].map((reason): [string, Script, Expected] => [
    `the finish reason "${reason}" is provider_error`,
    afterPartial((call) => call.finish(reason)),
    { text: PARTIAL, ...failure("provider_error", new RegExp(`"${reason}"$`)) },
  ]),
  ["an answer without text is done, and nothing is stored", answers(), { usage: USAGE }],
];

const FIRST_TOKEN = {
  ...failure("provider_timeout", /no first token .*1000 ms/),
  finishReason: "timeout",
};

/** Each with the worker whose deadline it meets. */
const SILENCES: [title: string, worker: "hasty" | "brief", script: Script, ends: Expected][] = [
  [
    "a provider that hangs before its first token is provider_timeout",
    "hasty",
    repeats(": the model is being loaded\n\n", 100),
    FIRST_TOKEN,
  ],
  [
    "a provider that hangs in the text is provider_timeout",
    "hasty",
    stalls(PARTIAL),
    {
      text: PARTIAL,
      ...failure("provider_timeout", /nothing for 500 ms/),
      finishReason: "timeout",
    },
  ],
  [
    "a provider that never ends is timeout, also while tokens come",
    "brief",
    repeats(tokenEvent("on and on "), 20),
    { ...failure("timeout", /2000 ms/), finishReason: "timeout" },
  ],
];

const run = (script: Script, ends: Expected, worker: "main" | "hasty" | "brief" = "main") => async (on: FaultStack) => {
  await expectEnd(on, await begin(on, script, { worker: on[worker] }), { ...ends });
};

/** Each ends in the right event, with the partial text stored, and leaves the worker as it was. */
export const providerFaults: Scenario[] = [
  ...FAULTS.map(([title, script, ends]) => ({ title, run: run(script, { text: "", ...ends }) })),
  ...SILENCES.map(([title, worker, script, ends]) => ({ title, run: run(script, ends, worker) })),
  {
    title: "a provider that hangs before its headers is provider_timeout",
    async run(on) {
      const begun = await begin(on, on.stack.provider.socket(hangs), { worker: on.hasty });
      await expectEnd(on, begun, { text: "", ...FIRST_TOKEN });
    },
  },
  {
    title: "a provider that hangs up without an answer is asked once",
    async run(on) {
      await expectEnd(on, await begin(on, on.stack.provider.socket(hangsUp)), { text: "", ...HUNG_UP });
    },
  },
  {
    title: "a provider that does not listen is provider_error",
    async run(on) {
      const { reader } = await begin(on, closedPort());
      const { last } = await readToEnd(reader);
      equal([last.code, last.retryable, last.message_id], ["provider_error", true, null]);
    },
  },
  {
    title: "a client that disconnects before the provider answers ends the request",
    async run(on) {
      const { url, reader } = await begin(on, on.stack.provider.socket(hangs));
      await on.stack.provider.called(url);
      await reader.leave();
      await eventually("the request is over", () => on.stack.provider.open(url) === 0);
    },
  },
];
