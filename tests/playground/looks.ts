/// <reference lib="dom" />
/** A phone, the keyboard, and the colours. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { signUp } from "../../testkit/target.ts";
import { withWindow } from "./browser.ts";
import { type Tools, withLab } from "./lab.ts";
import { contrastOf, readerOf } from "./reader.ts";

/** Registers them. */
export function testLooks({ house, pageTest }: Tools): void {
  Deno.test("the playground: a phone shows everything without scrolling sideways", async () => {
    const phone = { viewport: { width: 360, height: 740 }, hasTouch: true };
    await withLab(house(), phone, async ({ reader, tell }) => {
      const { page, button } = reader;
      await fitsAcross(page);
      await reader.say("Averyveryverylongword".repeat(12));
      await tell(1, "Donaudampfschifffahrtsgesellschaft".repeat(9));
      await reader.rests();
      await fitsAcross(page);
      await button("Tell it again").tap();
      await tell(2, "Short");
      await reader.rests();
      await button("Branches, 2 of them").tap();
      await page.getByRole("dialog").waitFor();
      await fitsAcross(page);
      await page.locator(".outline button").nth(1).tap();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.getByText("1/2").waitFor();
      await button("Edit").tap();
      await page.getByLabel("Edit what you said").waitFor();
      await fitsAcross(page);
      await button("Cancel").tap();
      await button("Stories and account").tap();
      await page.getByRole("dialog").waitFor();
      await fitsAcross(page);
      await button("Bots").tap();
      await button("Edit Storyteller").tap();
      await page.getByLabel("Instructions").waitFor();
      await fitsAcross(page);
      await button("Cancel").tap();
      await button("Stories and account").tap();
      await button("Sign out").tap();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await fitsAcross(page);
    });
  });

  Deno.test("the playground: everything can be done with the keyboard, and the focus is seen", async () => {
    const user = await signUp(house().target);
    await withWindow(house().chromium, {}, async (window) => {
      const reader = readerOf(await window.tab(house().stack.url));
      const { page } = reader;
      const { keyboard } = page;
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          const box = element.closest(".composer-box") ?? element;
          const { outlineStyle, boxShadow } = getComputedStyle(box);
          return {
            name: element.ariaLabel ?? element.textContent?.trim() ?? "",
            seen: outlineStyle !== "none" || boxShadow !== "none",
          };
        });
      await page.getByLabel("Email").waitFor();
      await keyboard.type(user.email);
      await keyboard.press("Tab");
      await keyboard.type("correct horse battery staple");
      await keyboard.press("Enter");
      await page.getByText("First, somebody to tell it").waitFor();

      // From the box backwards over everything to the link that skips it all.
      const passed: string[] = [];
      for (let steps = 0; steps < 20; steps++) {
        await keyboard.press("Shift+Tab");
        const { name, seen } = await focused();
        ok(seen, `the focus on "${name}" is not seen`);
        passed.push(name);
        if (name === "Skip to the story") break;
      }
      equal(passed, ["Make a bot", "Sign out", "Bots", "New story", "Skip to the story"]);
      await keyboard.press("Enter");
      await keyboard.press("Tab");
      equal((await focused()).name, "Make a bot");
      await keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      equal(await page.evaluate(() => (document.activeElement as HTMLInputElement).name), "name");
      await keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      equal((await focused()).name, "Make a bot");
    });
  });

  pageTest(
    "Shift and Enter make a line, Enter sends, Escape leaves an edit",
    async ({ reader, call, tell }) => {
      const { page, composer } = reader;
      await composer.focus();
      await page.keyboard.type("One");
      await page.keyboard.press("Shift+Enter");
      await page.keyboard.type("two");
      equal(await composer.inputValue(), "One\ntwo");
      await page.keyboard.press("Enter");
      equal((await call(1)).body.messages.at(-1).content, "One\ntwo");
      equal(await composer.inputValue(), "");
      await page.getByRole("status").getByText("The story is being written")
        .waitFor();
      await tell(1, "Three");
      await page.getByRole("status").getByText("Finished").waitFor();
      const edit = reader.button("Edit");
      await edit.focus();
      await page.keyboard.press("Enter");
      await page.getByLabel("Edit what you said").waitFor();
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => document.activeElement?.textContent?.includes("Edit"));
      await reader.shows("One\ntwo", "Three");
    },
  );

  for (const colorScheme of ["light", "dark"] as const) {
    pageTest(
      `${colorScheme} follows the system, and every text can be read`,
      async ({ reader, tell }) => {
        await reader.say("A story");
        await tell(1, "Told");
        await reader.rests();
        const ground = await reader.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const [red] = ground.match(/\d+/g)!.map(Number);
        equal(red < 60, colorScheme === "dark");
        for (
          const part of [
            ".told .text p",
            ".prompt .text p",
            ".tool",
            ".bar h1",
            ".bot-choice",
            ".story-link",
            ".who",
            ".who .link",
            ".keys",
          ]
        ) {
          const contrast = await contrastOf(reader.page.locator(part));
          ok(contrast >= 4.5, `${part} has a contrast of ${contrast}`);
        }
      },
      { colorScheme },
    );
  }
}

async function fitsAcross(page: Page) {
  const excess = await page.evaluate(() => {
    const boxes = document.querySelectorAll("html, dialog[open], .scroller");
    return [...boxes].map((box) => box.scrollWidth - box.clientWidth);
  });
  ok(Math.max(...excess) <= 0, `${excess} px too much`);
}
