/** Every buffer that a provider can make grow. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import {
  MAX_MESSAGE_UNITS,
  MAX_PROVIDER_LINE_BYTES,
  MAX_PROVIDER_SKIPPED_BYTES,
  MAX_REASONING_UNITS,
  MAX_REPEAT_WAIT_S,
  PROVIDER_USAGE_WAIT_MS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { eventually } from "../../testkit/eventually.ts";
import { answers, type Script } from "../../testkit/provider.ts";
import { dataOf, expectRefusal, readToEnd, textOf } from "../../testkit/reader.ts";
import { begin, generateSlowly, type Limit } from "./limit_stack.ts";

/** JSON of this length that begins with these fields. */
function padded(fields: Record<string, unknown>, length: number): string {
  const json = (pad: string) => JSON.stringify({ ...fields, pad });
  return json("x".repeat(length - json("").length));
}

const line = (length: number) => `data: ${padded({ choices: [{ delta: { content: "Once" } }] }, length - 6)}\n\n`;
const SORRY = { error: { message: "Sorry" } };

export const providerLimits: Limit[] = [{
  title:
    `a provider that may be asked again after ${MAX_REPEAT_WAIT_S} s is asked once more, and not one that wants more`,
  async run(on) {
    for (const [wait, wanted] of [[MAX_REPEAT_WAIT_S, "Once"], [MAX_REPEAT_WAIT_S + 1, ""]] as const) {
      let asked = 0;
      const busy = () => Response.json(SORRY, { status: 429, headers: { "retry-after": String(wait) } });
      const script: Script = (call) => asked++ === 0 ? busy() : answers("Once")(call);
      equal((await readToEnd(await begin(on, script))).text, wanted);
      equal(asked, wanted === "" ? 1 : 2);
    }
  },
}, {
  title: `a provider's line may have ${MAX_PROVIDER_LINE_BYTES} bytes`,
  async run(on) {
    const sends = (length: number): Script => async (call) => {
      await call.send(line(length));
      await call.finish();
    };
    const { text, end } = await readToEnd(await begin(on, sends(MAX_PROVIDER_LINE_BYTES)));
    equal([text, end], ["Once", "done"]);
    const { last: { code, message } } = await readToEnd(await begin(on, sends(MAX_PROVIDER_LINE_BYTES + 1)));
    equal(code, "provider_bad_response");
    ok(message.includes(`${MAX_PROVIDER_LINE_BYTES} bytes`), message);
  },
}, {
  title: `a provider's line without text is skipped up to ${MAX_PROVIDER_SKIPPED_BYTES} bytes`,
  async run(on) {
    const sends = (length: number): Script => async (call) => {
      await call.send(`data: ${padded({ choices: [] }, length - 6)}\n\n${line(100)}`);
      await call.finish();
    };
    const { text, end } = await readToEnd(await begin(on, sends(MAX_PROVIDER_SKIPPED_BYTES)));
    equal([text, end], ["Once", "done"]);
    const { last: { code } } = await readToEnd(await begin(on, sends(MAX_PROVIDER_SKIPPED_BYTES + 1)));
    equal(code, "provider_bad_response");
  },
}, {
  title: `reasoning may have ${MAX_REASONING_UNITS} UTF-16 units`,
  async run(on) {
    const thought = (length: number) =>
      `data: ${JSON.stringify({ choices: [{ delta: { reasoning: "r".repeat(length) } }] })}\n\n`;
    const sends = (more: number): Script => async (call) => {
      for (let part = 0; part < 16; part++) await call.send(thought(MAX_REASONING_UNITS / 16));
      if (more > 0) await call.send(thought(more));
      await call.send(line(100));
      await call.finish();
    };
    const { text, end } = await readToEnd(await begin(on, sends(0)));
    equal([text, end], ["Once", "done"]);
    const { last: { code, message } } = await readToEnd(await begin(on, sends(1)));
    equal([code, message.includes(`${MAX_REASONING_UNITS}`)], ["provider_bad_response", true]);
  },
}, {
  title: `a provider that has finished may take ${PROVIDER_USAGE_WAIT_MS} ms for its tokens`,
  async run(on) {
    const script: Script = async (call) => {
      await call.send('data: {"choices":[{"delta":{"content":"Once"},"finish_reason":"stop"}]}\n\n');
      await call.closed;
    };
    const { text, end, last } = await readToEnd(await begin(on, script));
    equal([text, end, last.usage], ["Once", "done", null]);
  },
}, {
  title: `a message may have ${MAX_MESSAGE_UNITS} UTF-16 units`,
  async run(on) {
    for (const units of [MAX_MESSAGE_UNITS, MAX_MESSAGE_UNITS + 1]) {
      const { streamId, events } = await generateSlowly(
        on,
        "m".repeat(units),
        MAX_MESSAGE_UNITS / 16,
        MAX_MESSAGE_UNITS,
      );
      const isWhole = units === MAX_MESSAGE_UNITS;
      const text = textOf(events);
      equal(text.length, MAX_MESSAGE_UNITS);
      if (isWhole) {
        equal(dataOf(events, "done").is_complete, true);
      } else {
        const { code, message } = dataOf(events, "error");
        equal([code, message.includes(`${MAX_MESSAGE_UNITS}`)], ["provider_bad_response", true]);
      }
      const { id, content, is_complete } = await eventually("it is stored", () => on.client.stored(streamId));
      equal([content === text, is_complete], [true, isWhole]);
      const response = await on.client.ask({ continue_of: id });
      const { issues: [{ message }] } = await expectRefusal(response, 400, "invalid_request");
      equal(message.includes(`less than ${MAX_MESSAGE_UNITS}`), true);
    }
  },
}];
