/** How long the relay waits for its database, how long a lease holds, and how much text goes in one call. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import {
  DATABASE_TIMEOUT_MS,
  DONE_WAITS_FOR_STORAGE_MS,
  MAX_CHUNK_UNITS,
  MAX_TITLE_ATTEMPTS,
  MAX_TITLE_CHARACTERS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { TITLE_TASK } from "../../supabase/functions/_relay/generation/memory.ts";
import { newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { answers, waits } from "../../testkit/provider.ts";
import { expectRefusal, readEvents, readToEnd } from "../../testkit/reader.ts";
import { bodyFor, generateSlowly, type Limit } from "./limit_stack.ts";

export const databaseLimits: Limit[] = [{
  title:
    `a call of the database may take ${DATABASE_TIMEOUT_MS} ms, and done waits ${DONE_WAITS_FOR_STORAGE_MS} ms for it`,
  async run(on) {
    const { client, proxy } = on;
    const [held, late] = [await bodyFor(on, answers("Once")), await bodyFor(on, answers("Once"))];
    proxy.intercept((name, { stream_id }) =>
      name === "relay_begin" && stream_id === held.stream_id || name === "relay_finish" && stream_id === late.stream_id
        ? "hold"
        : "pass"
    );
    try {
      const refused = client.ask(held);
      const { last: { message_id, is_complete } } = await client.generate(late);
      equal([message_id, is_complete], [null, true]);
      const response = await refused;
      equal(response.headers.get("retry-after"), "5");
      await expectRefusal(response, 503, "unavailable");
    } finally {
      proxy.intercept();
    }
    const stored = await eventually("the message is stored", () => client.stored(late.stream_id));
    equal(stored.content, "Once");
  },
}, {
  title: `a text is stored in parts of at most ${MAX_CHUNK_UNITS} units`,
  async run(on) {
    const parts: number[] = [];
    on.proxy.intercept((name, { texts, content }) => {
      if (name === "relay_beat") parts.push(...texts.map((text: string) => text.length));
      if (name === "relay_finish") parts.push(content.length);
      return "pass";
    });
    try {
      // A pair stands across the end of the first part, which is then one unit shorter.
      const text = "m".repeat(MAX_CHUNK_UNITS - 1) + "🦊" + "m".repeat(MAX_CHUNK_UNITS) + "end";
      const { streamId } = await generateSlowly(on, text, 40_001);
      equal((await on.client.stored(streamId)).content === text, true);
      equal(parts.reduce((sum, units) => sum + units), text.length);
      ok(parts.every((units) => units <= MAX_CHUNK_UNITS), `${parts}`);
      // Without the limit the text would have gone as a whole, or but for what a beat had taken.
      ok(parts.filter((units) => units > 0).length >= 3, `${parts}`);
    } finally {
      on.proxy.intercept();
    }
  },
}, {
  title: `a title that a bot gives has at most ${MAX_TITLE_CHARACTERS} characters`,
  async run({ stack: { target, provider } }) {
    const words = (most: number) => "fox ".repeat(most / 4 - 1).padEnd(most - 1, "x") + "y";
    for (
      const [given, stored] of [
        [words(MAX_TITLE_CHARACTERS), words(MAX_TITLE_CHARACTERS)],
        [words(MAX_TITLE_CHARACTERS) + "z", "fox ".repeat(MAX_TITLE_CHARACTERS / 4 - 1).trim() + "…"],
        ["x".repeat(MAX_TITLE_CHARACTERS + 1), "x".repeat(MAX_TITLE_CHARACTERS - 1) + "…"],
      ]
    ) {
      const author = await newAuthor(target, provider, answers(given), { titles: true });
      const { start } = await author.generate({ prompt: "Once" });
      const title = async () => (await author.conversation(start.conversation_id)).title;
      await eventually("it has a title", async () => Boolean(await title()));
      equal(await title(), stored);
    }
  },
}, {
  title: `a story is asked for a title at most ${MAX_TITLE_ATTEMPTS} times, as long as it fails`,
  async run({ stack: { target, provider } }) {
    // An answer is a whole one; what is asked for a title says nothing.
    const author = await newAuthor(
      target,
      provider,
      (call) => answers(call.body.messages.at(-1).content.endsWith(TITLE_TASK) ? "" : "Once")(call),
      { titles: true },
    );
    const { start: { conversation_id } } = await author.generate({ prompt: "Begin" });
    const ended = async () => {
      const days: { generations: number }[] = await author.rest("usage_days?select=generations");
      return days.reduce((sum, { generations }) => sum + generations, 0);
    };
    for (let attempt = 1; attempt <= MAX_TITLE_ATTEMPTS; attempt++) {
      await eventually("it is over", async () => await ended() === 2 * attempt);
      await author.generate({ prompt: "On", conversation_id });
    }
    equal(author.calls().length, 2 * MAX_TITLE_ATTEMPTS + 1);
    equal(await ended(), 2 * MAX_TITLE_ATTEMPTS + 1);
  },
}, {
  title: "a generation counts as running as long as its worker beats, and a lease longer",
  async run({ stack, proxy }) {
    const env = { RELAY_MAX_CONCURRENT: "1", RELAY_BEAT_MS: "50", RELAY_LEASE_MS: "4000" };
    const [worker, other] = await Promise.all([
      stack.worker(env, { supabaseUrl: proxy.url }),
      stack.worker({ RELAY_MAX_CONCURRENT: "1" }),
    ]);
    const author = await newAuthor(stack.targetOf([other]), stack.provider, waits);
    let beats = 0;
    const leases = new Set<number>();
    const enough = Promise.withResolvers<void>();
    proxy.intercept((name, { lease_ms }) => {
      if (name !== "relay_beat") return "pass";
      leases.add(lease_ms);
      // Beats are at least 50 ms apart: these take longer than one lease.
      if (++beats === 81) enough.resolve();
      return "pass";
    });
    const reader = await author.open({ prompt: "Once" }, { worker: worker.url });
    await enough.promise;
    proxy.intercept();
    equal([...leases], [4000]);
    await expectRefusal(await author.ask({ prompt: "Once" }), 429, "too_many_streams");
    await worker.kill();
    await reader.rest().catch(() => {});
    const admitted = await eventually("the lease has run out", async () => {
      const response = await author.ask({ prompt: "Once" });
      if (response.status === 200) return readEvents(response);
      await expectRefusal(response, 429, "too_many_streams");
      // Refused starts have a limit of their own, 30 a minute.
      await new Promise((resolve) => setTimeout(resolve, 700));
    });
    const call = await author.called(2);
    await Promise.all([readToEnd(admitted), call.finish()]);
    await other.stop();
  },
}];
