/// <reference lib="deno.ns" />
import { deepStrictEqual as equal } from "node:assert/strict";
import { signal } from "@preact/signals";
import { type Answer, makeLab, makeStream, say, silence } from "../../client/testing/fake_relay.ts";
import { createLiveGeneration } from "./live_generation.ts";
import { createTree } from "./tree.ts";

/** A generation of an empty conversation, before a fake relay. */
function makeLive(answers: Answer[], isRead = true) {
  const { client, clock } = makeLab(answers, { retry: { attempts: 0 } });
  const live = createLiveGeneration(client, {
    ...{ id: signal("c1"), tree: signal(createTree([])), leafId: signal(null), draft: signal("") },
    onBegin() {},
    reload: () => Promise.resolve(isRead),
  });
  live.send("Tell me", null);
  return { live, clock };
}

Deno.test("an answer that is lost while it is stopped is over, although the cancel fails later", async () => {
  const stream = makeStream(say.start + say.token("Once", 4));
  const { live, clock } = makeLive([stream.answer, silence]);
  await clock.run(0);
  const stopped = live.stop();
  await clock.run(0);
  equal(live.status.value, "stopping");
  stream.break();
  await clock.run(15_000);
  await stopped;
  equal([live.status.value, live.error.value?.title], ["idle", "Could not reach the relay."]);
});

Deno.test("a prompt stays on the page until it is among the messages", async () => {
  for (const [isRead, shown] of [[true, null], [false, "Tell me"]] as const) {
    const { live, clock } = makeLive([makeStream(say.start).answer], isRead);
    await clock.run(0);
    equal([live.status.value, live.prompt.value], ["waiting", shown]);
    live.detach();
  }
});
