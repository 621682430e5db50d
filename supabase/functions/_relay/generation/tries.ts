/** Asks the bot of a generation, and then its fallbacks, until one of them has said something. */

import type { CalledBot } from "../database/begin.ts";
import type { Tried } from "../database/finish.ts";
import { pause } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import { type ErrorCode, RelayError } from "../protocol/errors.ts";
import { MAX_REPEAT_WAIT_S } from "../protocol/limits.ts";
import type { ProviderEnd } from "../provider/provider.ts";
import type { Deadlines } from "./deadlines.ts";
import { type EndReason, toEndReason } from "./ending.ts";
import { type Generation, logFields } from "./generation.ts";

/** The failures of a provider after which another one may do better. */
const LEADS_ON: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "provider_error",
  "provider_timeout",
  "provider_rate_limited",
  "provider_auth",
  "provider_bad_response",
  "provider_not_allowed",
]);

/** Sends one request; called again only if the first one brought nothing. */
export type Send = (signal: AbortSignal) => Promise<ProviderEnd>;

/** What a run does for its requests. */
export interface Asking {
  /** `isLast`: no other bot is asked after this one. Rejects if the bot's provider may not be called. */
  prepare(bot: CalledBot, isLast: boolean): Promise<Send>;
  /** Whether text or reasoning has reached the transcript or the readers: from then on nothing else is asked. */
  hasText(): boolean;
}

/** The bots in the order in which they are asked; there is one at least. */
function chainOf({ admission }: Pick<Generation, "admission">): CalledBot[] {
  return [...(admission.rests ? [] : [admission]), ...admission.fallbacks];
}

/**
 * Settles as the last request does; `tried` gets all of them. Whatever ends the generation ends its request, and no
 * other is made. Until one has answered, each bot has its share of the time to the first token.
 */
export async function askInTurn(
  platform: Platform,
  generation: Generation,
  deadlines: Deadlines,
  asking: Asking,
  tried: Tried[],
): Promise<ProviderEnd> {
  const bots = chainOf(generation);
  for (let at = 0;; at++) {
    const left = bots.length - at;
    // The last request has the generation's own signal: nothing ends the one without the other.
    const own = left === 1 ? null : createOwnSignal(generation.signal);
    const hasTime = deadlines.share(left, own?.stop ?? generation.stop);
    try {
      return await askOne(platform, generation, asking, tried, bots[at], own?.signal ?? generation.signal, left === 1);
    } catch (thrown) {
      const error = hasTime && left > 1 ? leadsOn(generation, asking, thrown) : null;
      if (error === null) throw thrown;
      logTry(platform, generation, tried, error);
    } finally {
      own?.leave();
    }
  }
}

async function askOne(
  platform: Platform,
  generation: Generation,
  { prepare, hasText }: Asking,
  tried: Tried[],
  bot: CalledBot,
  signal: AbortSignal,
  isLast: boolean,
): Promise<ProviderEnd> {
  async function noted(request: () => Promise<ProviderEnd>): Promise<ProviderEnd> {
    const noText = "provider_bad_response";
    const note = (code: Tried["code"]) => tried.push({ botId: bot.bot_id, model: bot.model, code });
    try {
      const end = await request();
      if (!isLast && !hasText()) throw new RelayError(noText, "The provider's answer has no text");
      note(hasText() ? "answered" : noText);
      return end;
    } catch (thrown) {
      note(hasText() ? "answered" : toEndReason(thrown).error?.code ?? null);
      throw thrown;
    }
  }

  let send: Send | undefined;
  try {
    return await noted(async () => {
      send = await orAborted(prepare(bot, isLast), signal);
      return await send(signal);
    });
  } catch (thrown) {
    const { error } = toEndReason(thrown);
    const waitS = error?.retryAfter ?? Infinity;
    if (send === undefined || error === null || waitS > MAX_REPEAT_WAIT_S || hasText()) throw thrown;
    logTry(platform, generation, tried, error);
    await pause(platform.clock, waitS * 1_000, signal);
    signal.throwIfAborted();
    return await noted(() => send!(signal));
  }
}

/** The failure after which another bot may be asked; null: none may. */
function leadsOn({ signal }: Generation, { hasText }: Asking, thrown: unknown): RelayError | null {
  const { error } = toEndReason(thrown);
  return error !== null && LEADS_ON.has(error.code) && !signal.aborted && !hasText() ? error : null;
}

/** Logged only if another request follows: the failure of the last one is the generation's. */
function logTry({ clock, log }: Platform, generation: Generation, tried: Tried[], cause: RelayError) {
  const { botId, model } = tried.at(-1)!;
  log("warn", "try_failed", {
    ...{ ...logFields(generation), bot_id: botId, model },
    ...{ latency_ms: clock.now() - generation.startedAt, tries: tried.length, code: cause.code, cause },
  });
}

/** A signal for one request, which aborts with the generation or alone. */
function createOwnSignal(whole: AbortSignal) {
  const controller = new AbortController();
  const abort = () => controller.abort(whole.reason);
  if (whole.aborted) abort();
  whole.addEventListener("abort", abort);
  return {
    signal: controller.signal,
    stop: (reason: EndReason) => controller.abort(reason),
    leave: () => whole.removeEventListener("abort", abort),
  };
}

/** Rejects with the signal's reason, too; the work then goes on, and its result is dropped. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
