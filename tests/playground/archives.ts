/// <reference lib="dom" />
/** Stories as files. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Archive } from "../../playground/story/archive.ts";
import { becomes } from "../../testkit/eventually.ts";
import { insert, makeBot, rest } from "../../testkit/people.ts";
import { answers } from "../../testkit/provider.ts";
import { pageTest, stack } from "./setup.ts";
import type { Visitor } from "./visitor.ts";

/** The file that an item of the story's menu gives. */
async function save({ page, button }: Visitor, item: string) {
  await button("Story menu").click();
  const [download] = await Promise.all([page.waitForEvent("download"), button(item).click()]);
  return { name: download.suggestedFilename(), text: await Deno.readTextFile(await download.path()) };
}

/** The tree without ids, which an import replaces. */
function shapeOf(text: string) {
  const { messages, active_message_id, ...story } = JSON.parse(text) as Archive;
  const place = (id: string | null) => messages.findIndex((message) => message.id === id);
  return {
    ...story,
    active: place(active_message_id),
    messages: messages.map(({ id: _, parent_id, ...message }) => ({ ...message, parent: place(parent_id) })),
  };
}

pageTest("a story is exported and imported with all that it has", async (visit) => {
  const { visitor, page, button, user, call, exchange } = visit;
  await makeBot(stack.target, user, stack.provider.script(answers("I am the crow.")), { name: "Crow" });
  await page.reload();
  await page.locator(".bot-choice select").selectOption({ label: "Storyteller" });
  await exchange("A fox 🦊", "Red.\n\n    code");
  await visitor.send("And then?");
  await (await call(2)).token("Away");
  await visitor.shows("A fox 🦊", "Red.\n\ncode", "And then?", "Away");
  await visitor.composer.press("Escape");
  await page.locator(".ending").getByText("Stopped").waitFor();
  await button("Answer as…").nth(2).click();
  await button("Crow").click();
  await visitor.idle();
  await page.getByText("2/2").waitFor();
  const [first] = await rest(stack.target, user, "messages?select=id&content=like.Red*");
  const memory = { message_id: first.id, user_id: user.id, content: "A red fox." };
  await insert(stack.target, user, "memories", memory, "message_id");
  await page.reload();
  await button("Memory of the story up to here").waitFor();

  const markdown = await save(visitor, "Export as Markdown");
  equal(markdown.name, "A-fox.md");
  equal(markdown.text, "# A fox 🦊\n\n> A fox 🦊\n\nRed.\n\n    code\n\n> And then?\n\nI am the crow.\n");
  const { text } = await save(visitor, "Export as JSON");
  const shape = shapeOf(text);
  equal(shape.messages.map(({ memory }) => memory), [null, "A red fox.", null, null, null]);
  equal(shape.messages.map(({ bot }) => bot?.name ?? null), [null, "Storyteller", null, "Storyteller", "Crow"]);
  ok(!text.includes("sk-"));

  const take = async (name: string, text: string) => {
    await button("Import a story").click();
    const file = { name, mimeType: "application/json", buffer: Buffer.from(text) };
    await page.getByLabel("A story that was exported").setInputFiles(file);
    await button("Import").click();
  };
  const before = page.url();
  await take("story.json", text);
  await page.waitForFunction((before) => location.href !== before, before);
  await visitor.shows("A fox 🦊", "Red.\n\ncode", "And then?", "I am the crow.");
  equal(shapeOf((await save(visitor, "Export as JSON")).text), shape);
  // The same file becomes another story.
  const second = page.url();
  await take("story.json", text);
  await page.waitForFunction((before) => location.href !== before, second);
  await visitor.shows("A fox 🦊", "Red.\n\ncode", "And then?", "I am the crow.");
  equal(shapeOf((await save(visitor, "Export as JSON")).text), shape);
  await becomes(async () => (await rest(stack.target, user, "conversations?select=id")).length, 3);

  await take("wrong.json", text.replace('"author": "bot"', '"author": "someone"'));
  await page.getByRole("alert").getByText('messages[1].author must be "user" or "bot"').waitFor();
  await button("Cancel").click();
  await page.waitForFunction(() => document.activeElement?.textContent === "Import a story");
});

pageTest("an export while an answer is written has the text so far", async ({ visitor, call }) => {
  await visitor.send("A fox");
  const answer = await call(1);
  await answer.token("Red");
  await visitor.shows("A fox", "Red");
  equal((await save(visitor, "Export as Markdown")).text, "# A fox\n\n> A fox\n\nRed\n");
  const { messages, active } = shapeOf((await save(visitor, "Export as JSON")).text);
  equal(messages.map(({ content, parent, finish_reason }) => [content, parent, finish_reason]), [
    ["A fox", -1, null],
    ["Red", 0, "interrupted"],
  ]);
  equal(active, 1);
  await answer.finish();
  await visitor.idle();
  equal(shapeOf((await save(visitor, "Export as JSON")).text).messages.at(-1)?.finish_reason, "stop");
});
