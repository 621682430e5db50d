/** A worker that must end, and one that loses all its clients at once. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { answers, stalls } from "../../testkit/provider.ts";
import { readToEnd } from "../../testkit/reader.ts";
import { begin, botAt, expectAlive, expectEnd, expectQuiet, PARTIAL, PROMPT, type Scenario } from "./fault_stack.ts";

const CROWD = 50;

export const workerFaults: Scenario[] = [{
  title: 'SIGTERM ends a stream with "interrupted", stores its text and exits with code 0',
  async run(on) {
    const begun = await begin(on, stalls(PARTIAL), { worker: await on.worker() });
    await begun.reader.until("token");
    // stop() rejects if the exit code is not 0.
    await Promise.all([
      begun.worker.stop(),
      expectEnd(on, begun, {
        text: PARTIAL,
        error: {
          code: "interrupted",
          message: /its worker ended/,
          retryable: true,
        },
        finishReason: "interrupted",
        status: "interrupted",
      }),
    ]);
  },
}, {
  title: 'what ended with "interrupted" or "timeout" is continued on another worker as one message',
  async run(on) {
    const { stack: { provider }, client, main, brief } = on;
    for (const [reason, worker] of [["interrupted", await on.worker()], ["timeout", brief]] as const) {
      let count = 0;
      const url = provider.script((call) => (++count === 1 ? stalls(PARTIAL) : answers("here", " and there."))(call));
      const bot_id = await botAt(on, url);
      const reader = await client.open({ prompt: PROMPT, bot_id }, { worker: worker.url });
      await reader.untilText(PARTIAL);
      if (reason === "interrupted") await worker.stop();
      const { last } = await readToEnd(reader);
      const old = await client.stored(last.stream_id);
      equal([last.code, old.finish_reason, old.content], [reason, reason, PARTIAL]);
      const { text, last: { stream_id }, events } = await client.generate(
        { continue_of: old.id },
        { worker: main.url },
      );
      equal([text, events[1].id], [`${PARTIAL}here and there.`, String(PARTIAL.length)]);
      const { content, parent_id, is_complete } = await client.stored(stream_id);
      equal([content, parent_id, is_complete], [text, old.parent_id, true]);
    }
    expectQuiet(on, main);
  },
}, {
  title: `${CROWD} clients that disconnect at once close ${CROWD} answers, and each text is kept`,
  async run(on) {
    const { stack: { provider }, client, main } = on;
    const url = provider.script(stalls(PARTIAL));
    const body = { prompt: PROMPT, bot_id: await botAt(on, url) };
    const crowd: { streamId: string; leave: () => Promise<void> }[] = [];
    const join = async () => {
      const reader = await client.open(body, { worker: main.url });
      await reader.untilText(PARTIAL);
      crowd.push({ streamId: reader.response.headers.get("x-stream-id")!, leave: reader.leave });
    };
    // PGlite admits one after the other, and what waits longest must not wait for long.
    while (crowd.length < CROWD) await Promise.all(Array.from({ length: 10 }, join));
    equal(provider.open(url), CROWD);
    await Promise.all(crowd.map(({ leave }) => leave()));
    await eventually("the provider has no open answer", () => provider.open(url) === 0);
    await eventually("each generation has ended", () => {
      const ended = new Set(
        main.lines().filter(({ outcome }) => outcome === "disconnected").map(({ stream_id }) => stream_id),
      );
      return crowd.every(({ streamId }) => ended.has(streamId));
    });
    for (const { streamId } of crowd) {
      const { content, is_complete, finish_reason } = await client.stored(streamId);
      equal([content, is_complete, finish_reason], [PARTIAL, false, "disconnected"]);
    }
    expectQuiet(on, main);
    await expectAlive(on, main);
  },
}];
