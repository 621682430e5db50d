/// <reference lib="dom" />
/** The page without a mouse. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { signUp } from "../../testkit/people.ts";
import { entryTest, pageTest, stack } from "./setup.ts";

entryTest("from signing up to a streamed story with the keyboard alone", async (visitor) => {
  const baseUrl = stack.provider.script(async (call) => {
    await call.token("Once upon a time.");
    await call.finish();
  });
  const taken = await signUp(stack.target);
  const { page } = visitor;
  const { keyboard } = page;
  /** The name of what has the focus, which is visible. */
  const focused = async () => {
    const { name, isVisible } = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement;
      const { outlineStyle, boxShadow } = getComputedStyle(element.closest(".composer-box") ?? element);
      return {
        name: (element.labels?.[0]?.textContent ?? element.ariaLabel ?? element.textContent ?? "").trim(),
        isVisible: element === document.body || outlineStyle !== "none" || boxShadow !== "none",
      };
    });
    ok(isVisible, `the focus on "${name}" is not visible`);
    return name;
  };
  /** Goes on by Tab until the focus is on what has this name. */
  const tabTo = async (name: string | RegExp) => {
    for (let steps = 0; steps < 60; steps++) {
      const found = await focused();
      if (typeof name === "string" ? found === name : name.test(found)) return;
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
  const email = `${crypto.randomUUID()}@test.example`;
  await keyboard.type(email);
  await keyboard.press("Enter");
  await page.getByText("First, create a bot").waitFor();
  // Backwards from the composer to the link that skips all of this.
  const passed: string[] = [];
  for (let steps = 0; steps < 20 && passed.at(-1) !== "Skip to the story"; steps++) {
    await keyboard.press("Shift+Tab");
    passed.push(await focused());
  }
  equal(passed, [
    ...["Create a bot", "Sign out", `Account ${email}`, "Shortcuts", "Import a story", "Usage", "Bots"],
    ...["Search your stories", "New story", "Skip to the story"],
  ]);
  await keyboard.press("Enter");
  await keyboard.press("Tab");
  await becomes(focused, "Create a bot");
  await keyboard.press("Enter");
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
  await becomes(focused, "Continue the story");
  await page.getByText("2/2").waitFor();
  await press("Sign out");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

pageTest("a menu is opened, walked through and left with the keyboard, and gives the focus back", async (visit) => {
  const { visitor, page, button, exchange } = visit;
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
