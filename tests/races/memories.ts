/** A memory whose worker dies, and titles that two workers would begin at once. */

import { MEMORY_TASK, TITLE_TASK } from "../../supabase/functions/_relay/generation/memory.ts";
import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { answers, type Script, waits } from "../../testkit/provider.ts";
import { expire, type WorkerRaceTest } from "./worker_race.ts";

export const memories: WorkerRaceTest[] = [{
  title: "a memory whose worker is killed leaves nothing, and another worker writes it after the next answer",
  env: { RELAY_LEASE_MS: "600000" },
  async run(race) {
    const { target, workers, provider, look } = race;
    const [, worker] = target.workers;
    // An answer is as long as its prompt says; the test plays the memories.
    const script: Script = (call) => {
      const said: string = call.body.messages.at(-1).content;
      return said.endsWith(MEMORY_TASK) ? waits(call) : answers(".".repeat(Number(said)))(call);
    };
    const bot = { context_tokens: 1_000, reply_tokens: 100, memory: true };
    const author = await newAuthor(target, provider, script, bot);
    const memories = () => author.rest("memories?select=content");
    const { conversation_id } = (await author.generate({ prompt: "300" })).start;
    await author.generate({ prompt: "1400", conversation_id });
    const call = await author.called(3);
    await call.token("They ");
    const [{ stream_id }] = await eventually("its beginning is stored", async () => {
      const rows = await look<{ stream_id: string }>(
        "select stream_id from relay.generations where user_id = $1 and kind = 'memory' and text_units > 0",
        author.user.id,
      );
      return rows.length > 0 && rows;
    });
    await workers[0].kill();
    await call.closed;
    await expire(race, stream_id);

    equal((await author.generate({ prompt: "10", conversation_id }, { worker })).end, "done");
    const again = await author.called(5);
    equal(await memories(), []);
    equal(await look("select from relay.chunks where stream_id = $1", stream_id), []);
    await answers("They met.")(again);
    await eventually("the memory is there", async () => (await memories()).length === 1);
    equal(await memories(), [{ content: "They met." }]);
    const rows = await look<{ status: string }>(
      "select status from relay.generations where user_id = $1 and kind = 'memory' order by started_at",
      author.user.id,
    );
    equal(rows.map(({ status }) => status), ["interrupted", "completed"]);
  },
}, {
  title: "two answers of a story that end at the same time start one title",
  async run({ target, provider, look }) {
    const script: Script = (call) =>
      call.body.messages.at(-1).content.endsWith(TITLE_TASK) ? answers("The Fox")(call) : waits(call);
    const author = await newAuthor(target, provider, script, { titles: true });
    const conversation_id = await author.insert("conversations", { bot_id: author.botId });
    const add = (content: string) =>
      author.insert("messages", { conversation_id, parent_id: null, content, is_user_author: true });
    const streams = [];
    for (const [index, answer_to] of [await add("A fox"), await add("A dog")].entries()) {
      streams.push(await author.open({ answer_to }, { worker: target.workers[index] }));
    }
    const calls = [await author.called(1), await author.called(2)];
    await Promise.all(calls.map((call) => answers("Once.")(call)));
    const title = async () => (await author.conversation(conversation_id)).title;
    await eventually("the title is there", async () => await title() === "The Fox");
    const rows = await look<{ status: string }>(
      "select status from relay.generations where user_id = $1 order by kind",
      author.user.id,
    );
    equal(rows.map(({ status }) => status), ["completed", "completed", "completed"]);
    await Promise.all(streams.map((stream) => stream.leave()));
  },
}];
