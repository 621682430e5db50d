/** Stories: told, stopped, watched, told again, branched. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { rest, type TestUser } from "../../testkit/target.ts";
import type { House, Tools } from "./lab.ts";
import { readerOf } from "./reader.ts";

/** Registers them. */
export function testStories({ house, pageTest }: Tools): void {
  pageTest(
    "text grows, Escape stops it, and what there is stays",
    async ({ reader, call, user }) => {
      await reader.say("A sea story");
      const answer = await call(1);
      await reader.page.getByText("Finding the first words").waitFor();
      await answer.token("Once, ");
      await reader.shows("A sea story", "Once, ");
      await answer.token("by the\n\nsea");
      await reader.shows("A sea story", "Once, by the\n\nsea");
      await reader.composer.press("Escape");
      await answer.closed;
      await reader.page.getByText("Stopped by you").waitFor();
      await reader.shows("A sea story", "Once, by the\n\nsea");
      const [told] = await rest(house().target, user, "messages?select=content,finish_reason&is_user_author=is.false");
      equal(told, { content: "Once, by the\n\nsea", finish_reason: "cancelled" });
    },
  );

  pageTest(
    "what a bot thinks is shown apart, and is no part of the story",
    async ({ reader, call }) => {
      await reader.say("A riddle");
      const answer = await call(1);
      await answer.send(
        `data: ${JSON.stringify({ choices: [{ index: 0, delta: { reasoning_content: "Hm, a fox." } }] })}\n\n`,
      );
      await reader.page.getByText("Thinking…").click();
      await reader.page.getByText("Hm, a fox.").waitFor();
      await answer.token("Who am I?");
      await answer.finish();
      await reader.rests();
      await reader.shows("A riddle", "Who am I?");
      await reader.page.getByText("What it thought first").waitFor();
    },
  );

  pageTest(
    "a reload in the middle goes on where the story is",
    async ({ reader, call }) => {
      await reader.say("A long story");
      const answer = await call(1);
      await answer.token("First half, ");
      await reader.shows("A long story", "First half, ");
      await reader.page.reload();
      await reader.shows("A long story", "First half, ");
      await answer.token("second half");
      await reader.shows("A long story", "First half, second half");
      await answer.finish();
      await reader.rests();
      await reader.shows("A long story", "First half, second half");
      await reader.page.reload();
      await reader.shows("A long story", "First half, second half");
    },
  );

  pageTest(
    "a page that goes before the relay has answered has its story told once",
    async ({ reader, call, user }) => {
      const { page } = reader;
      await page.route("**/functions/v1/stream", async (route) => {
        // The request comes through, and its answer never does.
        const request = route.request();
        const { authorization } = await request.allHeaders();
        const response = await fetch(request.url(), {
          method: "POST",
          headers: { authorization, "content-type": "application/json" },
          body: request.postData(),
        });
        await response.body?.cancel();
      }, { times: 1 });
      await reader.say("Only once");
      const answer = await call(1);
      await page.reload();
      await answer.token("Told once");
      await reader.shows("Only once", "Told once");
      await answer.finish();
      await reader.rests();
      equal((await rest(house().target, user, "messages?select=id")).length, 2);
    },
  );

  pageTest(
    "a story that is left is written on, and the list shows until when",
    async ({ reader, call }) => {
      const { page } = reader;
      await page.clock.install();
      await reader.say("A story");
      const answer = await call(1);
      await answer.token("Told");
      await reader.shows("A story", "Told");
      await page.getByRole("link", { name: "New story" }).click();
      await page.getByText("How does it begin?", { exact: true }).waitFor();
      const busy = page.getByRole("link", { name: "A story (being written)" });
      await busy.waitFor();
      await answer.finish();
      await eventually("the list shows that it has ended", async () => {
        await page.clock.runFor(1_000);
        return await busy.count() === 0;
      });
      await page.getByRole("link", { name: "A story" }).click();
      await reader.shows("A story", "Told");
      await reader.rests();
    },
  );

  pageTest(
    "a second tab watches live, and can stop it",
    async ({ window, reader, call }) => {
      await reader.say("A story for two");
      const answer = await call(1);
      await answer.token("One ");
      await reader.shows("A story for two", "One ");
      const second = readerOf(await window.tab(reader.page.url()));
      await second.shows("A story for two", "One ");
      await answer.token("two");
      await Promise.all([reader.shows("A story for two", "One two"), second.shows("A story for two", "One two")]);
      await second.button("Stop").click();
      await Promise.all([reader.rests(), second.rests()]);

      // What begins in the second tab comes to the first without being asked for.
      await second.say("Go on");
      const next = await call(2);
      await next.token("three");
      await reader.shows("A story for two", "One two", "Go on", "three");
      await next.finish();
      await Promise.all([reader.rests(), second.rests()]);
    },
  );

  pageTest(
    "a part is told again, both versions stay, and a reader goes back and forth",
    async ({ reader, call, tell, user }) => {
      await reader.say("A tale");
      await tell(1, "First version");
      await reader.rests();
      await reader.button("Tell it again").click();
      const answer = await call(2);
      equal(answer.body.messages.at(-1).content, "A tale");
      await answer.token("Second version");
      await reader.shows("A tale", "Second version");
      await answer.finish();
      await reader.rests();
      await reader.page.getByText("2/2").waitFor();
      await reader.button("Previous version").click();
      await reader.shows("A tale", "First version");
      await reader.page.getByText("1/2").waitFor();
      equal(await leafOf(house(), user), "First version");
      await reader.page.reload();
      await reader.shows("A tale", "First version");
      await reader.button("Next version").click();
      await reader.shows("A tale", "Second version");
    },
  );

  pageTest(
    "an earlier prompt is edited and sent again: a branch, and the old one stays",
    async ({ reader, call, tell }) => {
      await reader.say("A dog");
      await tell(1, "Bark");
      await reader.rests();
      await reader.say("Louder");
      await tell(2, "BARK");
      await reader.rests();
      await reader.button("Edit").first().click();
      const editor = reader.page.getByLabel("Edit what you said");
      await editor.fill("A cat");
      await editor.press("Enter");
      const answer = await call(3);
      equal(answer.body.messages, [{ role: "user", content: "A cat" }]);
      await answer.token("Meow");
      await answer.finish();
      await reader.rests();
      await reader.shows("A cat", "Meow");
      await reader.button("Previous version").click();
      await reader.shows("A dog", "Bark", "Louder", "BARK");
    },
  );

  pageTest(
    "the outline shows each branch and leads there; a branch begins anywhere",
    async ({ reader, tell }) => {
      await reader.say("A dog");
      await tell(1, "Bark");
      await reader.rests();
      await reader.say("Louder");
      await tell(2, "BARK");
      await reader.rests();
      await reader.button("Branch here").click();
      await reader.shows("A dog", "Bark");
      await reader.say("Softer");
      await tell(3, "bark");
      await reader.rests();
      await reader.button("Branches, 2 of them").click();
      const rows = reader.page.locator(".outline button");
      equal(
        await rows.allInnerTexts(),
        ["A dog", "Bark", "Louder", "BARK", "Softer", "bark"].map((
          text,
          index,
        ) => `${index % 2 ? "Story:" : "You:"}\n${text}`),
      );
      await rows.nth(2).click();
      await reader.shows("A dog", "Bark", "Louder", "BARK");
      await reader.page.locator(".outline [aria-current=location]").getByText("BARK").waitFor();
    },
  );
}

/** The text of the active leaf of the one conversation that the user has. */
async function leafOf({ target }: House, user: TestUser) {
  const [{ active_message_id }] = await rest(target, user, "conversations?select=active_message_id");
  const [{ content }] = await rest(target, user, `messages?select=content&id=eq.${active_message_id}`);
  return content;
}
