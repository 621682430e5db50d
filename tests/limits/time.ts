/** How long things may take. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Script } from "../../testkit/provider.ts";
import { dataOf, textOf } from "../../testkit/reader.ts";
import { type Bench, type Limit, tell } from "./bench.ts";

/** The error event that a script leads to on the quick worker. */
async function failure(bench: Bench, script: Script) {
  const started = await tell(bench, script, { worker: bench.quick });
  const { code, message } = dataOf(await started.rest(), "error");
  return { code, message, text: textOf(started.events) };
}

/** The deadlines of a generation; they run side by side. */
export const deadlines: Limit[] = [{
  reaches: ["RELAY_FIRST_TOKEN_TIMEOUT_MS"],
  title: "a provider may take so long to its first token",
  async run(bench) {
    const failed = await failure(bench, (call) => call.closed);
    equal(failed, { code: "provider_timeout", message: "The provider sent no first token within 1000 ms", text: "" });
  },
}, {
  reaches: ["RELAY_IDLE_TIMEOUT_MS"],
  title: "a provider may be silent for so long between two tokens",
  async run(bench) {
    const failed = await failure(bench, async (call) => {
      await call.token("Once");
      await call.closed;
    });
    equal(failed, { code: "provider_timeout", message: "The provider sent nothing for 1000 ms", text: "Once" });
  },
}, {
  reaches: ["RELAY_TIMEOUT_MS"],
  title: "a generation may take so long in all",
  async run(bench) {
    const { text, ...failed } = await failure(bench, async (call) => {
      let over = false;
      call.closed.then(() => over = true);
      while (!over) {
        await call.token("on ");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    equal(failed, { code: "timeout", message: "The generation took longer than 3000 ms, the limit" });
    ok(text.startsWith("on on "));
  },
}];

/** What is sent while nothing is. */
export const pings: Limit[] = [{
  reaches: ["RELAY_PING_MS"],
  title: "a ping is sent after so long a silence, before the first token and between two",
  async run(bench) {
    const heard = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const started = await tell(bench, async (call) => {
      await heard[0].promise;
      await call.token("Once ");
      await heard[1].promise;
      await call.token("upon");
      await call.finish();
    }, { worker: bench.quick });
    const before = await started.until("ping");
    before.push(...await started.until("ping"));
    heard[0].resolve();
    await started.until("token");
    await started.until("ping");
    heard[1].resolve();
    await started.rest();
    equal(before.map(({ event }) => event), ["start", "ping", "ping"]);
    const { events } = started;
    for (const ping of events.filter(({ event }) => event === "ping")) {
      equal([ping.data, ping.id], ["{}", before[1].id]);
    }
    equal(textOf(events), "Once upon");
    equal(dataOf(events, "done").is_complete, true);
  },
}];
