/// <reference lib="dom" />
/** What people need who do not see the page well, or use no mouse: axe over every view, focus, names, targets, colours. */

import { deepStrictEqual as equal } from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Spending } from "../../client/spending.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { insert, rest } from "../../testkit/people.ts";
import { refuses } from "../../testkit/provider.ts";
import { hasNoAxeFindings } from "./axe.ts";
import { entryTest, pageTest, stack } from "./setup.ts";

const SCREENS = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true },
};

const APIS = ["chat_completions", "anthropic_messages", "openai_responses", "gemini"];

const MARKDOWN = `# A title

- a list, and \`code\`

> said [somewhere](https://example.com)

\`\`\`js
const fox = "red";
\`\`\`

| fox | red |
| --- | --- |
| two | three |`;

/** Tokens and money, spent and left. */
const SPENDING: Spending = {
  today: { tokens: { spent: 1_200, held: 300 }, cost: { spent: 0.02, held: 0 } },
  month: { tokens: { spent: 90_000, held: 300 }, cost: { spent: 1.5, held: 0 } },
  budgets: [{
    ...{ bot_id: null, period: "month", resets_at: "2026-12-01T00:00:00Z", is_shared: false },
    ...{ tokens: { spent: 90_000, held: 300, limit: 100_000, left: 9_700 }, cost: null },
  }],
} as unknown as Spending;

/** The edges of what can be pressed that is smaller than this, but for links within a text. */
function tooSmall(page: Page, pixels: number, selector: string) {
  return page.locator(selector).evaluateAll(
    (elements, pixels) =>
      elements.filter((element) => element.checkVisibility()).map((element) => {
        const { width, height } = element.getBoundingClientRect();
        return { name: element.ariaLabel ?? element.textContent, width, height };
      }).filter(({ width, height }) => Math.min(width, height) < pixels),
    pixels,
  );
}

for (const [screen, options] of Object.entries(SCREENS)) {
  entryTest(`axe finds nothing in the entry on a ${screen}`, async ({ page, button }) => {
    await page.getByLabel("Email").waitFor();
    await hasNoAxeFindings(page, "signing in");
    await button("Sign in").click();
    await page.getByRole("alert").waitFor();
    await hasNoAxeFindings(page, "an entry that lacks something");
    await button("Create an account").click();
    await hasNoAxeFindings(page, "an account that is created");
    await page.route("**/config.json", (route) => route.fulfill({ status: 404 }));
    await page.reload();
    await page.getByLabel("Project URL").waitFor();
    await button("Continue").click();
    await page.getByRole("alert").waitFor();
    await hasNoAxeFindings(page, "the project form");
  }, options);

  pageTest(`axe finds nothing in a story on a ${screen}`, async (visit) => {
    const { visitor, page, button, user, call, answer, exchange } = visit;
    await hasNoAxeFindings(page, "a new story");
    await visitor.send("A story");
    const first = await call(1);
    await hasNoAxeFindings(page, "a story that waits");
    await first.token("Once upon a time");
    await visitor.shows("A story", "Once upon a time");
    await hasNoAxeFindings(page, "a story that is written");
    await first.finish("length");
    await visitor.idle();
    await button("Regenerate").click();
    await answer(2, MARKDOWN);
    await exchange("And then?", "The end.");
    const [{ id }] = await rest(stack.target, user, "messages?select=id&content=eq.The%20end.");
    const memory = { message_id: id, user_id: user.id, content: "A fox." };
    await insert(stack.target, user, "memories", memory, "message_id");
    await page.reload();
    await button("Memory of the story up to here").waitFor();
    await hasNoAxeFindings(page, "a story with Markdown, versions and a memory");
    await becomes(() => page.getByRole("heading", { level: 1 }).allInnerTexts(), ["A story"]);
    await becomes(() => page.getByRole("main").count(), 1);
    const aside = page.getByRole("complementary", { name: "Stories and account" });
    await becomes(() => aside.getByRole("navigation", { name: "Stories" }).count(), screen === "phone" ? 0 : 1);
    await becomes(() => page.getByRole("article", { name: "You" }).count(), 2);
    await becomes(() => page.getByRole("article", { name: "Story" }).count(), 2);
    await button("Compare").click();
    await page.getByRole("dialog").waitFor();
    await hasNoAxeFindings(page, "versions next to each other");
    await page.keyboard.press("Escape");
    await button("Edit").first().click();
    await hasNoAxeFindings(page, "a prompt that is edited");
    await button("Cancel").click();
    await button("Answer as…").last().click();
    await button("Storyteller").last().waitFor();
    await hasNoAxeFindings(page, "the choice of who answers");
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement?.textContent?.includes("Answer as…"));
    await button(/^Branches/).click();
    await page.locator(".outline").waitFor();
    await hasNoAxeFindings(page, "the outline");
    if (screen === "phone") await page.keyboard.press("Escape");

    const down = stack.provider.script(refuses(401, { error: { message: "no" } }));
    const [bot] = await rest(stack.target, user, "bots?select=id");
    await rest(stack.target, user, `bots?id=eq.${bot.id}`, { method: "PATCH", body: { access_path: down } });
    await visitor.send("Once more");
    await page.getByRole("alert").waitFor();
    await hasNoAxeFindings(page, "an error");
    await page.goto(`${stack.url}/#/story/${crypto.randomUUID()}`);
    await page.getByText("Story not found").waitFor();
    equal(await page.locator("h1").allInnerTexts(), ["Not found"]);
    // Nothing is offered for what is not there.
    equal(await page.locator(".bar").getByRole("combobox").or(page.locator(".bar [aria-haspopup=menu]")).count(), 0);
    await hasNoAxeFindings(page, "a story that is not there");
  }, options);

  pageTest(`axe finds nothing in the dialogs on a ${screen}, and each gives the focus back`, async (visit) => {
    const { page, button, choose, user, exchange } = visit;
    await exchange("A story", "An answer");
    const opener = () =>
      page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent?.trim());
    const dialog = page.getByRole("dialog");
    /** By its button in the column, or in the drawer. */
    const openFromSide = async (name: string | RegExp) => {
      if (screen === "phone") await button("Stories and account").click();
      await button(name).click();
      await dialog.waitFor();
    };
    const closesTo = async (name: string, close = () => page.keyboard.press("Escape")) => {
      await close();
      await dialog.waitFor({ state: "detached" });
      const wanted = screen === "phone" ? "Stories and account" : name;
      await eventually(`the focus is on ${wanted}`, async () => await opener() === wanted);
    };

    if (screen === "phone") {
      await button("Stories and account").click();
      await hasNoAxeFindings(page, "the drawer of stories");
      await page.keyboard.press("Escape");
    }
    await openFromSide("Bots");
    await hasNoAxeFindings(page, "the list of bots");
    await button("Edit Storyteller").click();
    await page.getByLabel("Instructions").waitFor();
    for (const summary of await page.locator("dialog details:not([open]) summary").all()) await summary.click();
    for (const api of APIS) {
      await page.getByLabel("API", { exact: true }).selectOption(api);
      await hasNoAxeFindings(page, `a bot of ${api}`);
    }
    await page.getByLabel("Provider").selectOption("OpenAI");
    await page.getByLabel("Model", { exact: true }).fill("");
    await button("Save").click();
    await page.getByRole("alert").waitFor();
    await hasNoAxeFindings(page, "a bot that lacks something");
    await button("Delete bot").click();
    await becomes(opener, "Keep");
    await hasNoAxeFindings(page, "a bot that is to be deleted");
    await page.keyboard.press("Enter");
    await becomes(opener, "Delete bot");
    // Escape closes no form that has entries.
    await closesTo("Bots", () => button("Close").click());

    await page.route(
      "**/rpc/my_spending*",
      (route) => route.fulfill({ headers: { "access-control-allow-origin": "*" }, json: SPENDING }),
    );
    await openFromSide("Usage");
    await page.getByRole("progressbar").waitFor();
    await hasNoAxeFindings(page, "usage");
    await closesTo("Usage");
    await openFromSide(new RegExp(user.email));
    await hasNoAxeFindings(page, "the account");
    await closesTo(`Account ${user.email}`);

    for (const item of ["What would be sent…", "Rename…", "Delete…"]) {
      await button("Story menu").click();
      if (item === "Rename…") await hasNoAxeFindings(page, "the menu of a story");
      await button(item).click();
      await dialog.waitFor();
      await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
      await hasNoAxeFindings(page, item);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await eventually("the focus is on the menu", async () => await opener() === "Story menu");
    }
    await choose("Story menu", "Delete…");
    await dialog.getByRole("button", { name: "Delete" }).click();
    await dialog.waitFor({ state: "detached" });
    // What opened the dialog is gone: the focus is where the next story begins.
    await page.waitForFunction(() => ["composer", "messages"].includes(document.activeElement!.id));
  }, options);
}

pageTest("what can be pressed is large enough for a finger", async ({ page, button, exchange }) => {
  await exchange("A story", "An answer");
  equal(await tooSmall(page, 24, "button, a, summary, select, input"), []);
  equal(await tooSmall(page, 44, ".icon-button, .round-button, .button"), []);
  await button("Stories and account").tap();
  await button("Bots").waitFor();
  equal(await tooSmall(page, 44, "dialog .button, dialog .row-button, dialog .conversation-link"), []);
  await button("Bots").tap();
  await button("Edit Storyteller").tap();
  await page.getByLabel("Instructions").waitFor();
  equal(await tooSmall(page, 24, "dialog button, dialog summary, dialog select, dialog label.check"), []);
  equal(await tooSmall(page, 44, "dialog .button, dialog .field input, dialog select"), []);
}, SCREENS.phone);

pageTest("colours of the user's own leave the focus and the present story visible", async (visit) => {
  const { page, composer, exchange } = visit;
  await exchange("A story", "An answer");
  await composer.focus();
  const outline = (selector: string) =>
    page.locator(selector).first().evaluate((element) => getComputedStyle(element).outlineStyle);
  await becomes(() => outline(".composer-box"), "solid");
  await becomes(() => outline(".conversation-link[aria-current]"), "solid");
  await page.getByRole("button", { name: "Bots" }).focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  await becomes(() => outline(".row-button:focus"), "solid");
}, { forcedColors: "active" });
