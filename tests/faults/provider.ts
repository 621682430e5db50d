/** What a provider does wrong, in its answer or in place of it. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { event, finishEvents, type ProviderCall, type Script, tokenEvent } from "../../testkit/provider.ts";
import { startSilentProvider } from "../../testkit/silent_provider.ts";
import { BOT_KEY } from "../../testkit/target.ts";
import { beginStory, expectAlive, type Expected, expectEnd, PARTIAL, type Scenario, USAGE } from "./lab.ts";

interface ProviderFault {
  title: string;
  script: Script;
  ends: Expected;
}

const COMPLETE = { finish_reason: "stop", is_complete: true, usage: USAGE };

function failure(code: string, message: string, retryable = true) {
  return { error: { code, message, retryable } };
}

function refusal(status: number, message: string): Script {
  return () => Response.json({ error: { message } }, { status });
}

/** Sends the partial text, then does what comes next. */
function afterPartial(next: (call: ProviderCall) => void | Promise<void>): Script {
  return async (call) => {
    await call.token(PARTIAL);
    await next(call);
  };
}

function endless(piece: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(piece.repeat(1000));
  return new ReadableStream({ pull: (controller) => controller.enqueue(bytes) }, { highWaterMark: 0 });
}

const FAULTS: ProviderFault[] = [{
  title: "a 401 is provider_auth, without the provider's words",
  script: refusal(401, `Incorrect API key provided: ${BOT_KEY}`),
  ends: failure("provider_auth", "The provider refused the key of this bot with status 401", false),
}, {
  title: "a 403 is provider_auth, without the provider's words",
  script: refusal(403, `The key ${BOT_KEY.slice(0, 12)}… may not`),
  ends: failure("provider_auth", "The provider refused the key of this bot with status 403", false),
}, {
  title: "a 429 is provider_rate_limited",
  script: refusal(429, "Slow down"),
  ends: failure("provider_rate_limited", 'The provider refused the request with status 429: "Slow down"'),
}, {
  title: "a 500 with an HTML page is provider_error, without the page",
  script: () =>
    new Response(`<html><body>${BOT_KEY} Bad gateway</body></html>`, {
      status: 500,
      headers: { "content-type": "text/html" },
    }),
  ends: failure("provider_error", "The provider refused the request with status 500"),
}, {
  title: "a 400 is provider_error, with the message but without the key",
  script: refusal(400, `No model for ${BOT_KEY},\nsays ${BOT_KEY}`),
  ends: failure("provider_error", 'The provider refused the request with status 400: "No model for [key], says [key]"'),
}, {
  title: "an error page without an end is cut off",
  script: () => new Response(endless("<p>Sorry</p>"), { status: 503, headers: { "content-type": "text/html" } }),
  ends: failure("provider_error", "The provider refused the request with status 503"),
}, {
  title: "a 200 with JSON is provider_bad_response",
  script: () => Response.json({ choices: [{ message: { content: "the whole text" } }] }),
  ends: failure("provider_bad_response", 'The provider answered with "application/json", not with an event stream'),
}, {
  title: "a 200 with an HTML page is provider_bad_response",
  script: () => new Response("<h1>Log in</h1>", { headers: { "content-type": "text/html; charset=utf-8" } }),
  ends: failure("provider_bad_response", 'The provider answered with "text/html", not with an event stream'),
}, {
  title: "malformed JSON amid the text is provider_bad_response",
  script: afterPartial(async (call) => {
    await call.send('data: {"choices": [{"delta": {"content": "lo\n\n');
    await call.finish();
  }),
  ends: {
    text: PARTIAL,
    ...failure("provider_bad_response", "The provider sent an event that is not a chat completion chunk"),
  },
}, {
  title: "JSON that is no chunk is provider_bad_response",
  script: afterPartial(async (call) => {
    await call.send(event({ choices: "none" }));
    await call.finish();
  }),
  ends: {
    text: PARTIAL,
    ...failure("provider_bad_response", "The provider sent an event that is not a chat completion chunk"),
  },
}, {
  title: "what is good in a read is streamed, also where the rest is not",
  script: async (call) => {
    await call.send(tokenEvent(PARTIAL) + event("nonsense"));
    await call.finish();
  },
  ends: {
    text: PARTIAL,
    ...failure("provider_bad_response", "The provider sent an event that is not a chat completion chunk"),
  },
}, {
  title: "an error object amid the text is provider_error, without the key",
  script: afterPartial(async (call) => {
    await call.send(event({ error: { message: `${BOT_KEY} is out of credit`, code: 402 } }));
    await call.finish();
  }),
  ends: {
    text: PARTIAL,
    ...failure("provider_error", 'The provider failed in the middle of the stream: "[key] is out of credit"'),
  },
}, {
  title: "an end without a finish reason is provider_bad_response",
  script: afterPartial((call) => call.end()),
  ends: {
    text: PARTIAL,
    ...failure("provider_bad_response", "The provider closed the stream without a finish reason"),
  },
}, {
  title: "[DONE] without a finish reason is provider_bad_response",
  script: afterPartial(async (call) => {
    await call.send(event("[DONE]"));
    call.end();
  }),
  ends: {
    text: PARTIAL,
    ...failure("provider_bad_response", "The provider closed the stream without a finish reason"),
  },
}, {
  title: "an answer without a single event is provider_bad_response",
  script: (call) => Promise.resolve(call.end()),
  ends: failure("provider_bad_response", "The provider closed the stream without a finish reason"),
}, {
  title: "an end after the finish reason, without [DONE], is a success",
  script: afterPartial(async (call) => {
    await call.send(event({ choices: [{ index: 0, delta: {}, finish_reason: "length" }] }));
    call.end();
  }),
  ends: { text: PARTIAL, done: { finish_reason: "length", is_complete: true, usage: null } },
}, {
  title: "a provider that holds the connection after [DONE] is not waited for",
  script: afterPartial(async (call) => {
    await call.send(finishEvents());
    await call.closed;
  }),
  ends: { text: PARTIAL, done: COMPLETE },
}, {
  title: "a connection that breaks amid the text is provider_bad_response",
  script: afterPartial((call) => call.break()),
  ends: {
    text: PARTIAL,
    ...failure("provider_bad_response", "The provider's answer broke off before it was finished"),
  },
}, {
  title: "a line without an end is provider_bad_response",
  script: afterPartial(async (call) => {
    const piece = "and on ".repeat(10_000);
    let over = false;
    call.closed.then(() => over = true);
    await call.send("data: ");
    while (!over) await call.send(piece);
  }),
  ends: {
    text: PARTIAL,
    ...failure("provider_bad_response", "The provider sent a line of more than 1048576 bytes, the limit"),
  },
}, {
  title: 'the finish reason "error" is provider_error',
  script: afterPartial((call) => call.finish("error")),
  ends: { text: PARTIAL, ...failure("provider_error", 'The provider ended with the finish reason "error"') },
}, {
  title: "a finish reason that is the relay's own is provider_error",
  script: afterPartial((call) => call.finish("cancelled")),
  ends: { text: PARTIAL, ...failure("provider_error", 'The provider ended with the finish reason "cancelled"') },
}, {
  title: "an answer without text is done, and nothing is stored",
  script: (call) => call.finish(),
  ends: { text: "", done: COMPLETE },
}];

const redirect: Scenario = {
  title: "a redirect is provider_error and is not followed",
  async run(lab) {
    const { provider } = lab.rig;
    const elsewhere = provider.script((call) => call.finish());
    const url = provider.script(() => Response.redirect(`${elsewhere}/chat/completions`, 302));
    const started = await beginStory(lab, lab.main, url);
    await expectEnd(lab, lab.main, url, started, {
      text: "",
      ...failure("provider_error", "The provider answered with a redirect (status 302), which is not followed"),
    });
    equal(provider.calls(elsewhere), []);
    await expectAlive(lab, lab.main);
  },
};

const refused: Scenario = {
  title: "a provider that does not listen is provider_error",
  async run(lab) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${listener.addr.port}/v1`;
    listener.close();
    const started = await beginStory(lab, lab.main, url);
    await expectEnd(lab, lab.main, null, started, {
      text: "",
      ...failure("provider_error", "Cannot reach the provider"),
    });
    await expectAlive(lab, lab.main);
  },
};

const hungUp: Scenario = {
  title: "a provider that hangs up without an answer is asked once",
  async run(lab) {
    const provider = startSilentProvider({ hangsUp: true });
    const started = await beginStory(lab, lab.main, provider.url);
    await expectEnd(lab, lab.main, null, started, {
      text: "",
      ...failure("provider_error", "Cannot reach the provider"),
    });
    equal(provider.asked(), 1);
    await provider.close();
    await expectAlive(lab, lab.main);
  },
};

const authenticated: Scenario = {
  title: "the provider gets the bot's key, the story and nothing of the user",
  async run(lab) {
    const { provider } = lab.rig;
    const url = provider.script((call) => call.finish());
    const started = await beginStory(lab, lab.main, url);
    await started.rest();
    const [call] = provider.calls(url);
    equal(call.headers.get("authorization"), `Bearer ${BOT_KEY}`);
    const sent = JSON.stringify([[...call.headers], call.body]);
    for (const own of [lab.user.id, lab.user.email, lab.user.token]) {
      equal(sent.includes(own), false);
    }
    match(sent, /heron/);
  },
};

/** Each ends in the right event, with the partial text stored, and leaves the worker as it was. */
export const providerFaults: Scenario[] = [
  ...FAULTS.map(({ title, script, ends }): Scenario => ({
    title,
    async run(lab) {
      const url = lab.rig.provider.script(script);
      const started = await beginStory(lab, lab.main, url);
      await expectEnd(lab, lab.main, url, started, { text: "", ...ends });
      equal(lab.rig.provider.calls(url).length, 1);
      await expectAlive(lab, lab.main);
    },
  })),
  redirect,
  refused,
  hungUp,
  authenticated,
];
