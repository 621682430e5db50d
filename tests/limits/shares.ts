/** What the users of a worker share: its memory, the turns of starts, and the patience for starts that fail. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { CONTEXT_CHARACTER_BYTES, GENERATION_BYTES } from "../../supabase/functions/_relay/platform/memory.ts";
import {
  FIRST_CONTEXT_CHARACTERS,
  LARGE_MEMORY_BYTES,
  MAX_LARGE_MEMORY_PERCENT,
  MAX_REFUSED_STARTS,
  MAX_STARTS_IN_FLIGHT,
  MAX_USER_MEMORY_PERCENT,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import { newAuthor, newClient } from "../../testkit/author.ts";
import { answers } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import type { Limit } from "./limit_stack.ts";

/** The least that a worker may have. */
const RELAY_MEMORY_BYTES = 64 * 1024 * 1024;

/** Characters of a context that fill a user's share of that. */
const SHARE = Math.floor(
  (RELAY_MEMORY_BYTES / 2 * MAX_USER_MEMORY_PERCENT / 100 - GENERATION_BYTES) / CONTEXT_CHARACTER_BYTES,
);

export const shareLimits: Limit[] = [{
  title: `a path of more than ${FIRST_CONTEXT_CHARACTERS} characters is asked for twice, and has to fit a user's share`,
  async run({ stack, proxy }) {
    ok((FIRST_CONTEXT_CHARACTERS + 1) * CONTEXT_CHARACTER_BYTES < LARGE_MEMORY_BYTES);
    ok(SHARE * CONTEXT_CHARACTER_BYTES < RELAY_MEMORY_BYTES / 2 * MAX_LARGE_MEMORY_PERCENT / 100);
    const worker = await stack.worker(
      { RELAY_MEMORY_BYTES: String(RELAY_MEMORY_BYTES), RELAY_RATE_LIMIT_PER_MINUTE: "100" },
      { supabaseUrl: proxy.url },
    );
    const author = await newAuthor(stack.targetOf([worker]), stack.provider, answers("Once"));
    const asked: number[] = [];
    proxy.intercept((name, { max_context }) => {
      if (name === "relay_begin") asked.push(max_context);
      return "pass";
    });
    try {
      const first = FIRST_CONTEXT_CHARACTERS;
      for (const [characters, calls] of [[first, 1], [first + 1, 2], [SHARE + 1, 2]]) {
        asked.length = 0;
        const conversation_id = await author.insert("conversations");
        // The prompt has one character.
        let parent_id: string | null = null;
        for (let left = characters - 1; left > 0; left -= 1_000_000) {
          parent_id = await author.insert("messages", {
            ...{ conversation_id, parent_id, content: "x".repeat(Math.min(left, 1_000_000)) },
            is_user_author: true,
          });
        }
        const response = await author.ask({ prompt: "y", parent_id });
        if (characters > SHARE) await expectRefusal(response, 413, "payload_too_large");
        else equal((await response.text()).includes("event: done"), true);
        if (characters > SHARE) ok(asked.every((max) => max <= SHARE), `${asked}`);
        else equal(asked, [first, characters].slice(0, calls));
      }
    } finally {
      proxy.intercept();
      await worker.stop();
    }
  },
}, {
  title: `after ${MAX_REFUSED_STARTS} refused starts in a minute the database is not asked, and other users start`,
  async run({ stack, proxy }) {
    const worker = await stack.worker({}, { supabaseUrl: proxy.url });
    const author = await newAuthor(stack.targetOf([worker]), stack.provider, answers("Once"));
    const stranger = await newClient(stack.targetOf([worker]));
    let begins = 0;
    proxy.intercept((name, { user_id }) => {
      if (name === "relay_begin" && user_id === stranger.user.id) begins++;
      return "pass";
    });
    try {
      for (let index = 0; index < MAX_REFUSED_STARTS; index++) {
        await expectRefusal(await stranger.ask({ prompt: "Once" }), 404, "bot_not_found");
      }
      const response = await stranger.ask({ prompt: "Once" });
      const seconds = Number(response.headers.get("retry-after"));
      ok(seconds > 0 && seconds <= 60, `${seconds}`);
      await expectRefusal(response, 429, "rate_limited");
      equal(begins, MAX_REFUSED_STARTS);
      equal((await author.generate({ prompt: "Once" })).text, "Once");
    } finally {
      proxy.intercept();
      await worker.stop();
    }
  },
}, {
  title: `${MAX_STARTS_IN_FLIGHT} starts of a user are under way at once; others of the user wait, and then start`,
  async run({ stack, proxy }) {
    const worker = await stack.worker({ RELAY_MAX_CONCURRENT: "5" }, { supabaseUrl: proxy.url });
    const target = stack.targetOf([worker]);
    const author = await newAuthor(target, stack.provider, answers("Once"));
    const other = await newAuthor(target, stack.provider, answers("Once"));
    let begins = 0;
    const full = Promise.withResolvers<void>();
    proxy.intercept((name, { user_id }) => {
      if (name !== "relay_begin" || user_id !== author.user.id) return "pass";
      if (++begins === MAX_STARTS_IN_FLIGHT) full.resolve();
      return "hold";
    });
    try {
      const asked = Array.from({ length: 5 }, () => author.ask({ prompt: "Once" }));
      await full.promise;
      equal((await other.generate({ prompt: "Once" })).text, "Once");
      equal(begins, MAX_STARTS_IN_FLIGHT);
      // Those that are held fail, and those that waited have their turns.
      proxy.intercept();
      const statuses = await Promise.all(asked.map(async (response) => {
        const { status, body } = await response;
        await body?.cancel();
        return status;
      }));
      equal(statuses.sort(), [200, 200, 200, 503, 503]);
    } finally {
      proxy.intercept();
      // To stop it would wait for what it may have been admitted.
      await worker.kill();
    }
  },
}];
