/** A front end on the AI SDK's useChat, rendered in Chromium, that streams, stops, resumes and regenerates through the relay. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Page } from "playwright-core";
import { type Browser, hasChromium, prepare, startBrowser } from "./browser.ts";
import { bundle } from "./bundle.ts";
import type { ChatConfiguration } from "./chat_page.ts";
import { startStoryProvider, type StoryProvider } from "./story_provider.ts";
import { type Order, order } from "./world.ts";
import { type DevStack, startDevStack } from "../../testkit/stack.ts";
import { eventually } from "../../testkit/eventually.ts";
import { skip } from "../../testkit/skipped.ts";
import { makeBot, rest, signUp, type Target, type TestUser } from "../../testkit/target.ts";

let stack: DevStack;
let provider: StoryProvider;
let browser: Browser;
let script: string;

/** A page with a chat on it, and the story behind it. */
interface Lab {
  page: Page;
  user: TestUser;
  mount(conversation?: string): Promise<void>;
  /** Puts an order into the box and presses the button. */
  press(button: string, prompt?: Order): Promise<void>;
  /** Waits until so many messages are stored, questions among them, and the hook has this status. */
  ended(messages: number, status?: string): Promise<void>;
  /** The texts that are shown: questions and answers in turn. */
  shown(): Promise<string[]>;
  /** Waits for an answer that is longer than so many characters. */
  grown(characters: number): Promise<string>;
  // deno-lint-ignore no-explicit-any
  rows(): Promise<any[]>;
}

function chatTest(rule: string, run: (lab: Lab) => Promise<void>) {
  Deno.test(`useChat in Chromium: ${rule}`, async () => {
    const target: Target = {
      workers: [stack.functions_url],
      supabaseUrl: stack.url,
      publishableKey: stack.publishable_key,
      secretKey: stack.secret_key,
      jwtSecret: stack.jwt_secret,
    };
    const user = await signUp(target);
    await makeBot(target, user, provider.url);
    await browser.withPage(stack.url, script, async (page) => {
      const lab: Lab = {
        page,
        user,
        async mount(conversation) {
          const configuration: ChatConfiguration = { target, user, conversation };
          await page.evaluate(
            // deno-lint-ignore no-explicit-any
            (configuration) => (globalThis as any).mount(configuration),
            configuration,
          );
          await page.waitForSelector("main");
        },
        async press(button, prompt) {
          if (prompt) await page.fill("textarea", order(prompt));
          await page.click(`button:text-is("${button}")`);
        },
        async ended(messages, status = "ready") {
          await eventually(`${messages} messages`, async () => (await lab.rows()).length === messages);
          await page.waitForSelector(`output:text-is("${status}")`);
        },
        shown: () => page.locator("li").evaluateAll((items) => items.map((item) => item.textContent)),
        grown: (characters) =>
          eventually("an answer grows", async () => {
            const text = await page.locator("li.assistant").last().textContent()
              .catch(() => "");
            return text!.length > characters && text!;
          }),
        rows: () => rest(target, user, "messages?select=*&order=created_at,id"),
      };
      await lab.mount();
      await run(lab);
    });
  });
}

if (hasChromium()) {
  Deno.test.beforeAll(async () => {
    provider = startStoryProvider();
    [stack, browser, script] = await Promise.all([
      startDevStack([], { RELAY_BEAT_MS: "200", RELAY_RATE_LIMIT_PER_MINUTE: "100" }),
      startBrowser(),
      bundle("tests/client/chat_page.ts"),
    ]);
  });

  Deno.test.afterAll(async () => {
    await browser.close();
    await stack.stop();
    await provider.close();
  });

  chatTest(
    "what is streamed is what is stored, message after message",
    async ({ press, ended, shown, rows }) => {
      await press("Send", { seed: 1, chunks: 30 });
      await ended(2);
      await press("Send", { seed: 2, chunks: 30 });
      await ended(4);
      const stored = await rows();
      equal(await shown(), stored.map(contentOf));
      equal(stored.map(parentOf), [null, ...stored.slice(0, 3).map(idOf)]);
      equal(new Set(stored.map(conversationOf)).size, 1);
    },
  );

  chatTest(
    "stop cancels, and the next message hangs below what was stored",
    async ({ press, ended, shown, rows, grown }) => {
      await press("Send", { chunks: 10, end: "wait" });
      await grown(10);
      await press("Stop");
      await press("Send", { chunks: 3 });
      await ended(4);
      const [, stopped, next, last] = await rows();
      equal([stopped.finish_reason, stopped.is_complete], ["cancelled", false]);
      equal([next, last].map(parentOf), [stopped, next].map(idOf));
      equal((await shown())[3], last.content);
    },
  );

  chatTest(
    "regenerate writes another version beside the first",
    async ({ press, ended, shown, rows }) => {
      await press("Send", { chunks: 10 });
      await ended(2);
      await press("Regenerate");
      await ended(3);
      const [question, first, second] = await rows();
      equal([first, second].map(parentOf), [question, question].map(idOf));
      equal(await shown(), [question, second].map(contentOf));
    },
  );

  chatTest(
    "an edited question is a sibling of the one before, a first question too",
    async ({ press, ended, shown, rows }) => {
      await press("Send", { seed: 1, chunks: 2 });
      await ended(2);
      await press("Edit", { seed: 2, chunks: 2 });
      await ended(4);
      const [first, , second, answer] = await rows();
      equal([first, second].map(parentOf), [null, null]);
      equal(first.conversation_id, second.conversation_id);
      equal(await shown(), [second, answer].map(contentOf));
    },
  );

  chatTest(
    "a page that is loaded again amid an answer goes on with it",
    async ({ page, press, ended, shown, rows, grown, mount }) => {
      await press("Send", { chunks: 2 });
      await ended(2);
      await press("Send", { chunks: 150, pauseMs: 10 });
      await eventually("two answers", async () => (await shown()).length === 4);
      const before = await grown(20);
      await page.reload();
      await prepare(page, script);
      const [{ conversation_id }] = await rows();
      await mount(conversation_id);
      ok((await grown(before.length)).startsWith(before));
      await ended(4);
      const stored = await rows();
      equal(await shown(), stored.map(contentOf));
      // What was resumed has its place in the story as well.
      await press("Regenerate");
      await ended(5);
      equal(parentOf((await rows())[4]), idOf(stored[2]));
    },
  );

  chatTest(
    "a page that is loaded again after the end shows the story once",
    async ({ page, press, ended, shown, rows, mount }) => {
      await press("Send", { chunks: 5 });
      await ended(2);
      await page.reload();
      await prepare(page, script);
      const stored = await rows();
      await mount(stored[0].conversation_id);
      await ended(2);
      equal(await shown(), stored.map(contentOf));
    },
  );

  chatTest(
    "a failure is the relay's typed error, and asking again is another version",
    async ({ page, press, ended, shown, rows }) => {
      await press("Send", { chunks: 5, end: "break" });
      await ended(2, "error");
      equal(await page.textContent("strong"), "provider_bad_response");
      equal(await shown(), (await rows()).map(contentOf));
      await press("Regenerate");
      await ended(3, "error");
      const [question, , again] = await rows();
      equal(parentOf(again), idOf(question));
    },
  );
} else skip("useChat in a browser: there is no /usr/bin/chromium");

interface Row {
  id: string;
  parent_id: string | null;
  content: string;
  conversation_id: string;
}

const idOf = ({ id }: Row) => id;
const parentOf = ({ parent_id }: Row) => parent_id;
const contentOf = ({ content }: Row) => content;
const conversationOf = ({ conversation_id }: Row) => conversation_id;
