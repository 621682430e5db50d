/** Clients that go away, many at once. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { begin, type Started } from "../../testkit/rig.ts";
import { startSilentProvider } from "../../testkit/silent_provider.ts";
import { textOf } from "../../testkit/reader.ts";
import { makeBot, storedMessage } from "../../testkit/target.ts";
import { beginStory, expectAlive, expectQuiet, logOf, PARTIAL, PROMPT, type Scenario } from "./lab.ts";

const CROWD = 50;

/** A disconnect must neither end the worker nor leave a provider streaming. */
export const clients: Scenario[] = [{
  title: "a client that leaves stops its generation and keeps the text",
  async run(lab) {
    const url = lab.rig.provider.script(async (call) => {
      await call.token(PARTIAL);
      await call.closed;
    });
    const started = await beginStory(lab, lab.main, url);
    await started.until("token");
    await started.stream.leave();
    await eventually("the provider has no open answer", () => lab.rig.provider.open(url) === 0);
    const stored = await eventually(
      "the partial text is stored",
      () => storedMessage(lab.rig.target, lab.user, started.streamId),
    );
    const { content, is_complete, finish_reason } = stored;
    equal({ content, is_complete, finish_reason }, {
      content: PARTIAL,
      is_complete: false,
      finish_reason: "disconnected",
    });
    await expectAlive(lab, lab.main);
  },
}, {
  title: "a client that leaves before the provider answers stops its request",
  async run(lab) {
    const provider = startSilentProvider();
    const started = await beginStory(lab, lab.main, provider.url);
    await started.until("start");
    await eventually("the provider is asked", () => provider.open() === 1);
    await started.stream.leave();
    await eventually("the request is over", () => provider.open() === 0);
    await provider.close();
    await expectAlive(lab, lab.main);
  },
}, {
  title: `${CROWD} clients that leave at once close ${CROWD} answers`,
  async run(lab) {
    const { provider, target } = lab.rig;
    const url = provider.script(async (call) => {
      await call.token(PARTIAL);
      await call.closed;
    });
    const bot_id = await makeBot(target, lab.user, url);
    const join = async () => {
      const started = await begin(lab.rig, lab.main, lab.user, url, { prompt: PROMPT, bot_id });
      equal(textOf(await started.until("token")), PARTIAL);
      return started;
    };
    // PGlite admits one after the other, and what waits longest must not wait for long.
    const crowd: Started[] = [];
    while (crowd.length < CROWD) {
      crowd.push(...await Promise.all(Array.from({ length: 10 }, join)));
    }
    equal(provider.open(url), CROWD);
    await Promise.all(crowd.map(({ stream }) => stream.leave()));
    await eventually("the provider has no open answer", () => provider.open(url) === 0);
    const ids = new Set(crowd.map(({ streamId }) => streamId));
    await eventually(
      "each generation has ended",
      () =>
        logOf(lab.main).filter((line) =>
          line.event === "generation_finished" &&
          line.outcome === "disconnected" && ids.has(`${line.stream_id}`)
        ).length === CROWD,
    );
    for (const { streamId } of crowd) {
      const stored = await storedMessage(target, lab.user, streamId);
      equal([stored?.content, stored?.finish_reason], [PARTIAL, "disconnected"]);
    }
    expectQuiet(lab, lab.main);
    await expectAlive(lab, lab.main);
  },
}];
