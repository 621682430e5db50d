/** What goes wrong and is put right, and what is thrown away. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { rest } from "../../testkit/target.ts";
import type { Tools } from "./lab.ts";

/** Registers them. */
export function testFailures({ house, pageTest }: Tools): void {
  pageTest(
    "a key that the provider refuses is told in words, and mended on the spot",
    async ({ reader, user, call, tell }) => {
      const refusing = house().provider.script(() =>
        Response.json({ error: { message: "bad key sk-4711" } }, { status: 401 })
      );
      const [bot] = await rest(house().target, user, "bots?select=id,access_path");
      await rest(house().target, user, `bots?id=eq.${bot.id}`, { method: "PATCH", body: { access_path: refusing } });
      await reader.page.reload();
      await reader.say("A story");
      const alert = reader.page.getByRole("alert");
      await alert.getByText("did not accept this bot’s key").waitFor();
      ok(!(await reader.page.content()).includes("sk-4711"));

      await reader.button("Bot settings").click();
      await reader.page.getByLabel("Base URL").fill(bot.access_path);
      await reader.page.getByLabel("Key").fill("sk-better");
      await reader.button("Save").click();
      await reader.button("Try again").click();
      const answer = await call(1);
      equal(answer.headers.get("authorization"), "Bearer sk-better");
      equal(answer.body.messages, [{ role: "user", content: "A story" }]);
      await tell(1, "At last");
      await reader.shows("A story", "At last");
      equal(await alert.count(), 0);
    },
  );

  pageTest(
    "a provider that breaks off leaves what was told, and a way on",
    async ({ reader, call, tell }) => {
      await reader.say("A story");
      const answer = await call(1);
      await answer.token("Half of ");
      await reader.shows("A story", "Half of ");
      answer.end();
      await reader.page.getByText("answer did not come through").waitFor();
      await reader.page.getByText("Cut short").waitFor();
      await reader.shows("A story", "Half of ");
      await reader.button("Try again").click();
      await tell(2, "All of it");
      await reader.rests();
      await reader.shows("A story", "All of it");
      await reader.page.getByText("2/2").waitFor();
    },
  );

  pageTest(
    "the rate limit counts down, and what was said is not lost",
    async ({ reader, tell }) => {
      await reader.page.clock.install();
      for (let count = 1; count <= 5; count++) {
        await reader.say(`Part ${count}`);
        await tell(count, `Told ${count}`);
        await reader.rests();
      }
      await reader.say("One more");
      const again = reader.button(/^Try again/);
      match(await again.innerText(), /^Try again in \d+ s$/);
      ok(await again.isDisabled());
      equal((await reader.passages()).at(-1), "One more");
      await reader.page.clock.fastForward(60_000);
      await reader.button("Try again").waitFor();
      ok(await reader.button("Try again").isEnabled());
    },
  );

  pageTest("text is text, whatever it looks like", async ({ reader, tell }) => {
    const text = `<img src=x onerror="document.title='caught'"> & <b>bold</b>`;
    await reader.say(text);
    await tell(1, text);
    await reader.rests();
    await reader.shows(text, text);
    equal(await reader.page.locator(".text img, .text b").count(), 0);
  });

  pageTest(
    "a story is renamed and deleted, a bot goes and its stories stay",
    async ({ reader, tell }) => {
      const { page, button } = reader;
      await reader.say("A story");
      await tell(1, "Told");
      await reader.rests();
      await button("More about this story").click();
      await button("Rename…").click();
      await page.getByLabel("Title").fill("The Tale");
      await button("Rename").click();
      await page.getByRole("heading", { name: "The Tale" }).waitFor();

      await button("Bots").click();
      await button("Edit Storyteller").click();
      await button("Delete bot").click();
      await page.getByText("Its stories stay").waitFor();
      await button("Delete").click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await reader.shows("A story", "Told");

      await button("More about this story").click();
      await button("Delete…").click();
      await button("Delete").click();
      await page.getByText("Your stories will be listed here").waitFor();
      await page.getByText("First, somebody to tell it").waitFor();
    },
  );
}
