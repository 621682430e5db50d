/** Errors and how a user recovers, and deleting. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { becomes } from "../../testkit/eventually.ts";
import { rest } from "../../testkit/people.ts";
import { refuses } from "../../testkit/provider.ts";
import { pageTest, stack } from "./setup.ts";

pageTest("a key that the provider rejects is explained, and can be replaced at once", async (visit) => {
  const { visitor, page, button, choose, user, call, answer } = visit;
  const rejecting = stack.provider.script(refuses(401, { error: { message: "bad key sk-4711" } }));
  const [bot] = await rest(stack.target, user, "bots?select=id,access_path");
  await rest(stack.target, user, `bots?id=eq.${bot.id}`, { method: "PATCH", body: { access_path: rejecting } });
  await page.reload();
  await visitor.send("A story");
  const alert = page.getByRole("alert");
  await alert.getByText("The provider rejected this bot’s key").waitFor();
  ok(!(await page.content()).includes("sk-4711"));

  await button("Bot settings").click();
  await page.getByLabel("Base URL").fill(bot.access_path);
  await page.getByLabel("Key").fill("sk-better");
  await choose("Save", "Retry");
  const { headers, body } = await call(1);
  equal(headers.get("authorization"), "Bearer sk-better");
  equal(body.messages, [{ role: "user", content: "A story" }]);
  await answer(1, "At last");
  await visitor.shows("A story", "At last");
  await becomes(() => alert.count(), 0);
});

pageTest("an answer that its provider broke off is regenerated, or continued where it stopped", async (visit) => {
  const { visitor, page, button, call, answer } = visit;
  await visitor.send("A story");
  const first = await call(1);
  await first.token("Half of ");
  await visitor.shows("A story", "Half of ");
  first.end();
  await page.getByText("answer was invalid or incomplete").waitFor();
  await page.getByText("Interrupted").waitFor();
  await visitor.shows("A story", "Half of ");
  await button("Retry").click();
  const second = await call(2);
  await second.token("All ");
  await visitor.shows("A story", "All ");
  second.end();
  await page.getByText("2/2").waitFor();
  await button("Continue").click();
  equal((await call(3)).body.messages[1].content, "All");
  await answer(3, "of it");
  await visitor.shows("A story", "All of it");
  await page.getByText("3/3").waitFor();
  await becomes(() => page.getByRole("alert").count(), 0);
});

pageTest("the rate limit counts down, and the prompt is not lost", async ({ visitor, exchange }) => {
  await visitor.page.clock.install();
  for (let count = 1; count <= 5; count++) await exchange(`Prompt ${count}`, `Answer ${count}`);
  await visitor.send("One more");
  const retry = visitor.button(/^Retry/);
  await becomes(() => retry.innerText(), /^Retry in \d+ s$/);
  await becomes(() => retry.isDisabled(), true);
  await becomes(async () => (await visitor.messages()).at(-1), "One more");
  await visitor.page.clock.fastForward(60_000);
  await visitor.button("Retry").waitFor();
  await becomes(() => visitor.button("Retry").isEnabled(), true);
});

pageTest("a bot is deleted and its stories stay; a story is deleted", async (visit) => {
  const { visitor, page, button, choose, exchange } = visit;
  await exchange("A story", "An answer");
  await choose("Bots", "Edit Storyteller", "Delete bot");
  await page.getByText("Its stories stay").waitFor();
  await button("Delete").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await visitor.shows("A story", "An answer");

  await choose("Story menu", "Delete…", "Delete");
  await page.getByText("Your stories will be listed here").waitFor();
  await page.getByText("First, create a bot").waitFor();
});
