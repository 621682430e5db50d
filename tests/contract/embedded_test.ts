import { strictEqual as equal } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { makeBigintFolder } from "../../testkit/pglite.ts";
import { answers } from "../../testkit/provider.ts";
import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";
import { scenarios } from "./scenarios.ts";

let folder = "";
const stacks: Record<string, Stack> = {};

Deno.test.beforeAll(async () => {
  folder = await makeBigintFolder();
  // Two runs for two kinds of ids and two ways to the provider.
  [stacks.uuid, stacks.bigint] = await Promise.all([
    startStack({ env: SCENARIO_ENV }),
    startStack({ env: { ...SCENARIO_ENV, RELAY_TRANSPORT: "fetch" }, flags: ["--data", folder] }),
  ]);
});
Deno.test.afterAll(async () => {
  for (const stack of Object.values(stacks)) await stack.stop();
  await Deno.remove(folder, { recursive: true });
});

for (const ids of ["uuid", "bigint"]) {
  for (const { title, run, needsLog } of scenarios) {
    if (needsLog) continue;
    const fn = () => run(stacks[ids].target, stacks[ids].provider);
    Deno.test({ name: `embedded, ids are ${ids}: ${title}`, timeout: 60_000, fn });
  }

  Deno.test(`embedded, ids are ${ids}: ids are taken as numbers and as strings, and sent as the database has them`, async () => {
    const { target, provider } = stacks[ids];
    const author = await newAuthor(target, provider, answers("Once"));
    const type = ids === "uuid" ? "string" : "number";
    const first = await author.generate({ prompt: "A story", bot_id: author.botId });
    const { conversation_id, bot_id, user_message_id, parent_id } = first.start;
    for (const id of [conversation_id, bot_id, user_message_id, parent_id, first.last.message_id]) {
      equal(typeof id, type);
    }
    const second = await author.generate({
      prompt: "And then?",
      conversation_id: String(conversation_id),
      bot_id: String(bot_id),
      parent_id: String(first.last.message_id),
    });
    equal(second.start.conversation_id, conversation_id);
    const { stream_id, ...start } = second.start;
    const replayed = await author.replay(stream_id);
    equal(JSON.stringify(replayed.start), JSON.stringify({ stream_id, ...start }));
    equal(replayed.last.message_id, second.last.message_id);
    for (const wrong of ["no id", 7e15, "99999999999999999999"]) {
      equal((await author.ask({ prompt: "Hi", conversation_id: wrong })).status, 404);
      equal((await author.ask({ prompt: "Hi", bot_id: wrong })).status, 404);
    }
  });
}
