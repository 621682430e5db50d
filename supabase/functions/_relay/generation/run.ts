/** Runs one generation: from the provider's deltas to the transcript and the readers, until something ends it. */

import type { CalledBot } from "../database/begin.ts";
import type { Answerer, Ending, Tried } from "../database/finish.ts";
import { contextBytes, GENERATION_BYTES, PARAMS_CHARACTER_BYTES, TEXT_UNIT_BYTES } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import { events, type Id } from "../protocol/events.ts";
import { MAX_MESSAGE_UNITS, MAX_REASONING_UNITS } from "../protocol/limits.ts";
import {
  type ContextMessage,
  type Delta,
  GO_ON,
  type Provider,
  type ProviderCall,
  takesPrefill,
} from "../provider/provider.ts";
import { type Deadlines, startDeadlines } from "./deadlines.ts";
import { endingOf, toEndReason } from "./ending.ts";
import type { AdmittedRequest, Generation } from "./generation.ts";
import { createSeam, type Seam, withoutBlankEnd } from "./seam.ts";
import { askInTurn, type Send } from "./tries.ts";

/** The turn of the user's for a model that takes no prefill. */
export const CONTINUE = "Your last message was cut off. Continue it from exactly where it ends, even within a word. " +
  "Repeat nothing of it, and write nothing but what follows; begin with a space or a line break where one is missing.";

/** The heading of a memory: the text that it stands in for is not sent. */
export const MEMORY_HEADING = "What has happened up to here, in short:";

/** How a generation ended, before that is stored; `error` is what went wrong. */
export interface RunResult {
  ending: Ending;
  error: RelayError | null;
  /** Who answered, or was asked last. */
  answerer: Answerer;
  /** How many requests were made. */
  tries: number;
}

/** The bots that a run may call. */
export interface Callers {
  provider: Provider;
  /** Checks a bot's base URL; throws `provider_not_allowed`. */
  checkAddress(accessPath: string): Promise<URL>;
}

/** Never rejects: whatever happens becomes an ending. `baseUrl` is the bot's own; null: not checked yet. */
export async function runGeneration(
  platform: Platform,
  { provider, checkAddress }: Callers,
  generation: Generation,
  baseUrl: URL | null,
): Promise<RunResult> {
  const { clock, configuration } = platform;
  const { startedAt, admission } = generation;
  // A clock that was set back must not give a time that no row can hold.
  const elapsed = () => Math.max(clock.now() - startedAt, 0);
  const isChain = admission.rests || admission.fallbacks.length > 0;
  const tried: Tried[] = [];
  let overheadMs: number | null = null;
  const deadlines = startDeadlines(clock, configuration, startedAt, generation.stop);
  const answer = createAnswer(generation, deadlines, elapsed);

  async function prepare(bot: CalledBot, isLast: boolean): Promise<Send> {
    const url = bot === admission && baseUrl !== null ? baseUrl : await checkAddress(bot.access_path);
    overheadMs ??= elapsed();
    const call = providerCall(generation, url, bot);
    coverRequest(generation, call);
    answer.expect(admission.continued, isLast);
    if (isLast) letGo(generation);
    return async (signal) => {
      const end = await provider.stream(call, signal, answer.onRead);
      answer.end();
      return end;
    };
  }

  function result(ending: Omit<Ending, "firstTokenMs" | "overheadMs">, error: RelayError | null): RunResult {
    const times = { firstTokenMs: answer.firstTokenMs(), overheadMs };
    const tries = isChain || tried.length > 1 ? triesOf(generation, tried) : {};
    return {
      ending: { ...ending, ...times, ...tries },
      error,
      answerer: answererOf(generation, tried),
      tries: tried.length,
    };
  }

  try {
    const asking = { prepare, hasText: answer.hasText };
    const end = await askInTurn(platform, generation, deadlines, asking, tried);
    return result({ status: "completed", finishReason: end.finishReason, errorCode: null, usage: end.usage }, null);
  } catch (thrown) {
    const reason = toEndReason(thrown);
    return result(endingOf(reason), reason.error);
  } finally {
    deadlines.end();
    letGo(generation);
  }
}

/** The results of the requests: nothing of one reaches the transcript or the readers once another has been made. */
function createAnswer(generation: Generation, deadlines: Deadlines, elapsed: () => number) {
  const { memory, transcript } = generation;
  let seam: Seam | null = null;
  let isLast = false;
  let hasText = false;
  let firstTokenMs: number | null = null;
  let reasoningUnits = 0;

  function take(deltas: Delta[]) {
    if (deltas.length === 0) return;
    if (!hasText) {
      hasText = true;
      if (!isLast) {
        letGo(generation);
        memory.fits(bytesWith(transcript.length));
      }
    }
    reasoningUnits = takeDeltas(generation, deltas, reasoningUnits);
  }

  return {
    /**
     * Called before each try. `continued`: the text that its answer goes on from; `isOfLast`: no other bot is left to
     * ask.
     */
    expect(continued: string | null, isOfLast: boolean) {
      seam = continued === null ? null : createSeam(continued);
      isLast = isOfLast;
      firstTokenMs = null;
    },
    onRead(deltas: Delta[], isComplete: boolean) {
      deadlines.touch(deltas.length > 0, isComplete);
      // The provider answers, so it has the context, and no further request will need it.
      if (firstTokenMs === null && isLast) memory.fits(bytesWith(transcript.length));
      if (deltas.length === 0) return;
      firstTokenMs ??= elapsed();
      take(seam === null ? deltas : seam.take(deltas));
    },
    end() {
      if (seam !== null) take(seam.end());
    },
    hasText: () => hasText,
    firstTokenMs: () => firstTokenMs,
  };
}

/** The last bot whose request was not stopped before it had said something. */
function answererOf({ admission }: Generation, tried: Tried[]): { bot_id: Id; model: string } {
  const last = tried.findLast(({ code }) => code !== null);
  return last === undefined
    ? { bot_id: admission.bot_id, model: admission.model }
    : { bot_id: last.botId, model: last.model };
}

function triesOf(generation: Generation, tried: Tried[]): Pick<Ending, "tries" | "answeredBy"> {
  const { bot_id } = answererOf(generation, tried);
  return { tries: tried, ...(bot_id === generation.admission.bot_id ? {} : { answeredBy: bot_id }) };
}

/**
 * Drops what no further request can need: the generation lives as long as the answer, and what it has sent can be
 * megabytes. The function that makes the requests still has the bots.
 */
function letGo({ admission, request }: Generation) {
  for (const bot of admission.fallbacks) bot.params = {};
  Object.assign(admission, {
    ...{ context: [], continued: null, memory: null, system_prompt: null, params: {} },
    ...{ rests: false, fallbacks: [] },
  });
  request.system = undefined;
}

/**
 * Holds the memory of the context until the provider has answered; the start knew only the number of its characters.
 */
function coverRequest({ memory, transcript, admission }: Generation, { messages, params }: ProviderCall) {
  const allParams = [params, ...admission.fallbacks.map((bot) => bot.params)];
  const paramsBytes = allParams.reduce((sum, one) => sum + JSON.stringify(one).length * PARAMS_CHARACTER_BYTES, 0);
  const textBytes = transcript.length * TEXT_UNIT_BYTES;
  if (memory.fits(GENERATION_BYTES + paramsBytes + textBytes + contextBytes(messages))) return;
  throw new RelayError("overloaded", "Cannot send the conversation: this worker has no memory left for it");
}

/**
 * Appends to the transcript before it writes to readers, so that no reader has text that the next beat would not store.
 * One read is one write. Takes and returns the length of the reasoning, which is not kept.
 */
function takeDeltas({ memory, transcript, readers }: Generation, deltas: Delta[], reasoningUnits: number): number {
  let written = "";
  for (const { kind, text } of deltas) {
    if (kind === "reasoning") reasoningUnits += text.length;
    const isTooMuch = kind === "reasoning"
      ? reasoningUnits > MAX_REASONING_UNITS
      : transcript.length + text.length > MAX_MESSAGE_UNITS;
    if (isTooMuch) {
      readers.write(written);
      throw tooMuch(kind);
    }
    if (kind === "reasoning") {
      written += events.reasoning(text);
    } else if (!memory.fits(bytesWith(transcript.length + text.length))) {
      readers.write(written);
      throw new RelayError("overloaded", "Cannot take more text: this worker has no memory left for it");
    } else {
      transcript.append(text);
      written += events.token(text, transcript.length);
    }
  }
  readers.write(written);
  return reasoningUnits;
}

function bytesWith(units: number): number {
  return GENERATION_BYTES + units * TEXT_UNIT_BYTES;
}

function tooMuch(kind: Delta["kind"]): RelayError {
  const [what, limit] = kind === "text" ? ["a text", MAX_MESSAGE_UNITS] : ["reasoning", MAX_REASONING_UNITS];
  return new RelayError(
    "provider_bad_response",
    `The provider sent ${what} of more than ${limit} UTF-16 units, the limit`,
  );
}

/**
 * The user's `system` follows the bot's instructions in one message: many models accept no second one. A fallback is
 * called with its own settings, and with the context of the bot that it stands in for.
 */
export function providerCall(
  { request, admission, task, userId }: AdmittedRequest,
  baseUrl: URL,
  bot: CalledBot = admission,
): ProviderCall {
  const seen = withoutBlankEnd(admission.continued ?? "");
  const isPrefilled = bot.takes_prefill && takesPrefill(bot.api) && seen !== "";
  const last: ContextMessage | null = seen === "" ? null : { role: "assistant", content: seen };
  return {
    api: bot.api,
    conversationId: String(admission.conversation_id),
    userId,
    baseUrl,
    accessKey: bot.access_key || null,
    model: bot.model,
    temperature: bot.temperature,
    params: bot.params,
    headers: bot.headers,
    takesSystem: bot.takes_system,
    firstTurnIsUser: bot.first_turn_is_user,
    // The model has thought about this answer already, before its first words.
    thinksFirst: isPrefilled ? false : bot.thinks_first,
    isPrefilled,
    replyTokens: bot.reply_tokens,
    messages: [
      ...instructionsOf(admission.system_prompt, request.system),
      ...memoryTurnOf(admission.memory?.content),
      ...(task === undefined
        ? turnsOf<ContextMessage>(admission.context, last, isPrefilled, (turn) => turn)
        : [...admission.context, { role: "user", content: task } as const]),
    ],
  };
}

/** One message, or none. */
export function instructionsOf(ofBot: string | null, ofRequest: string | undefined): ContextMessage[] {
  const content = [ofBot, ofRequest].filter((text) => text?.trim()).join("\n\n");
  return content === "" ? [] : [{ role: "system", content }];
}

/** After the instructions, so that the request begins alike with every memory, and stays in providers' caches. */
function memoryTurnOf(content: string | undefined): ContextMessage[] {
  return content === undefined ? [] : [{ role: "system", content: `${MEMORY_HEADING}\n\n${content}` }];
}

/**
 * Models answer a turn of the user's, so one is added where the context ends without it. `seen`: the text that the
 * model goes on from; `toTurn` makes what a preview shows of a turn.
 */
export function turnsOf<T extends { role: string }>(
  context: T[],
  seen: T | null,
  isPrefilled: boolean,
  toTurn: (turn: ContextMessage) => T,
): T[] {
  const turns = [...context];
  const ask = (content: string) => turns.push(toTurn({ role: "user", content }));
  if (turns.at(-1)?.role === "assistant") ask(GO_ON);
  if (seen !== null) turns.push(seen);
  if (seen !== null && !isPrefilled) ask(CONTINUE);
  return turns;
}
