/// <reference lib="dom" />
/** The list of stories, search, titles, and shortcuts. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { insert, rest } from "../../testkit/people.ts";
import { pageTest, stack, type Visit } from "./setup.ts";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true };
const DAY_MS = 86_400_000;

/** Stories of the user, the first one the newest, each an hour older than the one before. */
async function addStories({ user }: Pick<Visit, "user">, count: number) {
  const rows = Array.from({ length: count }, (_, index) => ({
    user_id: user.id,
    title: `Story ${index}`,
    updated_at: new Date(Date.now() - index * 3_600_000).toISOString(),
  }));
  await rest(stack.target, "service", "conversations", { method: "POST", body: rows });
}

pageTest("stories are listed below their days, and machines can read the dates", async ({ page, user }) => {
  const now = new Date();
  const days = [0, 1, 400].map((days) => new Date(now.getTime() - days * DAY_MS));
  await rest(stack.target, "service", "conversations", {
    method: "POST",
    body: days.map((at, index) => ({ user_id: user.id, title: `Story ${index}`, updated_at: at.toISOString() })),
  });
  await page.reload();
  const list = page.getByRole("navigation", { name: "Stories" });
  await list.getByRole("link").first().waitFor();
  const headings = list.getByRole("heading").locator("time");
  const year = days[2].getFullYear();
  const [today, yesterday, date] = await headings.allInnerTexts();
  equal([today, yesterday], ["Today", "Yesterday"]);
  match(date, new RegExp(`^[A-Z][a-z]+ \\d+, ${year}$`));
  equal(
    await headings.evaluateAll((times) => times.map((time) => time.getAttribute("datetime")!.length)),
    [10, 10, 10],
  );
  equal(await list.getByRole("list", { name: "Yesterday" }).getByRole("link").allInnerTexts(), ["Story 1"]);
});

pageTest("stories are read as the list is scrolled, each once", async (visit) => {
  const { page } = visit;
  await addStories(visit, 330);
  await page.reload();
  // By their class: to compute the role of each one takes longer than the test.
  const links = page.locator("nav .conversation-link");
  await eventually("the first ones are there", async () => await links.count() === 100);
  await eventually("all are there", async () => {
    await links.last().scrollIntoViewIfNeeded();
    return await links.count() === 330;
  });
  equal(new Set(await links.allInnerTexts()).size, 330);
  await becomes(() => links.last().innerText(), "Story 329");
  equal(await visit.visitor.button("Older stories").count(), 0);
  // What is new comes to the top, and what was read stays.
  await visit.exchange("A story", "An answer");
  await eventually("the new one is first", async () => (await links.first().innerText()).includes("A story"));
  await becomes(() => links.count(), 331);
});

pageTest("a bot gives a story its title, and until then its prompt is one", async (visit) => {
  const { visitor, page, user, call, answer } = visit;
  await rest(stack.target, user, `bots?user_id=eq.${user.id}`, { method: "PATCH", body: { titles: true } });
  await page.reload();
  await visitor.send("Tell me a story about a fox");
  await answer(1, "She put on her coat.");
  const link = page.getByRole("navigation", { name: "Stories" }).getByRole("link");
  const isShown = async (title: string) =>
    (await link.innerText()).includes(title) && await page.title() === `${title} · Storytellr` &&
    (await page.getByRole("heading", { level: 1 }).first().innerText()).includes(title);
  await eventually("its prompt is its title", () => isShown("A fox"));
  // This one brings nothing that could be a title.
  await (await call(2)).finish();
  await page.getByRole("link", { name: "New story" }).click();
  await page.reload();
  await eventually("the list has its first words", async () => (await link.innerText()).includes("A fox"));
  await link.click();
  await eventually("so has its header", () => isShown("A fox"));
  await visitor.send("Go on");
  await answer(3, "She went out.");
  const task = await call(4);
  await task.token("The Fox and Her Coat");
  await task.finish();
  await eventually("it has its own", () => isShown("The Fox and Her Coat"), 20_000);
});

pageTest("a search finds titles, prompts and answers, and a hit leads to its message", async (visit) => {
  const { visitor, page, exchange } = visit;
  await exchange("A dog", "It barked at 100% of them");
  await exchange("Louder", "BARK, said the dog");
  await visitor.button("Branch here").click();
  await exchange("Softer", "bark");
  await addStories(visit, 20);
  await page.reload();
  const field = page.getByRole("searchbox", { name: "Search your stories" });
  const found = page.getByRole("region", { name: "Found" });
  const hits = found.getByRole("link");
  await field.fill("bark");
  await found.getByText("3 places").waitFor();
  equal(await found.locator(".hit > span").allTextContents(), [
    "Story: bark",
    "Story: BARK, said the dog",
    "Story: It barked at 100% of them",
  ]);
  equal(await hits.nth(1).locator("mark").allInnerTexts(), ["BARK"]);
  await field.fill("100% of");
  await found.getByText("1 place").waitFor();
  await field.fill("1_0%");
  await found.getByText("Nothing was found").waitFor();
  await field.fill("story 7");
  await found.getByText("1 place").waitFor();
  await becomes(() => hits.first().locator("strong").innerText(), "Story 7");

  // To a message of another branch, in a story that is not open.
  await page.getByRole("link", { name: "New story" }).click();
  await page.waitForFunction(() => document.activeElement?.id === "composer");
  await field.fill("said the dog");
  equal(await field.inputValue(), "said the dog");
  await found.getByRole("link", { name: /BARK, said the dog/ }).click();
  await visitor.shows("A dog", "It barked at 100% of them", "Louder", "BARK, said the dog");
  await page.waitForFunction(() => document.activeElement?.textContent?.includes("BARK, said the dog"));
  await field.press("Escape");
  await becomes(() => field.inputValue(), "");
  await page.getByRole("navigation", { name: "Stories" }).waitFor();
});

pageTest("of two searches the last one is shown, whichever is answered first", async ({ page, exchange }) => {
  await exchange("A fox", "A crow");
  const first = Promise.withResolvers<void>();
  await page.route("**/rest/v1/rpc/search_conversations", async (route) => {
    if (route.request().postDataJSON().words === "fox") await first.promise;
    await route.continue().catch(() => {});
  });
  const field = page.getByRole("searchbox");
  const asked = page.waitForRequest("**/rest/v1/rpc/search_conversations");
  await field.fill("fox");
  await asked;
  await field.fill("crow");
  const found = page.getByRole("region", { name: "Found" });
  await found.getByText("1 place").waitFor();
  first.resolve();
  await page.waitForTimeout(100);
  match(await found.innerText(), /A crow/);
});

pageTest("a story is renamed and deleted in the list, and the focus goes on to the next one", async (visit) => {
  const { page, button, choose, user } = visit;
  await addStories(visit, 3);
  await page.reload();
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await button("Menu of Story 1").focus();
  await page.keyboard.press("Enter");
  await button("Rename…").click();
  await page.getByLabel("Title").fill("The Tale");
  await button("Rename").click();
  await page.getByRole("link", { name: "The Tale" }).waitFor();
  await choose("Menu of The Tale", "Delete…", "Delete");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await eventually("the next one has the focus", async () => await focused() === "Story 2");
  await choose("Menu of Story 2", "Delete…", "Delete");
  await eventually("the last one has it", async () => await focused() === "Story 0");
  await becomes(() => rest(stack.target, user, "conversations?select=title"), [{ title: "Story 0" }]);
});

pageTest("a title is edited where it stands", async ({ page, button, user, exchange }) => {
  await exchange("A story", "An answer");
  const title = page.getByRole("textbox", { name: "Title" });
  await button("A story").click();
  await becomes(() => title.inputValue(), "A story");
  await title.fill("Given up");
  await title.press("Escape");
  await page.getByRole("heading", { name: "A story" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent === "A story");
  await page.keyboard.press("Enter");
  await title.fill("الثعلب");
  await title.press("Enter");
  await page.getByRole("heading", { name: "الثعلب" }).waitFor();
  await becomes(() => rest(stack.target, user, "conversations?select=title"), [{ title: "الثعلب" }]);
});

pageTest("shortcuts do what their list says, and none fires in a text", async (visit) => {
  const { visitor, page, composer, call, exchange } = visit;
  const { keyboard } = page;
  const hasFocus = (label: string) => page.waitForFunction((label) => document.activeElement?.id === label, label);
  await exchange("A story", "An answer");
  await composer.fill("");
  await keyboard.type("nse?");
  await becomes(() => composer.inputValue(), "nse?");
  await composer.fill("");
  await keyboard.press("Alt+Shift+E");
  await page.getByLabel("Edit your message").waitFor();
  await keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.textContent?.includes("Edit"));
  await keyboard.press("s");
  await hasFocus("search");
  await keyboard.press("Alt+Shift+N");
  await page.getByText("How does it begin?", { exact: true }).waitFor();
  await hasFocus("composer");
  await page.getByRole("link", { name: "A story" }).focus();
  await keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Shortcuts" });
  match(await dialog.innerText(), /New story\s+Alt\s+Shift\s+N\s+or\s+N/);
  await keyboard.press("n");
  await page.getByLabel("A letter alone is a shortcut").uncheck();
  await keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.textContent === "A story");
  await keyboard.press("s");
  await keyboard.press("Alt+Shift+S");
  await hasFocus("search");
  await becomes(() => page.getByRole("searchbox").inputValue(), "");

  // Escape stops from anywhere.
  await visitor.send("Once");
  await (await call(2)).token("upon");
  await visitor.shows("Once", "upon");
  await page.getByRole("link", { name: "Once" }).focus();
  await keyboard.press("Escape");
  await page.locator(".ending").getByText("Stopped").waitFor();
});

pageTest("answers say what they cost where a price is known, and the story's menu what all did", async (visit) => {
  const { visitor, page, button, exchange } = visit;
  await exchange("A story", "An answer");
  await exchange("More", "Another");
  await button("Story menu").click();
  equal(await page.getByText("Spent on its answers").count(), 0);
  equal(await page.getByText("Cost").count(), 0);
  await page.route("**/rest/v1/messages?*", async (route) => {
    const response = await route.fetch();
    const rows: { is_user_author: boolean }[] = await response.json();
    const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12, cost: 0.00234 };
    await route.fulfill({ response, json: rows.map((row) => row.is_user_author ? row : { ...row, usage }) });
  });
  await page.reload();
  await visitor.shows("A story", "An answer", "More", "Another");
  await becomes(() => page.getByText("Cost 0.0023").count(), 2);
  await button("Story menu").click();
  await page.getByText("Spent on its answers: 0.0047").waitFor();
});

pageTest("on a phone the drawer has search and menus, and closes when a hit is chosen", async (visit) => {
  const { visitor, page, button, user } = visit;
  const id = (await insert(stack.target, user, "conversations", { user_id: user.id, title: "Deep" })).id;
  await rest(stack.target, user, "messages", {
    method: "POST",
    body: { user_id: user.id, conversation_id: id, content: "A fox in the snow" },
  });
  await page.reload();
  await button("Stories and account").tap();
  await becomes(() => button("Menu of Deep").isVisible(), true);
  await page.getByRole("searchbox").fill("snow");
  await page.getByRole("region", { name: "Found" }).getByRole("link").tap();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await visitor.shows("A fox in the snow");
  await page.waitForFunction(() => document.activeElement?.classList.contains("revealed"));
}, PHONE);
