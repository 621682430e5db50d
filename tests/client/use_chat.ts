/** A front end on the AI SDK's useChat, rendered in Chromium, that streams, stops, resumes and regenerates. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { toUIMessages } from "../../client/ai_sdk/transport.ts";
import { hasChromium } from "../../testkit/browser.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { skip } from "../../testkit/skipped.ts";
import type { ChatConfiguration } from "./chat_page.ts";
import { bundle, reload, useChromium, useStack, withPage } from "./runtimes.ts";
import { signUpWithBot } from "./scenarios.ts";
import { contentOf, createWriter, failAndRegenerate, LONG, parentOf, writeBranches } from "./writer.ts";

const setup = useStack();
let script: string;

/** A page with a chat on it, and the rows of its user. */
async function chatOn(page: Page) {
  const { target } = setup;
  const user = await signUpWithBot(setup);
  const writer = createWriter(target, user, page);
  async function mount(configuration: Partial<ChatConfiguration> = {}) {
    const { workers: [url] } = target;
    await page.evaluate(`mount(${JSON.stringify({ url, token: user.token, messages: [], ...configuration })})`);
    await page.waitForSelector("main");
  }
  await mount();
  return {
    ...writer,
    /** Loads the page again, with what is stored. */
    async reload() {
      const { id, active_message_id } = await writer.conversation();
      const messages = toUIMessages(await writer.rows(), active_message_id);
      await reload(page, script);
      await mount({ conversation: id, messages });
    },
  };
}

function chatTest(rule: string, run: (chat: Awaited<ReturnType<typeof chatOn>>) => Promise<void>) {
  Deno.test(`useChat in Chromium: ${rule}`, () => withPage(script, async (page) => await run(await chatOn(page))));
}

if (hasChromium()) {
  useChromium();
  Deno.test.beforeAll(async () => void (script = await bundle("tests/client/chat_page.ts")));

  chatTest("edited, next and regenerated messages are stored where they are shown", writeBranches);

  chatTest("stop cancels, and the next message hangs below what was stored", async (chat) => {
    await chat.press("Send", { chunks: 10, end: "wait" });
    await chat.grown(10);
    await chat.press("Stop");
    await chat.press("Send", { chunks: 3 });
    const [, stopped, next, last] = await chat.ended(4);
    equal([stopped.finish_reason, stopped.is_complete], ["cancelled", false]);
    equal([next, last].map(parentOf), [stopped.id, next.id]);
    await becomes(async () => (await chat.shown())[3], last.content);
  });

  chatTest("what was stopped is continued in its place, and a bot takes one more turn", async (chat) => {
    await chat.press("Send", { chunks: 10, end: "wait" });
    await chat.grown(10);
    await chat.press("Stop");
    await chat.press("Continue");
    const [question, stopped, whole] = await chat.ended(3);
    equal([stopped.finish_reason, parentOf(whole)], ["cancelled", question.id]);
    ok(whole.content.startsWith(stopped.content) && whole.content.length > stopped.content.length);
    await chat.shows([question, whole].map(contentOf));
    await chat.press("Answer");
    const turn = (await chat.ended(4))[3];
    equal([parentOf(turn), turn.is_user_author], [whole.id, false]);
    await chat.shows([question, whole, turn].map(contentOf));
    await chat.press("Send", { chunks: 2 });
    equal(parentOf((await chat.ended(6))[4]), turn.id);
  });

  chatTest("a page that is loaded again goes on with an answer, and shows it once after its end", async (chat) => {
    await chat.press("Send", { chunks: 2 });
    await chat.ended(2);
    await chat.press("Send", LONG);
    await eventually("two answers", async () => (await chat.shown()).length === 4);
    const before = await chat.grown(20);
    await chat.reload();
    ok((await chat.grown(before.length)).startsWith(before));
    // A device without this storage finds it by its conversation.
    await chat.page.evaluate("sessionStorage.clear()");
    await chat.reload();
    await chat.page.waitForSelector(`output:text-is("streaming")`);
    await chat.press("Stop");
    const rows = await chat.ended(4);
    await chat.shows(rows.map(contentOf));
    // The transport knows the row of a resumed answer, too.
    await chat.press("Regenerate");
    await chat.page.waitForSelector(`output:text-is("streaming")`);
    await chat.press("Stop");
    const [, , question, , again] = await chat.ended(5);
    equal(parentOf(again), question.id);
    await chat.reload();
    await chat.ended(5);
    await chat.shows([rows[0], rows[1], question, again].map(contentOf));
  });

  chatTest(
    "another answer that is being written when the page is loaded again takes the old one's place",
    async (chat) => {
      await chat.press("Send", LONG);
      await chat.grown(10);
      await chat.press("Stop");
      await chat.ended(2);
      await chat.press("Regenerate");
      await chat.page.waitForSelector(`output:text-is("streaming")`);
      await chat.reload();
      await chat.page.waitForSelector(`output:text-is("streaming")`);
      await becomes(async () => (await chat.shown()).length, 2);
      await chat.press("Stop");
      const [question, , again] = await chat.ended(3);
      await chat.shows([question, again].map(contentOf));
      await chat.press("Send", { chunks: 2 });
      const rows = await chat.ended(5);
      equal(parentOf(rows[3]), again.id);
    },
  );

  chatTest("a failure is the relay's typed error, and regenerate gives another answer", failAndRegenerate);
} else skip("useChat in a browser: there is no Chromium");
