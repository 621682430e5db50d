/// <reference lib="dom" />
/** A phone, keys in texts, a text that grows, and the colours. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { becomes } from "../../testkit/eventually.ts";
import { pageTest } from "./setup.ts";

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true };

pageTest("a phone shows everything without scrolling sideways, at 320 pixels and at 200 %", async (visit) => {
  const { visitor, page, button, answer, exchange } = visit;
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
  // At 320 pixels, and at 200 %.
  for (const viewport of [PHONE.viewport, { width: 640, height: 400 }]) {
    await page.setViewportSize(viewport);
    await fits();
    await button("Save").scrollIntoViewIfNeeded();
    const box = await button("Save").boundingBox();
    ok(box && box.x >= 0 && box.x + box.width <= viewport.width && box.y + box.height <= viewport.height);
  }
  await button("Cancel").tap();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await fits();
  await becomes(() => visitor.composer.isVisible(), true);
  await page.setViewportSize(PHONE.viewport);
  await button("Stories and account").tap();
  await button("Sign out").tap();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await fits();
}, PHONE);

pageTest("Shift and Enter make a new line, Enter sends, Escape ends an edit", async (visit) => {
  const { visitor, page, composer, call, answer } = visit;
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
  "the view follows a growing text and nothing else moves; it stays for a user who has scrolled up",
  async ({ visitor, page, button, call }) => {
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
    const scroller = page.locator(".scroller");
    const isAtEnd = () => scroller.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2);
    await visitor.send("A tale");
    const answer = await call(1);
    const paragraph = (count: number) => `Paragraph ${count} has a line of words, so that the view has to follow.\n\n`;
    const grow = async (from: number, to: number) => {
      for (let count = from; count <= to; count++) {
        await answer.token(paragraph(count));
        await page.getByText(`Paragraph ${count} has`).waitFor();
      }
    };
    await answer.token(Array.from({ length: 34 }, (_, index) => paragraph(index + 1)).join(""));
    await grow(35, 35);
    await shifts();
    // The first part is full at 40 blocks.
    await grow(36, 46);
    const following = await shifts();
    ok(Math.max(0, ...following) < 0.01, following.join());
    await becomes(isAtEnd, true);
    await scroller.hover();
    await page.mouse.wheel(0, -60);
    await button("To the end").waitFor();
    await shifts();
    const top = await scroller.evaluate((box) => box.scrollTop);
    await grow(47, 58);
    equal([await shifts(), await scroller.evaluate((box) => box.scrollTop)], [[], top]);
    await button("To the end").click();
    await becomes(isAtEnd, true);
    await becomes(() => button("To the end").count(), 0);
    await grow(59, 62);
    await becomes(isAtEnd, true);
    await answer.finish();
    await visitor.idle();
    await becomes(isAtEnd, true);
  },
);

pageTest("light and dark follow the system", async ({ page }) => {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const isDark = () =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]) < 60);
    await becomes(isDark, colorScheme === "dark");
  }
});

async function fitsAcross(page: Page) {
  const excess = await page.evaluate(() => {
    const boxes = document.querySelectorAll("html, dialog[open], .scroller");
    return [...boxes].map((box) => box.scrollWidth - box.clientWidth);
  });
  ok(Math.max(...excess) <= 0, `${excess} px too much`);
}
