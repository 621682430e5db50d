/** A user who writes on a page in Chromium: what the test pages of useChat and of useStory have in common. */

import { deepStrictEqual as equal } from "node:assert/strict";
import type { Page } from "playwright-core";
import type { StoryRow } from "../../client/history.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import type { Order } from "../../testkit/ordered.ts";
import { rest, type Target, type TestUser } from "../../testkit/people.ts";
import { order } from "./scenarios.ts";

export const parentOf = ({ parent_id }: StoryRow) => parent_id;
export const contentOf = ({ content }: StoryRow) => content;

/** Longer than a test takes on a slow machine: the test stops it. */
export const LONG: Order = { chunks: 5_000, pauseMs: 10 };

/** A page has buttons, a text area, `output` with the hook's status, and `li` for each message. */
export function createWriter(target: Target, user: TestUser, page: Page) {
  const rows = (): Promise<StoryRow[]> => rest(target, user, "messages?select=*&order=created_at,id");
  const shown = () => page.locator("li").evaluateAll((items) => items.map((item) => item.textContent));
  return {
    page,
    rows,
    /** The user's only conversation. */
    async conversation(): Promise<{ id: string; active_message_id: string }> {
      return (await rest(target, user, "conversations?select=id,active_message_id"))[0];
    },
    /** The texts on the page: questions and answers in turn. */
    shown,
    /** Types an order into the box and presses the button. */
    async press(button: string, prompt?: Order) {
      if (prompt) await page.fill("textarea", order(prompt));
      await page.click(`button:text-is("${button}")`);
    },
    /** Waits until this many messages are stored, questions included, and the hook has this status; gives the rows. */
    async ended(messages: number, status = "ready") {
      const stored = await eventually(`${messages} messages`, async () => {
        const stored = await rows();
        return stored.length === messages && stored;
      });
      await page.waitForSelector(`output:text-is("${status}")`);
      return stored;
    },
    /** Waits until the page shows these texts. */
    shows: (texts: string[]) => becomes(shown, texts),
    /** Waits for an answer that is longer than this many characters. */
    grown: (characters: number) =>
      eventually("an answer grows", async () => {
        const text = await page.locator("li.assistant").last().textContent().catch(() => "");
        return text!.length > characters && text!;
      }),
  };
}

type Writer = ReturnType<typeof createWriter>;

/** Edits, goes on and regenerates on a page that was just mounted: each message is stored where it is shown. */
export async function writeBranches(writer: Writer): Promise<void> {
  await writer.press("Send", { seed: 1, chunks: 30 });
  await writer.ended(2);
  await writer.press("Edit", { seed: 2, chunks: 30 });
  await writer.ended(4);
  await writer.press("Send", { seed: 3, chunks: 30 });
  await writer.ended(6);
  await writer.press("Regenerate");
  const rows = await writer.ended(7);
  const [first, , edited, answer, next, , again] = rows;
  equal(rows.map(parentOf), [null, first.id, null, edited.id, answer.id, next.id, next.id]);
  equal(new Set(rows.map(({ conversation_id }) => conversation_id)).size, 1);
  await writer.shows([edited, answer, next, again].map(contentOf));
}

/** A failure is the relay's typed error, and regenerate gives another answer. */
export async function failAndRegenerate(writer: Writer): Promise<void> {
  await writer.press("Send", { chunks: 5, end: "break" });
  const rows = await writer.ended(2, "error");
  await becomes(() => writer.page.textContent("strong"), "provider_bad_response");
  await writer.shows(rows.map(contentOf));
  await writer.press("Regenerate");
  const [question, , again] = await writer.ended(3, "error");
  equal(parentOf(again), question.id);
}
