/// <reference lib="dom" />
/** The form of a bot: presets of providers, the test of a stored bot, a model's habits. */

import { deepStrictEqual as equal } from "node:assert/strict";
import type { Page } from "playwright-core";
import { PROVIDERS } from "../../playground/data/providers.ts";
import { holdRequests } from "../../testkit/browser.ts";
import { becomes, within } from "../../testkit/eventually.ts";
import { rest } from "../../testkit/people.ts";
import { answers, refuses } from "../../testkit/provider.ts";
import { pageTest, stack } from "./setup.ts";

const [openai, anthropic] = PROVIDERS;
const [[model, window]] = Object.entries(openai.models);

/** The name of the field that has the focus. */
const focused = (page: Page) => page.evaluate(() => (document.activeElement as HTMLInputElement).name);

pageTest("a preset fills the form of a bot, says so, is undone, and keeps the user's own", async (visit) => {
  const { page, button, choose, save, user } = visit;
  await choose("Bots", "New bot");
  const field = (label: string) => page.getByLabel(label, { exact: true });
  const shown = (...labels: string[]) => Promise.all(labels.map((label) => field(label).inputValue()));
  const all = () => shown("Provider", "Base URL", "API", "Context window");
  await becomes(all, ["", "", "chat_completions", ""]);
  await field("Name").fill("Preset");
  // Neither closes what has entries.
  await page.mouse.click(2, 2);
  await page.keyboard.press("Escape");
  await field("Provider").selectOption("OpenAI");
  await page.getByText("Now enter its key and choose a model").waitFor();
  await becomes(all, ["OpenAI", openai.base_url, openai.api, ""]);
  equal(
    await page.locator("datalist option").evaluateAll((all) => all.map((option) => option.getAttribute("value"))),
    Object.keys(openai.models),
  );
  await becomes(() => page.getByRole("link", { name: "Its models and keys" }).getAttribute("href"), openai.docs);
  await field("Model").fill(model);
  await becomes(all, ["OpenAI", openai.base_url, openai.api, String(window)]);
  await field("Model").fill("a-model-of-my-own");
  await becomes(async () => (await all())[3], "");
  await field("Model").fill(model);

  await page.getByText("Model’s habits").click();
  await field("Context window").fill("8,000");
  await page.getByText("Address, API and temperature").click();
  await field("Base URL").fill("https://own.test/v1");
  await becomes(all, ["", "https://own.test/v1", openai.api, "8,000"]);
  await field("Provider").selectOption("Anthropic");
  await becomes(all, ["Anthropic", anthropic.base_url, anthropic.api, "8,000"]);
  await becomes(() => field("Model").inputValue(), model);
  await button("Undo").click();
  await becomes(all, ["", "https://own.test/v1", openai.api, "8,000"]);
  await becomes(() => field("Provider").evaluate((element) => document.activeElement === element), true);
  await becomes(() => button("Undo").count(), 0);
  equal(await button("Test").count(), 0);

  await field("Provider").selectOption("Anthropic");
  await button("Create bot").click();
  await page.getByRole("alert").getByText("Enter a key of Anthropic.").waitFor();
  await becomes(() => focused(page), "access_key");
  await field("Key").fill("sk-ant-1");
  await save("Create bot");
  const columns = "access_path,api,model,context_tokens";
  await becomes(() => rest(stack.target, user, `bots?select=${columns}&name=eq.Preset`), [
    { access_path: anthropic.base_url, api: anthropic.api, model, context_tokens: 8_000 },
  ]);
});

pageTest("a bot is tested as it is created: what is wrong, with the relay's words, and its window", async (visit) => {
  const { page, button, choose, save, user } = visit;
  const wrong = stack.provider.script(refuses(401, { error: { message: "Incorrect key" } }));
  const right = stack.provider.script(answers("OK"));
  stack.provider.page(right, "/models", { data: [{ id: "m", context_length: 32_768 }] });
  await choose("Bots", "New bot");
  await page.getByLabel("Name").fill("Newcomer");
  await page.getByLabel("Key").fill("sk-1");
  await page.getByLabel("Model", { exact: true }).fill("m");
  await page.getByLabel("Base URL").fill(wrong);
  await button("Create and test").click();
  const group = page.getByRole("group", { name: "Test" });
  const findings = async () => (await group.getByRole("listitem").allInnerTexts()).join("\n");
  await becomes(findings, /The address answers\.[^]*rejected this bot’s key/);
  await becomes(() => group.getByRole("status").innerText(), /refused the key of this bot with status 401/);
  const stored = () => rest(stack.target, user, "bots?select=access_path,context_tokens&name=eq.Newcomer");
  await becomes(stored, [{ access_path: wrong, context_tokens: null }]);
  // It is stored now, and can be tested as it is.
  await button("Test").click();
  await within("the provider is asked again", stack.provider.called(wrong, 2));

  // What was entered is stored first, and the key does not stay on the page.
  await page.getByLabel("Base URL").fill(right);
  await page.getByLabel("Key").fill("sk-2");
  await button("Save and test").click();
  await becomes(findings, /The key is taken[^]*m answers\.[^]*It reads 32,768 tokens at once\./);
  await becomes(() => page.getByLabel("Key").inputValue(), "");
  equal(stack.provider.calls(right)[0].headers.get("authorization"), "Bearer sk-2");
  await button("Use this context window").click();
  const field = page.getByLabel("Context window");
  await becomes(() => field.evaluate((element) => document.activeElement === element), true);
  await becomes(() => field.inputValue(), "32768");
  await button("Use this context window").waitFor({ state: "detached" });
  await save();
  await becomes(stored, [{ access_path: right, context_tokens: 32_768 }]);
  const choice = page.getByRole("combobox");
  await becomes(() => choice.evaluate((box) => (box as HTMLSelectElement).selectedOptions[0].text), "Newcomer");
});

pageTest("a double click on Create makes one bot", async ({ page, button, choose, user }) => {
  const { release } = await holdRequests(page, "**/rest/v1/bots?*");
  await choose("Bots", "New bot");
  await page.getByLabel("Name").fill("Crow");
  await page.getByLabel("Model", { exact: true }).fill("m");
  await page.getByLabel("Base URL").fill("https://crow.example/v1");
  await button("Create bot").dblclick();
  release();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  equal(await rest(stack.target, user, "bots?select=name&name=eq.Crow"), [{ name: "Crow" }]);
});

pageTest("what cannot be stored is not tested, and a refused test says why", async ({ page, button, choose }) => {
  await choose("Bots", /^Edit/);
  await page.getByLabel("Model", { exact: true }).fill("");
  await button("Save and test").click();
  await page.getByRole("alert").getByText("Enter a model").waitFor();
  await becomes(() => focused(page), "model");
  await becomes(() => page.getByLabel("Model", { exact: true }).getAttribute("aria-invalid"), "true");
  equal(await page.getByRole("group", { name: "Test" }).getByRole("listitem").count(), 0);
  await page.getByLabel("Model", { exact: true }).fill("m");
  const message = "Cannot test the bot: 6 tests of bots were made in a minute";
  await page.route("**/stream/test", (route) =>
    route.fulfill({
      status: 429,
      headers: { "access-control-allow-origin": "*" },
      json: { error: { code: "rate_limited", message } },
    }));
  await button("Save and test").click();
  await page.getByText("Too many requests.").waitFor();
  await page.getByText(message).waitFor();
  await button("Test").waitFor();
});

pageTest("a story that begins before the bots have been read has its bot", async (visit) => {
  const { visitor, page, user, answer } = visit;
  const { asked, release } = await holdRequests(page, "**/rest/v1/bots?*", "GET");
  await page.reload();
  await visitor.send("A story");
  await asked;
  release();
  await answer(1, "An answer");
  const [{ id }] = await rest(stack.target, user, "bots?select=id");
  await becomes(() => rest(stack.target, user, "conversations?select=bot_id"), [{ bot_id: id }]);
});

pageTest("a model's habits are set once, and its headers are never shown again", async (visit) => {
  const { page, button, choose, save, user, call, exchange } = visit;
  const open = async () => {
    await choose("Bots", "Edit Storyteller");
    equal(await page.getByLabel("Context window").isVisible(), false);
    await page.getByText("Model’s habits").click();
  };
  await open();
  await page.getByLabel("Context window").fill("100");
  await button("Save").click();
  await page.getByText("The context window must be a whole number from 256 to 10,000,000").waitFor();
  await page.getByLabel("Context window").fill("8,000");
  await page.getByLabel("Kept for the answer").fill("500");
  await page.getByLabel("Takes a system message").uncheck();
  await page.getByLabel("Goes on from a last message of its own").check();
  await page.getByLabel("Wants the first message to be the user’s").check();
  await page.getByLabel("Write memories of long stories").check();
  await page.getByLabel("Thinks before it answers").selectOption("Yes");
  await page.getByLabel("Headers").fill("X-Title: Fox");
  await page.getByLabel("Instructions").fill("Whisper.");
  await save();
  const columns = "context_tokens,reply_tokens,takes_prefill,takes_system,first_turn_is_user,thinks_first,memory";
  const stored = () => rest(stack.target, user, `bots?select=${columns}`);
  const habits = {
    ...{ context_tokens: 8_000, reply_tokens: 500, takes_prefill: true },
    ...{ takes_system: false, first_turn_is_user: true, thinks_first: true, memory: true },
  };
  await becomes(stored, [habits]);
  await exchange("A fox", "</think>Red.");
  const { headers, body } = await call(1);
  equal([headers.get("x-title"), body.messages], ["Fox", [{ role: "user", content: "Whisper.\n\nA fox" }]]);

  await open();
  await becomes(() => page.getByLabel("Context window").inputValue(), "8000");
  await becomes(() => page.getByLabel("Takes a system message").isChecked(), false);
  await becomes(() => page.getByLabel("Headers").inputValue(), "");
  await page.getByLabel("Context window").fill("");
  await save();
  await becomes(stored, [{ ...habits, context_tokens: null }]);
  await exchange("And then?", "Away.");
  equal((await call(2)).headers.get("x-title"), "Fox");

  await open();
  await becomes(() => page.getByLabel("API", { exact: true }).inputValue(), "chat_completions");
  await page.getByLabel("API", { exact: true }).selectOption("Anthropic’s Messages");
  await save();
  await becomes(() => rest(stack.target, user, "bots?select=api"), [{ api: "anthropic_messages" }]);
});
