/// <reference lib="dom" />
/** What an operator decides, and who answers when a provider is down. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import type { Budget, Spending } from "../../client/spending.ts";
import { becomes } from "../../testkit/eventually.ts";
import { makeBot, rest } from "../../testkit/people.ts";
import { answers, refuses } from "../../testkit/provider.ts";
import { pageTest, stack } from "./setup.ts";

pageTest("the bot form sets fallbacks, and the answer of one says whose it is", async (visit) => {
  const { visitor, page, button, choose, save, user, exchange } = visit;
  const [main] = await rest(stack.target, user, "bots?select=id");
  const spare = await makeBot(stack.target, user, stack.provider.script(answers("From the spare one")), {
    name: "Spare",
  });
  const crow = await makeBot(stack.target, user, stack.provider.script(answers("From the crow")), { name: "Crow" });
  await rest(stack.target, user, `bots?id=eq.${main.id}`, { method: "PATCH", body: { name: "Main" } });
  await page.reload();
  await page.locator(".bot-choice select").selectOption("Main");
  await exchange("A story", "From the main one");
  equal(await page.getByText("By Main").count(), 0);

  await choose("Bots", "Edit Main");
  await page.getByText("When its provider is down").click();
  await page.getByLabel("Ask first").selectOption("Crow");
  await page.getByLabel("Then", { exact: true }).selectOption("Crow");
  await button("Save").click();
  await page.getByRole("alert").getByText("Choose each bot once").waitFor();
  await page.getByLabel("Then", { exact: true }).selectOption("Spare");
  await save();
  const rows = await rest(
    stack.target,
    user,
    "bot_fallbacks?select=bot_id,position,fallback_bot_id&order=position",
  );
  equal(rows, [
    { bot_id: main.id, position: 1, fallback_bot_id: crow },
    { bot_id: main.id, position: 2, fallback_bot_id: spare },
  ]);

  const down = stack.provider.script(refuses(500, { error: { message: "down" } }));
  for (const id of [main.id, crow]) {
    await rest(stack.target, user, `bots?id=eq.${id}`, {
      method: "PATCH",
      body: { access_path: down, access_key: "k" },
    });
  }
  await visitor.send("And then?");
  await visitor.shows("A story", "From the main one", "And then?", "From the spare one");
  await visitor.idle();
  await page.getByText("By Spare").waitFor();
  await page.reload();
  await page.getByText("By Spare").waitFor();

  await choose("Bots", "Edit Main");
  await becomes(() => page.getByLabel("Ask first").inputValue(), crow);
  for (const label of ["Ask first", "Then"]) await page.getByLabel(label, { exact: true }).selectOption("None");
  await save();
  await becomes(() => rest(stack.target, user, "bot_fallbacks?select=bot_id"), []);
});

const refusals = [
  [
    "not_admitted",
    403,
    "It is late. The story goes on at seven in the morning",
    "This story cannot go on right now.",
  ],
  [
    "budget_exceeded",
    402,
    "Cannot start the generation: it needs about 1240 tokens, and this month's budget has 310 of 200000 left",
    "A budget of this relay has too little left for an answer.",
  ],
] as const;
pageTest("a refusal of the operator's is shown with the relay's words, and the prompt is kept", async (visit) => {
  const { visitor, page } = visit;
  const headers = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" };
  for (const [code, status, message, title] of refusals) {
    await page.route(
      "**/functions/v1/stream",
      (route) =>
        route.request().method() === "POST"
          ? route.fulfill({ status, headers, json: { error: { code, message } } })
          : route.continue(),
    );
    await visitor.send("A story");
    await page.getByRole("alert").getByText(title).waitFor();
    await page.getByText(message).waitFor();
    await becomes(() => visitor.composer.inputValue(), "A story");
  }
});

pageTest("the usage shows what was spent, and what of each budget is left", async ({ page, button, exchange }) => {
  await exchange("A story", "An answer");
  await button("Usage").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This month").waitFor();
  match(await dialog.innerText(), /Today\s+[1-9][\d,]* tokens\s+This month\s+[1-9]/);
  equal(await dialog.getByRole("listitem").count(), 0);
  await button("Close").click();

  const budget: Budget = {
    period: "month",
    bot_id: null,
    resets_at: null,
    is_shared: false,
    cost: null,
    tokens: null,
  };
  const budgets: Budget[] = [
    { ...budget, period: "ever", is_shared: true },
    {
      ...budget,
      tokens: { limit: 200_000, spent: 150_000, held: 0, left: 50_000 },
      resets_at: "2026-12-15T12:00:00Z",
    },
  ];
  await page.route("**/rest/v1/rpc/my_spending", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...await response.json() as Spending, budgets } });
  });
  await button("Usage").click();
  const items = dialog.getByRole("listitem");
  await items.first().waitFor();
  const [shared, own] = await items.allInnerTexts();
  match(shared, /In all, all users together\s+What is left is not shown/);
  match(own, /This month\s+50,000 of 200,000 tokens left\s+It begins again on Dec 15, 2026/);
  equal(await dialog.getByRole("progressbar").evaluate((bar) => (bar as HTMLProgressElement).value), 0.75);
  await becomes(() => button("Close").isVisible(), true);
});

pageTest("a preview of a long story shows its ends, and the rest where it is asked for", async (visit) => {
  const { page, button, choose, exchange } = visit;
  await exchange("A fox", "Red.");
  const messages = Array.from({ length: 400 }, (_, index) => ({
    ...{
      role: index % 2 === 0 ? "user" : "assistant",
      characters: 1_000 + index,
      estimated_tokens: 300,
      message_id: null,
    },
  }));
  await page.route("**/stream", (route) =>
    route.fulfill({
      headers: { "access-control-allow-origin": "*" },
      json: {
        ...{ bot_id: "1", bot_reason: "conversation", model: "m", conversation_id: "1", parent_id: null, messages },
        ...{ memory: null, left_out: null, estimated_tokens: 120_000, context_tokens: 128_000, reply_tokens: null },
        fits: true,
      },
    }));
  await choose("Story menu", "What would be sent…");
  const rows = page.getByRole("list", { name: "Messages" }).getByRole("listitem");
  await page.getByText("Many earlier messages were left out.").waitFor();
  await becomes(() => rows.count(), 16);
  await button("Show 385 more messages").click();
  await becomes(() => rows.count(), 400);
  await becomes(() => rows.nth(3).evaluate((row) => document.activeElement === row), true);
  await becomes(() => rows.nth(3).innerText(), /1,003 characters/);
});
