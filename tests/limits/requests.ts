/** What a client may send: each limit is met, then passed by one. */

import { deepStrictEqual as equal } from "node:assert/strict";
import {
  MAX_BODY_BYTES,
  MAX_CONTEXT_CHARACTERS,
  MAX_ISSUES,
  MAX_PROMPT_CHARACTERS,
  MAX_STREAM_ID_CHARACTERS,
  MAX_SYSTEM_CHARACTERS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { post } from "../../testkit/reader.ts";
import { makeBot, rest } from "../../testkit/target.ts";
import { ask, type Bench, expectAdmitted, expectRefused, type Limit } from "./bench.ts";

/** A field takes so many characters and not one more. */
function field(name: string, reaches: string, limit: number, make: (length: number) => Record<string, string>): Limit {
  return {
    reaches: [reaches],
    title: `${name} may have ${limit} characters`,
    async run(bench) {
      await expectAdmitted(await ask(bench, make(limit)));
      const over = await ask(bench, make(limit + 1));
      const { issues } = await expectRefused(over, 400, "invalid_request");
      equal(issues.map(({ path }: { path: string }) => path), [name]);
    },
  };
}

/** A body of so many bytes, most of them spaces. */
async function postBytes({ rig, user, main }: Bench, bytes: number): Promise<Response> {
  const url = rig.provider.script((call) => call.finish());
  const bot_id = await makeBot(rig.target, user, url);
  const body = JSON.stringify({ prompt: "Once", bot_id });
  return post(`${main.url}/stream`, user.token, body.padEnd(bytes));
}

/** The body of POST /stream, and the story that it makes the relay send. */
export const requestLimits: Limit[] = [
  field(
    "prompt",
    "MAX_PROMPT_CHARACTERS",
    MAX_PROMPT_CHARACTERS,
    // A character is a code point: two UTF-16 units here.
    (length) => ({ prompt: "🐉".repeat(length) }),
  ),
  field(
    "system",
    "MAX_SYSTEM_CHARACTERS",
    MAX_SYSTEM_CHARACTERS,
    (length) => ({ prompt: "Once", system: "s".repeat(length) }),
  ),
  field(
    "stream_id",
    "MAX_STREAM_ID_CHARACTERS",
    MAX_STREAM_ID_CHARACTERS,
    (length) => ({ prompt: "Once", stream_id: crypto.randomUUID().padEnd(length, "x") }),
  ),
  {
    reaches: ["MAX_ISSUES"],
    title: `a refusal names ${MAX_ISSUES} fields`,
    async run(bench) {
      for (const wrong of [MAX_ISSUES, MAX_ISSUES + 1]) {
        const names = Array.from({ length: wrong }, (_, i) => `field_${i}`);
        const fields = Object.fromEntries(names.map((name) => [name, 1]));
        const { issues } = await expectRefused(await ask(bench, { prompt: "Once", ...fields }), 400, "invalid_request");
        equal(issues.map(({ path }: { path: string }) => path), names.slice(0, MAX_ISSUES));
      }
    },
  },
  {
    reaches: ["MAX_BODY_BYTES"],
    title: `a body may have ${MAX_BODY_BYTES} bytes`,
    async run(bench) {
      await expectAdmitted(await postBytes(bench, MAX_BODY_BYTES));
      const over = await postBytes(bench, MAX_BODY_BYTES + 1);
      await expectRefused(over, 413, "payload_too_large");
    },
  },
  {
    reaches: ["MAX_CONTEXT_CHARACTERS"],
    title: `a story's path may have ${MAX_CONTEXT_CHARACTERS} characters`,
    async run(bench) {
      const { rig, user } = bench;
      const made = { method: "POST", prefer: "return=representation" };
      const [conversation] = await rest(
        rig.target,
        user,
        "conversations?select=id",
        { ...made, body: { user_id: user.id } },
      );
      const [message] = await rest(rig.target, user, "messages?select=id", {
        ...made,
        body: {
          user_id: user.id,
          conversation_id: conversation.id,
          content: "m".repeat(MAX_CONTEXT_CHARACTERS - 10),
          is_user_author: true,
        },
      });
      const at = { conversation_id: conversation.id, parent_id: message.id };
      await expectAdmitted(await ask(bench, { prompt: "p".repeat(10), ...at }));
      const over = await ask(bench, { prompt: "p".repeat(11), ...at });
      await expectRefused(over, 413, "payload_too_large");
    },
  },
];
