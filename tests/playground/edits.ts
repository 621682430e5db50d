/// <reference lib="dom" />
/** Texts that are changed, and stories that are deleted, while other tabs and devices do something else with them. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { holdRequests } from "../../testkit/browser.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { rest } from "../../testkit/people.ts";
import { onOtherDevice, pageTest, stack } from "./setup.ts";
import { type Visitor, visitorOf } from "./visitor.ts";

const editorOf = ({ page }: Visitor) => page.locator(".editor textarea");

const remembered = ({ page }: Visitor) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("storytellr.running.")).length);

const kept = ({ page }: Visitor) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("storytellr.draft.")));

pageTest("a text that two devices change is not replaced unseen: the later one is asked", async (visit) => {
  const { visitor, user, exchange } = visit;
  await exchange("A dog", "Bark");
  await onOtherDevice(visitor, user, async (other) => {
    await other.shows("A dog", "Bark");
    for (const [device, text] of [[visitor, "Meow"], [other, "Moo"]] as const) {
      await device.button("Edit the answer").click();
      await editorOf(device).fill(text);
    }
    await visitor.button("Save").click();
    await visitor.shows("A dog", "Meow");
    await other.button("Save").click();
    await other.page.getByRole("alert").getByText("changed elsewhere").waitFor();
    equal(await editorOf(other).inputValue(), "Moo");
    const stored = async () => (await rest(stack.target, user, "messages?select=content&is_user_author=is.false"))[0];
    equal(await stored(), { content: "Meow" });
    await other.button("Cancel").click();
    await other.shows("A dog", "Meow");
    // A second Save replaces what the first one has shown.
    await visitor.button("Edit the answer").click();
    await editorOf(visitor).fill("Quack");
    await other.button("Edit the answer").click();
    await editorOf(other).fill("Oink");
    await other.button("Save").click();
    await other.shows("A dog", "Oink");
    await visitor.button("Save").click();
    await visitor.page.getByRole("alert").getByText("changed elsewhere").waitFor();
    await visitor.button("Save").click();
    await visitor.shows("A dog", "Quack");
    equal(await stored(), { content: "Quack" });
    await other.page.clock.install();
    await other.later("the other device shows it", async () => (await other.messages()).at(-1) === "Quack");
  });
});

pageTest("a text that is saved is stored although the page is left at once", async ({ visitor, user, exchange }) => {
  const { page } = visitor;
  await exchange("A dog", "Bark");
  const { asked, release } = await holdRequests(page, "**/rest/v1/rpc/edit_message");
  await visitor.button("Edit the answer").click();
  await editorOf(visitor).fill("Meow");
  await visitor.button("Save").click();
  await asked;
  const stored = async () => (await rest(stack.target, user, "messages?select=content&is_user_author=is.false"))[0];
  equal(await stored(), { content: "Bark" });
  await page.goto("about:blank");
  release();
  await becomes(stored, { content: "Meow" });
});

pageTest(
  "if two devices save a text at the same moment, the second one is asked",
  async ({ visitor, user, exchange }) => {
    await exchange("A dog", "Bark");
    await onOtherDevice(visitor, user, async (other) => {
      await other.shows("A dog", "Bark");
      const devices = [visitor, other];
      const held = await Promise.all(devices.map(({ page }) => holdRequests(page, "**/rpc/edit_message")));
      for (const [index, device] of devices.entries()) {
        await device.button("Edit the answer").click();
        await editorOf(device).fill(`Text ${index}`);
        await device.button("Save").click();
        await held[index].asked;
      }
      for (const { release } of held) release();
      const refused = () => Promise.all(devices.map(({ page }) => page.getByText("changed elsewhere").count()));
      await becomes(async () => (await refused()).sort(), [0, 1]);
      const [stored] = await rest(stack.target, user, "messages?select=content&is_user_author=is.false");
      equal(stored, { content: `Text ${(await refused()).indexOf(0)}` });
    });
  },
);

pageTest("what is entered in an editor survives a reload, and a branch that another tab leaves", async (visit) => {
  const { visitor, window, page, button, choose, answer, exchange } = visit;
  await exchange("A dog", "Bark");
  await button("Edit the answer").click();
  await editorOf(visitor).fill("An hour of work");
  await page.reload();
  await visitor.shows("A dog", "Bark");
  await button("Edit the answer (not saved)").click();
  equal(await editorOf(visitor).inputValue(), "An hour of work");
  await page.getByText("This is what you wrote before").waitFor();

  const second = visitorOf(await window.tab(page.url()));
  await second.shows("A dog", "Bark");
  await second.button("Regenerate").click();
  await answer(2, "Woof");
  await second.shows("A dog", "Woof");
  await visitor.shows("A dog", "Woof");
  await button("Previous version").click();
  await button("Edit the answer (not saved)").click();
  equal(await editorOf(visitor).inputValue(), "An hour of work");
  await choose("Cancel", "Edit the answer");
  equal(await editorOf(visitor).inputValue(), "Bark");
});

pageTest("while an answer is written a changed prompt waits to be sent, and can be saved", async (visit) => {
  const { visitor, button, call, exchange } = visit;
  await exchange("A dog", "Bark");
  await button("Edit").click();
  await editorOf(visitor).fill("A cat");
  await button("Regenerate").click();
  const running = await call(2);
  await running.token("Me");
  await visitor.answers.getByText("Me").waitFor();
  const send = visitor.page.locator(".editor").getByRole("button", { name: "Send" });
  ok(await send.isDisabled());
  await button("Save").click();
  await visitor.shows("A cat", "Me");
  await running.token("ow");
  await running.finish();
  await visitor.idle();
  await visitor.shows("A cat", "Meow");
});

pageTest("a story that is deleted while it is written is not paid for, and leaves no text", async (visit) => {
  const { visitor, page, button, choose, composer, call, exchange } = visit;
  await exchange("A dog", "Bark");
  await button("Edit the answer").click();
  await editorOf(visitor).fill("Growl");
  await visitor.send("And then?");
  const running = await call(2);
  await running.token("Sleep");
  await page.getByText("Sleep").waitFor();
  await composer.fill("More");
  await eventually("both are kept", async () => (await kept(visitor)).length === 2);
  await choose("Story menu", "Delete…");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "New story" }).waitFor();
  await running.closed;
  equal([await remembered(visitor), await kept(visitor)], [0, []]);
});

pageTest("a generation that ended elsewhere without a text is forgotten", async (visit) => {
  const { visitor, page, user, exchange } = visit;
  await exchange("A dog", "Bark");
  // What a tab leaves that was closed while its story was written.
  const [{ id }] = await rest(stack.target, user, "conversations?select=id");
  await page.getByRole("link", { name: "New story" }).click();
  await page.evaluate((id) => {
    const running = { streamId: "gone", request: null, at: Date.now() };
    localStorage.setItem(`storytellr.running.${id}`, JSON.stringify(running));
  }, id);
  await page.clock.install();
  await page.reload();
  await page.locator(".conversation-link.running").waitFor();
  await visitor.later("it is forgotten", async () => await remembered(visitor) === 0);
  await page.locator(".conversation-link.running").waitFor({ state: "detached" });
});

pageTest("where what is answered was deleted elsewhere, the page says so and shows the rest", async (visit) => {
  const { visitor, user, call, exchange } = visit;
  await exchange("A dog", "Bark");
  await visitor.send("And then?");
  const running = await call(2);
  await running.token("Sleep");
  await visitor.shows("A dog", "Bark", "And then?", "Sleep");
  await rest(stack.target, user, "messages?content=eq.And%20then%3F", { method: "DELETE" });
  await running.finish();
  await visitor.page.getByRole("alert").getByText("The message before it was deleted elsewhere").waitFor();
  await visitor.shows("A dog", "Bark", "Sleep");
  await visitor.button("Reload").click();
  await visitor.shows("A dog", "Bark");
});

pageTest("what is edited in one tab is gone once another tab has signed out, or saved the same", async (visit) => {
  const { visitor, window, page, button, exchange } = visit;
  await exchange("A dog", "Bark");
  await button("Edit the answer").click();
  await editorOf(visitor).fill("A secret");
  await eventually("it is kept", async () => (await kept(visitor)).length === 1);
  const second = visitorOf(await window.tab(page.url()));
  await second.button("Edit the answer (not saved)").click();
  await second.button("Save").click();
  await second.shows("A dog", "A secret");
  await page.reload();
  await button("Edit the answer").waitFor();
  equal(await kept(visitor), []);

  await button("Edit the answer").click();
  await editorOf(visitor).fill("Another secret");
  await eventually("it is kept", async () => (await kept(visitor)).length === 1);
  await second.button("Sign out").click();
  for (const tab of [second, visitor]) await tab.page.getByRole("heading", { name: "Sign in" }).waitFor();
  equal(await kept(visitor), []);
});
