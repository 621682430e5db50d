/** POST /stream/test: whether a bot's address, key and model work. It asks the provider, and stores nothing. */

import type { Database } from "../_relay/database/database.ts";
import type { OwnBot } from "../_relay/database/own_bot.ts";
import { readJson } from "../_relay/http/body.ts";
import { json } from "../_relay/http/responses.ts";
import { GENERATION_BYTES } from "../_relay/platform/memory.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import type { Turns } from "../_relay/platform/turns.ts";
import { RelayError, toRelayError } from "../_relay/protocol/errors.ts";
import {
  MAX_CANCEL_BODY_BYTES,
  MAX_MODELS_BYTES,
  MAX_TESTS_PER_MINUTE,
  TEST_TIMEOUT_MS,
} from "../_relay/protocol/limits.ts";
import { parseTestRequest } from "../_relay/protocol/requests.ts";
import type { LookUp } from "../_relay/provider/models.ts";
import type { Provider, ProviderCall } from "../_relay/provider/provider.ts";
import { createRefusedStarts, type Starts } from "./starts.ts";

/** The prompt of the test; the first text or reasoning of the answer is enough. */
const PROMPT = "Say OK.";

/** The shortest limit that every API takes; a model may think before its first word. */
const REPLY_TOKENS = 16;

/** The list of a provider's models is read as text, and then parsed. */
const TEST_BYTES = GENERATION_BYTES + 8 * MAX_MODELS_BYTES;

/** What a test works with. */
export interface BotTestDependencies {
  platform: Platform;
  calls: Turns;
  database: Pick<Database, "ownBot">;
  starts: Starts;
  provider: Provider;
  lookUp: LookUp;
  checkAddress: (accessPath: string) => Promise<URL>;
}

/** For the bot's owner alone: a provider's words can name what is the owner's. One counts a user's tests. */
export function createBotTest(
  { platform, calls, database, starts, provider, lookUp, checkAddress }: BotTestDependencies,
): (userId: string, request: Request) => Promise<Response> {
  const { clock } = platform;
  const tests = createRefusedStarts(clock.now, MAX_TESTS_PER_MINUTE, "tests of bots were made");

  async function run(bot: OwnBot) {
    const abort = new AbortController();
    const stops = [clock.after(TEST_TIMEOUT_MS, () => abort.abort(new RelayError("provider_timeout")))];
    try {
      const call = callOf(bot, await checkAddress(bot.access_path));
      // At the same time, and with a shorter limit: a list that does not come says nothing about the bot.
      const look = new AbortController();
      stops.push(clock.after(TEST_TIMEOUT_MS / 4, () => look.abort(over("The list of models did not come in time"))));
      const listed = lookUp({ ...call }, AbortSignal.any([abort.signal, look.signal]));
      const since = clock.now();
      await firstOf(provider, call, abort.signal);
      const firstTokenMs = Math.max(clock.now() - since, 0);
      const { isListed, contextTokens } = await listed;
      return {
        ok: true,
        model: bot.model,
        is_listed: isListed,
        context_tokens: contextTokens ?? bot.learned_tokens,
        first_token_ms: firstTokenMs,
      };
    } catch (thrown) {
      const { code, message } = toRelayError(thrown);
      return { ok: false, model: bot.model, error: { code, message } };
    } finally {
      for (const stop of stops) stop();
      abort.abort(over("The test is over"));
    }
  }

  return (userId, request) =>
    starts.run(userId, async () => {
      tests.check(userId);
      const hold = platform.memory.open(userId, TEST_BYTES);
      try {
        const { bot_id } = parseTestRequest(await readJson(request, clock, hold, MAX_CANCEL_BODY_BYTES));
        tests.count(userId);
        const bot = await calls.run(userId, () => database.ownBot(userId, String(bot_id)));
        if (bot === null) throw new RelayError("bot_not_found", "Cannot test the bot: this user owns none of this id");
        return json(await run(bot), 200);
      } finally {
        hold.end();
      }
    });
}

/** Ends with the first sign of an answer; it is not read on, because each token costs. */
async function firstOf(provider: Provider, call: ProviderCall, limit: AbortSignal): Promise<void> {
  const enough = new AbortController();
  try {
    await provider.stream(call, AbortSignal.any([limit, enough.signal]), (deltas) => {
      if (deltas.length > 0) enough.abort(over("The model has begun to answer"));
    });
  } catch (error) {
    if (limit.aborted) throw limit.reason;
    if (!enough.signal.aborted) throw error;
  }
}

const over = (message: string) => new DOMException(message, "AbortError");

function callOf(bot: OwnBot, baseUrl: URL): ProviderCall {
  return {
    api: bot.api,
    baseUrl,
    accessKey: bot.access_key || null,
    headers: bot.headers,
    model: bot.model,
    temperature: bot.temperature,
    params: bot.params,
    messages: [{ role: "user", content: PROMPT }],
    takesSystem: bot.takes_system,
    firstTurnIsUser: bot.first_turn_is_user,
    thinksFirst: bot.thinks_first,
    replyTokens: REPLY_TOKENS,
  };
}
