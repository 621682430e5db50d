/** What a provider may send. */

import { deepStrictEqual as equal } from "node:assert/strict";
import {
  MAX_MESSAGE_UNITS,
  MAX_PROVIDER_ERROR_BYTES,
  MAX_PROVIDER_LINE_BYTES,
  MAX_PROVIDER_MESSAGE_CHARACTERS,
  PROVIDER_ERROR_READ_MS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { eventually } from "../../testkit/eventually.ts";
import type { Script } from "../../testkit/provider.ts";
import { dataOf, type StoryEvent, textOf } from "../../testkit/reader.ts";
import { storedMessage } from "../../testkit/target.ts";
import { type Bench, type Limit, tell } from "./bench.ts";

/** The message of the error event that the script leads to. */
async function failure(bench: Bench, script: Script) {
  const events = await (await tell(bench, script)).rest();
  const { code, message } = dataOf(events, "error");
  return { code, message };
}

/** A line of the event stream with so many characters, which says "Once". */
function line(length: number): string {
  const chunk = (pad: string) => `data: ${JSON.stringify({ choices: [{ delta: { content: "Once" } }], pad })}`;
  return chunk("x".repeat(length - chunk("").length));
}

/** An error's body of so many bytes, whose message is "Sorry". */
function page(bytes: number): string {
  const body = (pad: string) => JSON.stringify({ error: { message: "Sorry" }, pad });
  return body("x".repeat(bytes - body("").length));
}

function refusal(body: BodyInit): Script {
  return () => new Response(body, { status: 500, headers: { "content-type": "application/json" } });
}

/** A provider that says so many units, as fast as the client reads them: a faster one would lose its client. */
async function say(bench: Bench, units: number) {
  let length = 0;
  let read = Promise.withResolvers<void>();
  const started = await tell(bench, async (call) => {
    for (let sent = 0; sent < units;) {
      const piece = Math.min(512 * 1024, units - sent);
      await call.token("m".repeat(piece));
      sent += piece;
      while (length < Math.min(sent, MAX_MESSAGE_UNITS)) await read.promise;
    }
    await call.finish();
  });
  const events: StoryEvent[] = [];
  for (;;) {
    const event = await started.stream.next();
    if (event === undefined) break;
    events.push(event);
    if (event.event === "token") length += event.data.length;
    read.resolve();
    read = Promise.withResolvers();
  }
  return { streamId: started.streamId, events };
}

const REFUSED = "The provider refused the request with status 500";

/** Every buffer that a provider can make grow. */
export const providerLimits: Limit[] = [{
  reaches: ["MAX_PROVIDER_LINE_BYTES"],
  title: `a provider's line may have ${MAX_PROVIDER_LINE_BYTES} characters`,
  async run(bench) {
    const sends = (length: number): Script => async (call) => {
      await call.send(`${line(length)}\n\n`);
      await call.finish();
    };
    const started = await tell(bench, sends(MAX_PROVIDER_LINE_BYTES));
    equal(textOf(await started.rest()), "Once");
    equal(dataOf(started.events, "done").finish_reason, "stop");
    equal(await failure(bench, sends(MAX_PROVIDER_LINE_BYTES + 1)), {
      code: "provider_bad_response",
      message: `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`,
    });
  },
}, {
  reaches: ["MAX_MESSAGE_UNITS"],
  title: `a message may have ${MAX_MESSAGE_UNITS} UTF-16 units`,
  async run(bench) {
    const { rig, user } = bench;
    const whole = await say(bench, MAX_MESSAGE_UNITS);
    equal(textOf(whole.events).length, MAX_MESSAGE_UNITS);
    equal(dataOf(whole.events, "done").is_complete, true);

    const over = await say(bench, MAX_MESSAGE_UNITS + 1);
    const text = textOf(over.events);
    equal(text.length, MAX_MESSAGE_UNITS);
    const { code, message } = dataOf(over.events, "error");
    equal({ code, message }, {
      code: "provider_bad_response",
      message: `The provider sent a text of more than ${MAX_MESSAGE_UNITS} UTF-16 units, the limit`,
    });
    for (const [{ streamId }, is_complete] of [[whole, true], [over, false]] as const) {
      const stored = await eventually("the message is stored", () => storedMessage(rig.target, user, streamId));
      equal(stored.content === text, true);
      equal(stored.is_complete, is_complete);
    }
  },
}, {
  reaches: ["MAX_PROVIDER_ERROR_BYTES"],
  title: `of a provider's error ${MAX_PROVIDER_ERROR_BYTES} bytes are read`,
  async run(bench) {
    equal(await failure(bench, refusal(page(MAX_PROVIDER_ERROR_BYTES))), {
      code: "provider_error",
      message: `${REFUSED}: "Sorry"`,
    });
    // What was cut is no JSON any more, so nothing of it is understood.
    equal(await failure(bench, refusal(page(MAX_PROVIDER_ERROR_BYTES + 1))), {
      code: "provider_error",
      message: REFUSED,
    });
  },
}, {
  reaches: ["MAX_PROVIDER_MESSAGE_CHARACTERS"],
  title: `of a provider's message ${MAX_PROVIDER_MESSAGE_CHARACTERS} characters are passed on`,
  async run(bench) {
    const says = (message: string) => refusal(JSON.stringify({ error: { message } }));
    const words = "w".repeat(MAX_PROVIDER_MESSAGE_CHARACTERS);
    for (const said of [words, `${words}!`]) {
      equal(await failure(bench, says(said)), { code: "provider_error", message: `${REFUSED}: "${words}"` });
    }
  },
}];

/** Takes as long as it says. */
export const slowProviderLimits: Limit[] = [{
  reaches: ["PROVIDER_ERROR_READ_MS"],
  title: `a provider's error is read for ${PROVIDER_ERROR_READ_MS} ms`,
  async run(bench) {
    const hangs = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(page(1000).slice(0, -1))),
    });
    equal(await failure(bench, refusal(hangs)), { code: "provider_error", message: REFUSED });
  },
}];
