/// <reference lib="dom" />
/** The page without a mouse. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { withWindow } from "../../testkit/browser.ts";
import { eventually } from "../../testkit/eventually.ts";
import { signUp } from "../../testkit/people.ts";
import { chromium, pageTest, stack } from "./setup.ts";
import { visitorOf } from "./visitor.ts";

/** Registers the tests. */
export function testKeyboard(): void {
  Deno.test("the playground: from signing up to a streamed story with the keyboard alone", async () => {
    const baseUrl = stack.provider.script(async (call) => {
      await call.token("Once upon a time.");
      await call.finish();
    });
    const taken = await signUp(stack.target);
    await withWindow(chromium, {}, async (window) => {
      const visitor = visitorOf(await window.tab(stack.url));
      const { page } = visitor;
      const { keyboard } = page;
      /** Goes on by Tab until the focus is on what has this name. */
      const tabTo = async (name: string | RegExp) => {
        for (let steps = 0; steps < 60; steps++) {
          const focused = await page.evaluate(() => {
            const element = document.activeElement as HTMLInputElement;
            return (element.labels?.[0]?.textContent ?? element.ariaLabel ?? element.textContent ?? "").trim();
          });
          if (typeof name === "string" ? focused === name : name.test(focused)) return;
          await keyboard.press("Tab");
        }
        throw new Error(`Tab never reaches ${name}`);
      };
      const type = async (name: string, text: string) => {
        await tabTo(name);
        await keyboard.type(text);
      };
      const press = async (name: string | RegExp) => {
        await tabTo(name);
        await keyboard.press("Enter");
      };
      await page.getByLabel("Email").waitFor();
      await press("Create an account");
      await page.getByRole("heading", { name: "Create an account" }).waitFor();
      await type("Email", taken.email);
      await type("Password", "correct horse battery staple");
      await keyboard.press("Enter");
      await page.getByRole("alert").getByText("already exists").waitFor();
      await keyboard.press("ControlOrMeta+A");
      await keyboard.type(`${crypto.randomUUID()}@test.example`);
      await keyboard.press("Enter");
      await page.getByText("First, create a bot").waitFor();
      await page.keyboard.press("Shift+Tab");
      await press("Create a bot");
      await page.getByRole("dialog").waitFor();
      await keyboard.type("Night storyteller");
      await type("Key", "sk-mine");
      await type("Model", "night-1");
      await type("Base URL", baseUrl);
      await press("Create and test");
      await page.getByText("The key is taken, or none is needed.").waitFor();
      await press("Save");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await press(/^A light that asks the sea/);
      await visitor.shows("Tell me a story about a lighthouse keeper and a letter from the sea.", "Once upon a time.");
      await visitor.idle();
      await press("Regenerate");
      await page.getByText("2/2").waitFor();
      await press("Sign out");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    });
  });

  pageTest("a menu is opened, walked through and left with the keyboard, and gives the focus back", async (visit) => {
    const { visitor, exchange } = visit;
    const { page, button } = visitor;
    const { keyboard } = page;
    await exchange("A story", "An answer");
    const focused = () =>
      page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent?.trim());
    const isOn = (name: string) => eventually(`the focus is on ${name}`, async () => await focused() === name);
    const menu = page.getByRole("menu");
    await button("Story menu").focus();
    equal(await button("Story menu").getAttribute("aria-expanded"), "false");
    await keyboard.press("Enter");
    await isOn("What would be sent…");
    equal(await button("Story menu").getAttribute("aria-expanded"), "true");
    for (
      const [key, name] of [
        ["ArrowDown", "Export as Markdown"],
        ["End", "Delete…"],
        ["ArrowDown", "What would be sent…"],
        ["ArrowUp", "Delete…"],
        ["ArrowUp", "Rename…"],
        ["Home", "What would be sent…"],
      ]
    ) {
      await keyboard.press(key);
      equal(await focused(), name);
    }
    await keyboard.press("Escape");
    await isOn("Story menu");
    await menu.waitFor({ state: "detached" });
    await keyboard.press("ArrowUp");
    await isOn("Delete…");
    await keyboard.press("Tab");
    await menu.waitFor({ state: "detached" });
    await button("Menu of A story").focus();
    await keyboard.press("ArrowDown");
    await isOn("Rename…");
    await keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await keyboard.press("Escape");
    await isOn("Menu of A story");
    // Escape that closes a menu stops no answer, and a letter in it is no shortcut.
    await visitor.send("More");
    await visit.call(2);
    await button("Story menu").click();
    await isOn("What would be sent…");
    await keyboard.press("n");
    await keyboard.press("Escape");
    await isOn("Story menu");
    await button("Stop").waitFor();
    await visit.answer(2, "The end");
    await visitor.shows("A story", "An answer", "More", "The end");
  });
}
