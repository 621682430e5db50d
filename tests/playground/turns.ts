/// <reference lib="dom" />
/** Answers without a prompt, one voice at a time on two devices, what is sent and what is left out. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { becomes } from "../../testkit/eventually.ts";
import { insert, makeBot, rest } from "../../testkit/people.ts";
import { answers } from "../../testkit/provider.ts";
import { onOtherDevice, pageTest, stack, type Visit } from "./setup.ts";

const said = (content: string) => ({ role: "user", content });
const answered = (content: string) => ({ role: "assistant", content });

/** The user's one bot, changed through the Data API; the page reads it again. */
async function changeBot({ visitor, user }: Pick<Visit, "visitor" | "user">, fields: Record<string, unknown>) {
  const [{ id }] = await rest(stack.target, user, "bots?select=id");
  await rest(stack.target, user, `bots?id=eq.${id}`, { method: "PATCH", body: fields });
  await visitor.page.reload();
  await visitor.composer.waitFor();
}

pageTest("what was stopped ends where it was shown, and is continued as one message", async (visit) => {
  const { visitor, page, button, user, call } = visit;
  await visitor.send("A sea story");
  const first = await call(1);
  await page.getByText("Waiting for the answer").waitFor();
  await first.token("Once upon a ");
  await visitor.shows("A sea story", "Once upon a ");
  await visitor.composer.press("Escape");
  // On its way when the page asked to stop.
  await first.token("moon");
  await page.locator(".ending").getByText("Stopped").waitFor();
  await visitor.shows("A sea story", "Once upon a ");
  const path = "messages?select=content,finish_reason&is_user_author=is.false&order=created_at";
  await becomes(() => rest(stack.target, user, path), [{ content: "Once upon a ", finish_reason: "cancelled" }]);

  await button("Continue").click();
  const second = await call(2);
  equal(second.body.messages.slice(0, 2), [said("A sea story"), answered("Once upon a")]);
  await second.token("time");
  await visitor.shows("A sea story", "Once upon a time");
  await second.finish("length");
  await page.locator(".ending").getByText("Reached the length limit").waitFor();
  await button("Continue").click();
  const third = await call(3);
  await third.token(".");
  await third.finish();
  await visitor.idle();
  await visitor.shows("A sea story", "Once upon a time.");
  await page.getByText("3/3").waitFor();
  await becomes(() => button("Continue").count(), 0);
  await button("Previous version").click();
  await visitor.shows("A sea story", "Once upon a time");
  equal((await rest(stack.target, user, path)).map(({ content }: { content: string }) => content), [
    "Once upon a ",
    "Once upon a time",
    "Once upon a time.",
  ]);
});

pageTest("a model that adds nothing to an answer leaves it as it is, and the page says so", async (visit) => {
  const { visitor, call } = visit;
  await visitor.send("A sea story");
  const first = await call(1);
  await first.token("The end.");
  await first.finish("length");
  await visitor.button("Continue").click();
  await (await call(2)).finish();
  await visitor.page.getByText("Nothing was added").waitFor();
  await visitor.shows("A sea story", "The end.");
  await visitor.send("Another");
  equal((await call(3)).body.messages.slice(1), [answered("The end."), said("Another")]);
  await becomes(() => visitor.page.getByText("Nothing was added").count(), 0);
});

pageTest("another bot takes its turn after an answer, and answers a prompt in its own way", async (visit) => {
  const { visitor, page, button, user, exchange } = visit;
  const crow = stack.provider.script(answers("I am the crow."));
  await makeBot(stack.target, user, crow, { name: "Crow" });
  await page.reload();
  await page.getByRole("combobox").selectOption({ label: "Storyteller" });
  await exchange("Who is there?", "I am the fox.");
  await button("Answer as…").last().click();
  await button("Crow").click();
  await visitor.shows("Who is there?", "I am the fox.", "I am the crow.");
  await visitor.idle();
  equal(stack.provider.calls(crow)[0].body.messages, [said("Who is there?\n\nStoryteller: I am the fox.")]);
  await button("Answer as…").first().click();
  await button("Crow").click();
  await visitor.shows("Who is there?", "I am the crow.");
  await visitor.idle();
  await page.getByText("2/2").waitFor();
});

pageTest("an answer that was lost is asked for again, and its prompt is stored once", async (visit) => {
  const { visitor, user, call, answer } = visit;
  await visitor.send("A story");
  (await call(1)).end();
  await visitor.page.getByRole("alert").waitFor();
  await visitor.page.reload();
  await visitor.button("Generate answer").click();
  equal((await call(2)).body.messages, [said("A story")]);
  await answer(2, "At last");
  await visitor.shows("A story", "At last");
  await becomes(async () => (await rest(stack.target, user, "messages?select=id")).length, 2);
});

pageTest("a prompt waits in the composer while another device's answer is written, and follows it", async (visit) => {
  const { visitor, user, call, answer, exchange } = visit;
  await exchange("One", "1");
  await onOtherDevice(visitor, user, async (other) => {
    await other.shows("One", "1");
    // It does not look for what this device does, so that it learns of it when it sends.
    await other.page.route("**/rest/v1/conversations?*limit=1", (route) => route.abort());
    await visitor.send("Two");
    const running = await call(2);
    await running.token("2");
    await visitor.shows("One", "1", "Two", "2");
    await other.send("Three");
    await other.shows("One", "1", "Two", "2");
    await other.page.getByText("Another answer is being written").waitFor();
    await becomes(() => other.composer.inputValue(), "Three");
    await running.finish();
    await other.idle();
    await becomes(() => other.page.getByText("Another answer is being written").count(), 0);
    await other.composer.press("Enter");
    equal((await call(3)).body.messages.at(-2), answered("2"));
    await answer(3, "3");
    await other.idle();
    await other.shows("One", "1", "Two", "2", "Three", "3");
  });
});

pageTest("a preview shows what would be sent, to whom and why, and sends nothing", async (visit) => {
  const { visitor, page, choose, user, exchange } = visit;
  const close = async () => {
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement?.ariaLabel === "Story menu");
  };
  await changeBot(visit, { system_prompt: "Whisper.", context_tokens: 8_000, reply_tokens: 500 });
  await choose("Story menu", "What would be sent…");
  await page.getByRole("dialog").getByText("Nothing yet").waitFor();
  await close();
  await visitor.composer.fill("A new story");
  await choose("Story menu", "What would be sent…");
  await page.getByRole("dialog").getByText("because it is chosen for this story").waitFor();
  await page.getByRole("list", { name: "Messages" }).getByText("A new story").waitFor();
  await close();
  await visitor.composer.fill("");
  await exchange("A fox", "Red.");
  await visitor.composer.fill("And then?");
  await choose("Story menu", "What would be sent…");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("To Storyteller (test-model), because it is this story’s bot.").waitFor();
  match(await dialog.innerText(), /About \d+ tokens of 8,000, 500 of them kept for the answer\./);
  const rows = await dialog.getByRole("list", { name: "Messages" }).getByRole("listitem").allInnerTexts();
  equal(rows.map((row) => row.split("\n").slice(0, 2)), [
    ["Instructions", "The bot’s own"],
    ["You", "A fox"],
    ["Story", "Red."],
    ["You", "And then?"],
  ]);
  match(rows[0], /8 characters, about \d+ tokens/);
  await close();
  await visitor.composer.fill("");
  await choose("Story menu", "What would be sent…");
  await dialog.getByText("Added by the relay").waitFor();
  equal((await rest(stack.target, user, "messages?select=id")).length, 2);
});

pageTest("a story that outgrows its model goes on, and says what was left out", async (visit) => {
  const { visitor, call, exchange } = visit;
  await changeBot(visit, { context_tokens: 600, reply_tokens: 100 });
  const long = "word ".repeat(160).trim();
  await exchange("One", long);
  await exchange("Two", long);
  equal(await visitor.page.getByText("left out").count(), 0);
  await visitor.send("Three");
  const answer = await call(3);
  await visitor.page.locator(".live").getByText("2 earlier messages were left out").waitFor();
  equal(answer.body.messages, [said("Two"), answered(long), said("Three")]);
  await answer.token("Yes.");
  await answer.finish();
  await visitor.idle();
  await visitor.page.locator(".ending").getByText("2 earlier messages were left out").waitFor();
});

pageTest("a memory is shown at its message, mended and deleted", async (visit) => {
  const { visitor, page, button, choose, user, exchange } = visit;
  await exchange("A fox", "Red.");
  await exchange("And then?", "Away.");
  const [{ id }] = await rest(stack.target, user, "messages?select=id&content=eq.Red.");
  await insert(stack.target, user, "memories", { message_id: id, user_id: user.id, content: "A fox." }, "message_id");
  const stored = () => rest(stack.target, user, "memories?select=message_id,content");
  const mark = button("Memory of the story up to here");
  const text = page.getByLabel("What happened so far");
  const closed = () => page.getByRole("dialog").waitFor({ state: "detached" });
  equal(await mark.count(), 0);
  await page.reload();
  await page.locator(`[data-message="${id}"]`).getByRole("button", { name: "Memory of the story" }).click();
  await becomes(async () => [await mark.count(), await text.inputValue()], [1, "A fox."]);
  await text.fill(" ");
  await button("Save").click();
  await page.getByText("Enter what happened so far, or delete the memory.").waitFor();
  await text.fill("A red fox.");
  await button("Save").click();
  await closed();
  await choose("Story menu", "What would be sent…");
  const sent = page.getByRole("list", { name: "Messages" }).getByRole("listitem");
  await sent.first().waitFor();
  await becomes(async () => (await sent.allInnerTexts()).map((row) => row.split("\n").slice(0, 2)).at(0), [
    "Memory",
    "A red fox.",
  ]);
  await page.keyboard.press("Escape");
  await closed();
  await becomes(stored, [{ message_id: id, content: "A red fox." }]);
  await mark.click();
  await becomes(() => text.inputValue(), "A red fox.");
  await choose("Delete memory", "Keep");
  equal(await stored(), [{ message_id: id, content: "A red fox." }]);
  await choose("Delete memory", "Delete");
  await closed();
  await becomes(stored, []);
  await mark.waitFor({ state: "detached" });
  await visitor.shows("A fox", "Red.", "And then?", "Away.");
});
