/** Titles: what a bot gives to a story that has none, in the background. */

import { TITLE_TASK } from "../../supabase/functions/_relay/generation/memory.ts";
import { MAX_TITLE_TEXT_CHARACTERS } from "../../supabase/functions/_relay/protocol/limits.ts";
import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import type { Target } from "../../testkit/people.ts";
import { answers, refuses, type Script, type ScriptedProvider } from "../../testkit/provider.ts";
import type { Scenario } from "./scenario.ts";

/** An author whose bot gives titles; the script plays what is asked for one. */
async function givenAuthor(target: Target, provider: ScriptedProvider, title: Script) {
  const isTask = ({ body }: { body: { messages: { content: string }[] } }) =>
    body.messages.at(-1)!.content.endsWith(TITLE_TASK);
  const script: Script = (call) => (isTask(call) ? title : answers("Once.".padEnd(3_000, ".")))(call);
  const author = await newAuthor(target, provider, script, { titles: true });
  const titleOf = async (id: string) => (await author.conversation(id)).title;
  /** Generations that have ended. */
  const counted = async () => {
    const days: { generations: number }[] = await author.rest("usage_days?select=generations");
    return days.reduce((sum, { generations }) => sum + generations, 0);
  };
  return { ...author, titleOf, counted, tasks: () => author.calls().filter(isTask) };
}

export const titles: Scenario[] = [{
  title: "a story without a title is given one after its first answer, of two texts, and its tokens are counted",
  async run(target, provider) {
    const { titleOf, tasks, ...author } = await givenAuthor(target, provider, answers('"The Fox', ' and Her Coat."'));
    const { start: { conversation_id } } = await author.generate({ prompt: "A fox".padEnd(3_000, "!") });
    await eventually("the title is there", async () => await titleOf(conversation_id) === "The Fox and Her Coat");
    const [prompt, answer] = tasks()[0].body.messages.filter(({ role }: { role: string }) => role !== "system");
    equal([prompt.content, answer.content].map((text) => text.length), Array(2).fill(MAX_TITLE_TEXT_CHARACTERS));
    equal(await author.counted(), 2);
    await author.generate({ prompt: "Go on", conversation_id });
    equal([tasks().length, (await author.messages(conversation_id)).length], [1, 4]);
  },
}, {
  title:
    "a title that the user sets first is kept, and one that fails leaves the answer unchanged and comes with the next",
  async run(target, provider) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const named = await givenAuthor(target, provider, async (call) => {
      await promise;
      await call.token("Theirs");
      await call.finish();
    });
    const { start: { conversation_id } } = await named.generate({ prompt: "A fox" });
    await eventually("it is asked for", () => named.tasks().length === 1);
    await named.rest(`conversations?id=eq.${conversation_id}`, { method: "PATCH", body: { title: "Mine" } });
    resolve();
    await eventually("it has ended", async () => await named.counted() === 2);
    equal(await named.titleOf(conversation_id), "Mine");

    let isDown = true;
    const no = refuses(500, { error: { message: "No" } });
    const failing = await givenAuthor(target, provider, (call) => (isDown ? no : answers("The Fox"))(call));
    const { start, end } = await failing.generate({ prompt: "A fox" });
    await eventually("it has ended", async () => await failing.counted() === 2);
    equal([end, (await failing.titleOf(start.conversation_id)) ?? "", failing.tasks().length], ["done", "", 1]);
    isDown = false;
    await failing.generate({ prompt: "On", conversation_id: start.conversation_id });
    await eventually("it has one", async () => await failing.titleOf(start.conversation_id) === "The Fox");
    equal(failing.tasks().length, 2);
  },
}];
