/// <reference lib="dom" />
/** Drafts, a browser without a network, and the same story on several devices. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { MAX_PROMPT_CHARACTERS } from "../../playground/story/prompt_limit.ts";
import * as limits from "../../supabase/functions/_relay/protocol/limits.ts";
import { holdRequests } from "../../testkit/browser.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { makeBot, rest, signUp } from "../../testkit/people.ts";
import { newProvider, onOtherDevice, pageTest, stack } from "./setup.ts";
import { visitorOf } from "./visitor.ts";

pageTest("each story has a draft, which survives a reload, and a second tab has it", async (visit) => {
  const { visitor, window, page, composer, exchange } = visit;
  const has = (text: string, of = visitor) =>
    eventually(`the composer has "${text}"`, async () => await of.composer.inputValue() === text);
  await exchange("A story", "An answer");
  await composer.fill("Half of a thought");
  await page.getByRole("link", { name: "New story" }).click();
  await has("");
  await composer.fill("Another beginning");
  await page.getByRole("link", { name: "A story" }).click();
  await has("Half of a thought");
  await page.reload();
  await has("Half of a thought");

  const second = visitorOf(await window.tab(page.url()));
  await has("Half of a thought", second);
  await second.composer.fill("The whole thought");
  await has("The whole thought");
  await composer.fill("Last");
  await has("Last", second);
  await page.getByRole("link", { name: "New story" }).click();
  await has("Another beginning");
  await has("Last", second);

  await page.getByRole("link", { name: "A story" }).click();
  await has("Last");
  await exchange("Last", "Sent");
  await has("", second);
  await page.reload();
  await visitor.shows("A story", "An answer", "Last", "Sent");
  await has("");
});

pageTest("a draft is its user's alone, and signing out removes it", async (visit) => {
  const { visitor, page, button, composer, user } = visit;
  const other = await signUp(stack.target);
  await makeBot(stack.target, other, newProvider().baseUrl);
  await composer.fill("A secret");
  const stored = () => page.evaluate(() => JSON.stringify(localStorage));
  await eventually("it is stored", async () => (await stored()).includes("A secret"));
  // The session ends without signing out.
  await page.evaluate(() => {
    for (const key of Object.keys(localStorage)) if (!key.startsWith("storytellr.")) localStorage.removeItem(key);
  });
  await page.reload();
  await visitor.signIn(other.email);
  equal(await composer.inputValue(), "");
  await button("Sign out").click();
  await visitor.signIn(user.email);
  await becomes(() => composer.inputValue(), "A secret");
  await button("Sign out").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await becomes(stored, "{}");
});

pageTest("a prompt that is refused is a draft again", async ({ visitor, page, composer }) => {
  await page.route(
    "**/rest/v1/conversations?*",
    (route) => route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  // The lists are read once more after it, which does not hide why it failed.
  const read = ["conversations", "bots", "bot_fallbacks"].map((table) =>
    page.waitForResponse((response) =>
      response.url().includes(`/${table}?`) && response.request().method() === "GET" &&
      !response.url().endsWith("limit=1")
    )
  );
  await visitor.send("A story");
  for (const response of read) await (await response).finished();
  await visitor.settled();
  await visitor.settled();
  equal(await page.getByRole("alert").getByText("Could not reach the server").count(), 1);
  await becomes(() => composer.inputValue(), "A story");
  await page.unroute("**/rest/v1/conversations?*");
  await page.reload();
  await becomes(() => composer.inputValue(), "A story");
});

pageTest("a prompt that is too long is said to be, is not cut, and a megabyte does not hang", async (visit) => {
  const { page, button, composer, user, answer } = visit;
  equal(MAX_PROMPT_CHARACTERS, limits.MAX_PROMPT_CHARACTERS);
  const paste = (text: string) =>
    composer.evaluate((element, text) => {
      const box = element as HTMLTextAreaElement;
      const start = performance.now();
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      box.select();
      box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
      return new Promise<number>((resolve) =>
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)))
      );
    }, text);
  const long = "five words on each line\n".repeat(42_000).trim();
  // A browser that hangs takes ten times as long.
  const took = await paste(long);
  ok(took < 5_000, `it took ${took} ms`);
  await page.getByRole("alert").getByText("Too long to send").waitFor();
  await page.getByText("1,007,999 of 32,000 characters").waitFor();
  await becomes(() => button("Send").isDisabled(), true);
  await composer.press("Enter");
  equal((await composer.inputValue()).length, long.length);
  equal(await rest(stack.target, user, "conversations?select=id"), []);

  const dragons = "🐉".repeat(32_000);
  await paste(dragons + "!");
  await page.getByText("32,001 of 32,000 characters").waitFor();
  await becomes(() => button("Send").isDisabled(), true);
  await paste(`  ${dragons}\n`);
  await page.getByText("32,000 of 32,000 characters").waitFor();
  await button("Send").click();
  await answer(1, "Many");
  const [{ content }] = await rest(stack.target, user, "messages?select=content&is_user_author=is.true");
  equal(content, dragons);

  await button("Edit").click();
  const editor = page.getByLabel("Edit your message");
  await editor.fill(dragons + "!");
  const form = page.locator(".editor");
  await form.getByText("32,001 of 32,000 characters").waitFor();
  await becomes(() => form.getByRole("button", { name: "Send" }).isDisabled(), true);
  await editor.fill("a".repeat(limits.MAX_MESSAGE_UNITS + 1), { timeout: 5_000 });
  await form.getByText("1,048,577 of 32,000 characters").waitFor();
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("1 more than a message can have").waitFor();
});

pageTest(
  "offline the page says so and loses nothing that was written, and online it goes on at once",
  async (visit) => {
    const { visitor, window, page, composer, call, answer, exchange } = visit;
    await exchange("A story", "An answer");
    await visitor.send("More");
    const running = await call(2);
    await running.token("One ");
    await visitor.shows("A story", "An answer", "More", "One ");
    await page.clock.install();
    await window.context.setOffline(true);
    await page.getByText("You are offline").waitFor();
    await running.token("two");
    // Chromium keeps a connection that is already open.
    await window.context.setOffline(false);
    await visitor.shows("A story", "An answer", "More", "One two");
    await running.finish();
    await visitor.idle();
    await window.context.setOffline(true);
    await visitor.send("And then?");
    await page.getByRole("alert").getByText("Not sent").waitFor();
    await becomes(() => composer.inputValue(), "And then?");
    await window.context.setOffline(false);
    await page.getByText("You are offline").waitFor({ state: "detached" });
    await composer.press("Enter");
    await answer(3, "The end");
    await visitor.shows("A story", "An answer", "More", "One two", "And then?", "The end");
  },
);

pageTest("what was sent all the same waits, and goes on at once when the network is back", async (visit) => {
  const { visitor, window, page, button, user, answer, exchange } = visit;
  await exchange("A story", "An answer");
  await window.context.setOffline(true);
  await visitor.send("More");
  await button("Send anyway").click();
  await page.getByText("Connection lost. Reconnecting").first().waitFor();
  await window.context.setOffline(false);
  await answer(2, "Here");
  await visitor.shows("A story", "An answer", "More", "Here");
  await becomes(async () => (await rest(stack.target, user, "messages?select=id")).length, 4);
});

pageTest("what begins on another device is shown and joined while the story is open", async (visit) => {
  const { visitor, user, call, exchange } = visit;
  await exchange("One", "1");
  await onOtherDevice(visitor, user, async (other) => {
    await other.shows("One", "1");
    await visitor.send("Two");
    const running = await call(2);
    await running.token("2");
    await other.shows("One", "1", "Two", "2");
    await running.token("!");
    await other.shows("One", "1", "Two", "2!");
    await other.button("Stop").click();
    await Promise.all([visitor.idle(), other.idle()]);

    // The other way round, and a whole answer at once. Each key brings the next look forward.
    await other.page.clock.install();
    await other.send("Three");
    const next = await call(3);
    await next.token("3");
    await next.finish();
    await other.idle();
    await visitor.page.clock.install();
    await visitor.later("it is shown", async () => (await visitor.messages()).at(-1) === "3");
    await visitor.shows("One", "1", "Two", "2!", "Three", "3");
  });
});

pageTest("another device's new version is joined, and a new story comes into the list", async (visit) => {
  const { visitor, user, call, exchange } = visit;
  await exchange("One", "1");
  await onOtherDevice(visitor, user, async (other) => {
    await other.shows("One", "1");
    await other.page.clock.install();
    await visitor.button("Regenerate").click();
    const running = await call(2);
    await running.token("One more");
    await other.later("it is joined", async () => (await other.messages()).at(-1) === "One more");
    await running.finish();
    await Promise.all([visitor.idle(), other.idle()]);
    await visitor.page.getByRole("link", { name: "New story" }).click();
    await exchange("Somewhere else", "Yes");
    const link = other.page.getByRole("link", { name: "Somewhere else" });
    await other.later("it is listed", async () => await link.count() === 1);
  });
});

pageTest("the page never says that a story that is being written has no answer", async ({ visitor, user, call }) => {
  await visitor.send("A story");
  const running = await call(1);
  await onOtherDevice(visitor, user, async (other) => {
    const { page } = other;
    await other.page.getByText("Waiting for the answer").waitFor();
    const seen: string[] = [];
    await page.exposeFunction("sawNoAnswer", () => seen.push("seen"));
    await page.addInitScript(() =>
      new MutationObserver(() => {
        // deno-lint-ignore no-explicit-any
        if (document.body?.textContent?.includes("has no answer yet")) (globalThis as any).sawNoAnswer();
      }).observe(document, { subtree: true, childList: true })
    );
    const { release } = await holdRequests(page, "**/functions/v1/stream?*", "HEAD");
    // As a device that has not joined it yet.
    await page.evaluate(() => {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith("storytellr.running.")) localStorage.removeItem(key);
      }
    });
    await page.reload();
    await other.shows("A story");
    // The answer ends after the messages were read, while the relay is asked.
    await running.token("Once");
    await running.finish();
    await visitor.idle();
    release();
    await other.shows("A story", "Once");
    equal(seen, []);
  });
});
