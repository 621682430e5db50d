/// <reference lib="dom" />
/** Streaming, stopping, resuming, regenerating and branching. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { holdRequests } from "../../testkit/browser.ts";
import { becomes } from "../../testkit/eventually.ts";
import { rest, type TestUser } from "../../testkit/people.ts";
import { deltaEvent } from "../../testkit/provider.ts";
import { onOtherDevice, pageTest, stack } from "./setup.ts";
import { visitorOf } from "./visitor.ts";

pageTest("keys of an input method neither send, nor stop an answer, nor end an edit", async ({ visitor, call }) => {
  /** Presses a key as browsers say that an input method takes it: while it composes, and in Safari at its end. */
  const compose = (key: string, box: typeof visitor.composer) =>
    box.evaluate((element, key) => {
      for (const how of [{ isComposing: true }, { keyCode: 229 }]) {
        element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...how }));
      }
    }, key);
  await visitor.composer.fill("きつね");
  await compose("Enter", visitor.composer);
  equal(await visitor.composer.inputValue(), "きつね");
  await visitor.composer.press("Enter");
  const answer = await call(1);
  await answer.token("Once");
  await visitor.shows("きつね", "Once");
  await compose("Escape", visitor.composer);
  await answer.token(" upon");
  await answer.finish();
  await visitor.idle();
  await visitor.shows("きつね", "Once upon");
  await visitor.button("Edit").click();
  const editor = visitor.page.getByLabel("Edit your message");
  await editor.fill("たぬき");
  for (const key of ["Enter", "Escape"]) await compose(key, editor);
  equal(await editor.inputValue(), "たぬき");
  await editor.press("Escape");
  await editor.waitFor({ state: "detached" });
  await visitor.shows("きつね", "Once upon");
});

pageTest("a double click on Send sends once, and stops nothing", async (visit) => {
  const { visitor, page, button, composer, answer, exchange } = visit;
  await exchange("One", "1");
  await composer.fill("Two");
  await button("Send").dblclick();
  await answer(2, "2");
  await visitor.shows("One", "1", "Two", "2");
  equal(await page.getByText("Stopped").count(), 0);
});

pageTest("reasoning is shown apart from the answer", async ({ visitor, call }) => {
  await visitor.send("A riddle");
  const answer = await call(1);
  await answer.send(deltaEvent({ reasoning_content: "Hm, a fox." }));
  await visitor.page.getByText("Thinking…").click();
  await visitor.page.getByText("Hm, a fox.").waitFor();
  await answer.token("Who am I?");
  await answer.finish();
  await visitor.idle();
  await visitor.shows("A riddle", "Who am I?");
  await visitor.page.getByText("Reasoning").waitFor();
});

pageTest("a reload resumes the stream", async ({ visitor, call }) => {
  await visitor.send("A long story");
  const answer = await call(1);
  await answer.token("First half, ");
  await visitor.shows("A long story", "First half, ");
  await visitor.page.reload();
  await visitor.shows("A long story", "First half, ");
  await answer.token("second half");
  await visitor.shows("A long story", "First half, second half");
  await answer.finish();
  await visitor.idle();
  await visitor.shows("A long story", "First half, second half");
  await visitor.page.reload();
  await visitor.shows("A long story", "First half, second half");
});

pageTest("a page that closes before the relay answers starts one generation", async (visit) => {
  const { visitor, page, user, call } = visit;
  await page.route("**/functions/v1/stream", async (route) => {
    // The request reaches the relay, and its response never reaches the page.
    const request = route.request();
    const { authorization } = await request.allHeaders();
    const headers = { authorization, "content-type": "application/json" };
    const response = await fetch(request.url(), { method: "POST", headers, body: request.postData() });
    await response.body?.cancel();
  }, { times: 1 });
  await visitor.send("Only once");
  const answer = await call(1);
  await page.reload();
  await answer.token("One answer");
  await visitor.shows("Only once", "One answer");
  await answer.finish();
  await visitor.idle();
  await becomes(async () => (await rest(stack.target, user, "messages?select=id")).length, 2);
});

pageTest("a story continues while another one is open, and the list shows when it ends", async (visit) => {
  const { visitor, page, call } = visit;
  await page.clock.install();
  await visitor.send("A story");
  const answer = await call(1);
  await answer.token("Text");
  await visitor.shows("A story", "Text");
  await page.getByRole("link", { name: "New story" }).click();
  await page.getByText("How does it begin?", { exact: true }).waitFor();
  const running = page.getByRole("link", { name: "A story (being written)" });
  await running.waitFor();
  await answer.finish();
  await visitor.later("the list shows that it has ended", async () => await running.count() === 0);
  await page.getByRole("link", { name: "A story" }).click();
  await visitor.shows("A story", "Text");
  await visitor.idle();
});

pageTest("a second tab streams live, and can stop it", async ({ window, visitor, call }) => {
  await visitor.send("A story for two");
  const answer = await call(1);
  await answer.token("One ");
  await visitor.shows("A story for two", "One ");
  const second = visitorOf(await window.tab(visitor.page.url()));
  await second.shows("A story for two", "One ");
  await answer.token("two");
  await Promise.all([visitor, second].map((tab) => tab.shows("A story for two", "One two")));
  await second.button("Stop").click();
  await Promise.all([visitor.idle(), second.idle()]);

  // What begins in the second tab appears in the first one by itself.
  await second.send("Go on");
  const next = await call(2);
  await next.token("three");
  await visitor.shows("A story for two", "One two", "Go on", "three");
  await next.finish();
  await Promise.all([visitor.idle(), second.idle()]);
});

pageTest("an answer is regenerated, and both versions stay", async ({ visitor, call, exchange, user }) => {
  await exchange("A tale", "First version");
  await visitor.button("Regenerate").click();
  const answer = await call(2);
  equal(answer.body.messages.at(-1).content, "A tale");
  await answer.token("Second version");
  await visitor.shows("A tale", "Second version");
  await answer.finish();
  await visitor.idle();
  await visitor.page.getByText("2/2").waitFor();
  await visitor.button("Previous version").click();
  await visitor.shows("A tale", "First version");
  await visitor.page.getByText("1/2").waitFor();
  // The button for going further back is disabled, so the focus moves to the other one.
  await visitor.page.waitForFunction(() => document.activeElement?.ariaLabel === "Next version");
  await becomes(() => activeLeaf(user), "First version");
  await visitor.page.reload();
  await visitor.shows("A tale", "First version");
  await visitor.button("Next version").click();
  await visitor.shows("A tale", "Second version");
});

pageTest("a chosen version is stored if the page is left at once, or the browser keeps no more", async (visit) => {
  const { page, button, user, answer, exchange } = visit;
  await exchange("A tale", "First version");
  await button("Regenerate").click();
  await answer(2, "Second version");
  const { asked, release } = await holdRequests(page, "**/rest/v1/conversations?*", "PATCH");
  await button("Previous version").click();
  await asked;
  const url = page.url();
  equal(await activeLeaf(user), "Second version");
  await page.goto("about:blank");
  release();
  await becomes(() => activeLeaf(user), "First version");
  // A browser keeps 64 KiB of such bodies, and refuses one more.
  await page.addInitScript(() => {
    const { fetch } = globalThis;
    globalThis.fetch = (input, init) =>
      init?.keepalive ? Promise.reject(new TypeError("Failed to fetch")) : fetch(input, init);
  });
  await page.goto(url);
  await button("Next version").click();
  await becomes(() => activeLeaf(user), "Second version");
});

pageTest("an edited prompt becomes a branch, and the old one stays", async ({ visitor, call, answer, exchange }) => {
  await exchange("A dog", "Bark");
  await exchange("Louder", "BARK");
  await visitor.button("Edit").first().click();
  const editor = visitor.page.getByLabel("Edit your message");
  await editor.fill("A cat");
  await editor.press("Enter");
  equal((await call(3)).body.messages, [{ role: "user", content: "A cat" }]);
  await answer(3, "Meow");
  await visitor.shows("A cat", "Meow");
  await visitor.button("Previous version").click();
  await visitor.shows("A dog", "Bark", "Louder", "BARK");
});

pageTest("the outline shows and opens each branch; a branch begins at any answer", async ({ visitor, exchange }) => {
  await exchange("A dog", "**Bark**");
  await exchange("Louder", "BARK");
  await visitor.button("Branch here").click();
  await visitor.shows("A dog", "Bark");
  await exchange("Softer", "bark");
  await visitor.button("Branches (2)").click();
  const rows = visitor.page.locator(".outline button");
  const texts = ["A dog", "Bark", "Louder", "BARK", "Softer", "bark"];
  await becomes(() => rows.allInnerTexts(), texts.map((text, index) => `${index % 2 ? "Story:" : "You:"}\n${text}`));
  await rows.nth(2).click();
  await visitor.shows("A dog", "Bark", "Louder", "BARK");
  await visitor.page.locator(".outline [aria-current=location]").getByText("BARK").waitFor();
});

pageTest("a version that is chosen while the story is read again stays", async (visit) => {
  const { visitor, page, button, user, answer, exchange } = visit;
  await exchange("A dog", "Bark");
  await button("Regenerate").click();
  await answer(2, "Woof");
  await visitor.shows("A dog", "Woof");
  const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await page.route("**/rest/v1/messages?*", async (route) => {
    const response = await route.fetch();
    asked.resolve();
    await held.promise;
    await route.fulfill({ response });
  });
  await onOtherDevice(visitor, user, async (other) => {
    await other.send("And then?");
    await answer(3, "Sleep");
    await other.shows("A dog", "Woof", "And then?", "Sleep");
    await asked.promise;
    await button("Previous version").click();
    await visitor.shows("A dog", "Bark");
    const read = page.waitForEvent("requestfinished", (request) => request.url().includes("/rest/v1/messages?"));
    held.resolve();
    await read;
    await visitor.settled();
    equal(await visitor.messages(), ["A dog", "Bark"]);
  });
});

/** The text of the active leaf of the user's one conversation. */
async function activeLeaf(user: TestUser): Promise<string> {
  const [{ active_message_id }] = await rest(stack.target, user, "conversations?select=active_message_id");
  const [{ content }] = await rest(stack.target, user, `messages?select=content&id=eq.${active_message_id}`);
  return content;
}
