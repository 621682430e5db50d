/// <reference lib="dom" />
/** A phone, the keyboard, and the colours. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { withWindow } from "../../testkit/browser.ts";
import { becomes } from "../../testkit/eventually.ts";
import { PASSWORD, signUp } from "../../testkit/people.ts";
import { chromium, pageTest, stack } from "./setup.ts";
import { contrastOf, visitorOf } from "./visitor.ts";

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true };

const TEXTS = [
  ".answer .text p",
  ".prompt .text p",
  ".tool",
  ".bar h1",
  ".bot-choice",
  ".conversation-link",
  ".account",
  ".account .link",
  ".key-hints",
];

/** Registers the tests. */
export function testAppearance(): void {
  pageTest("a phone shows everything without scrolling sideways", async ({ visitor, answer, exchange }) => {
    const { page, button } = visitor;
    const fits = () => fitsAcross(page);
    await fits();
    await exchange("Averyveryverylongword".repeat(12), "Donaudampfschifffahrtsgesellschaft".repeat(9));
    await fits();
    await button("Regenerate").tap();
    await answer(2, "Short");
    await button("Branches (2)").tap();
    await page.getByRole("dialog").waitFor();
    await fits();
    await page.locator(".outline button").nth(1).tap();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText("1/2").waitFor();
    await button("Edit").tap();
    await page.getByLabel("Edit your message").waitFor();
    await fits();
    await button("Cancel").tap();
    await button("Stories and account").tap();
    await page.getByRole("dialog").waitFor();
    await fits();
    await button("Bots").tap();
    await button("Edit Storyteller").tap();
    await page.getByLabel("Instructions").waitFor();
    await fits();
    await button("Cancel").tap();
    await button("Stories and account").tap();
    await button("Sign out").tap();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await fits();
  }, PHONE);

  Deno.test("the playground: everything can be done with the keyboard, and the focus is visible", async () => {
    const user = await signUp(stack.target);
    await withWindow(chromium, {}, async (window) => {
      const { page } = visitorOf(await window.tab(stack.url));
      const { keyboard } = page;
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          const { outlineStyle, boxShadow } = getComputedStyle(element.closest(".composer-box") ?? element);
          return {
            name: element.ariaLabel ?? element.textContent?.trim() ?? "",
            isVisible: outlineStyle !== "none" || boxShadow !== "none",
          };
        });
      await page.getByLabel("Email").waitFor();
      await keyboard.type(user.email);
      await keyboard.press("Tab");
      await keyboard.type(PASSWORD);
      await keyboard.press("Enter");
      await page.getByText("First, create a bot").waitFor();

      // Backwards from the composer to the link that skips all of this.
      const passed: string[] = [];
      for (let steps = 0; steps < 20 && passed.at(-1) !== "Skip to the story"; steps++) {
        await keyboard.press("Shift+Tab");
        const { name, isVisible } = await focused();
        ok(isVisible, `the focus on "${name}" is not visible`);
        passed.push(name);
      }
      equal(passed, [
        ...["Create a bot", "Sign out", `Account ${user.email}`, "Shortcuts", "Import a story", "Usage", "Bots"],
        ...["Search your stories", "New story", "Skip to the story"],
      ]);
      await keyboard.press("Enter");
      await keyboard.press("Tab");
      await becomes(async () => (await focused()).name, "Create a bot");
      await keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      await becomes(() => page.evaluate(() => (document.activeElement as HTMLInputElement).name), "name");
      await keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await becomes(async () => (await focused()).name, "Create a bot");
    });
  });

  pageTest("Shift and Enter make a new line, Enter sends, Escape ends an edit", async ({ visitor, call, answer }) => {
    const { page, composer } = visitor;
    await composer.focus();
    await page.keyboard.type("One");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two");
    await becomes(() => composer.inputValue(), "One\ntwo");
    await page.keyboard.press("Enter");
    equal((await call(1)).body.messages.at(-1).content, "One\ntwo");
    await becomes(() => composer.inputValue(), "");
    await page.getByRole("status").getByText("The story is being written").waitFor();
    await answer(1, "Three");
    await page.getByRole("status").getByText("Finished").waitFor();
    await visitor.button("Edit").focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("Edit your message").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement?.textContent?.includes("Edit"));
    await visitor.shows("One\ntwo", "Three");
  });

  pageTest(
    "a text that grows moves nothing but its own end, and nothing for a reader who has scrolled up",
    async (visit) => {
      const { visitor, call } = visit;
      const { page } = visitor;
      await page.evaluate(() => {
        const shifts: number[] = [];
        Object.assign(globalThis, { shifts });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shifts.push((entry as PerformanceEntry & { value: number }).value);
        }).observe({ type: "layout-shift" });
      });
      const shifts = () =>
        page.evaluate(async () => {
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
          return (globalThis as unknown as { shifts: number[] }).shifts.splice(0);
        });
      await visitor.send("A tale");
      const answer = await call(1);
      const grow = async (from: number, to: number) => {
        for (let count = from; count <= to; count++) {
          await answer.token(`Paragraph ${count} has a line of words, so that the view has to follow.\n\n`);
          await page.getByText(`Paragraph ${count} has`).waitFor();
        }
      };
      await grow(1, 35);
      await shifts();
      // The first part is full at 40 blocks.
      await grow(36, 50);
      const following = await shifts();
      ok(Math.max(0, ...following) < 0.01, following.join());
      await page.locator(".scroller").hover();
      await page.mouse.wheel(0, -600);
      await visitor.button("To the end").waitFor();
      await shifts();
      await grow(51, 100);
      equal(await shifts(), []);
      await answer.finish();
    },
  );

  pageTest("light and dark follow the system, and every text is readable", async ({ visitor, exchange }) => {
    const { page } = visitor;
    await exchange("A story", "An answer");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const isDark = () =>
        page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]) < 60);
      await becomes(isDark, colorScheme === "dark");
      for (const text of TEXTS) {
        const contrast = await contrastOf(page.locator(text));
        ok(contrast >= 4.5, `${text} has a contrast of ${contrast} in ${colorScheme}`);
      }
    }
  });
}

async function fitsAcross(page: Page) {
  const excess = await page.evaluate(() => {
    const boxes = document.querySelectorAll("html, dialog[open], .scroller");
    return [...boxes].map((box) => box.scrollWidth - box.clientWidth);
  });
  ok(Math.max(...excess) <= 0, `${excess} px too much`);
}
