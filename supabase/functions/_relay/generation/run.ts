/** Runs one generation: from the provider's deltas to the transcript and the readers, until something ends it. */

import type { Ending } from "../database/finish.ts";
import { contextBytes, GENERATION_BYTES, PARAMS_CHARACTER_BYTES, TEXT_UNIT_BYTES } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import { events } from "../protocol/events.ts";
import { MAX_MESSAGE_UNITS, MAX_REASONING_UNITS } from "../protocol/limits.ts";
import {
  type ContextMessage,
  type Delta,
  GO_ON,
  type Provider,
  type ProviderCall,
  takesPrefill,
} from "../provider/provider.ts";
import { startDeadlines } from "./deadlines.ts";
import { endingOf, toEndReason } from "./ending.ts";
import type { AdmittedRequest, Generation } from "./generation.ts";
import { createSeam, withoutBlankEnd } from "./seam.ts";

/** What the user says where a model takes no prefill. */
export const CONTINUE = "Your last message was cut off. Continue it from exactly where it ends, even within a word. " +
  "Repeat nothing of it, and write nothing but what follows; begin with a space or a line break where one is missing.";

/** What stands before a memory: the text that it stands in for is not sent. */
export const MEMORY_HEADING = "What has happened up to here, in short:";

/** How a generation ended, before that is stored; `error` is what went wrong. */
export interface RunResult {
  ending: Ending;
  error: RelayError | null;
}

/** Never rejects: whatever happens is an ending. */
export async function runGeneration(
  { clock, configuration }: Platform,
  provider: Provider,
  generation: Generation,
  baseUrl: URL,
): Promise<RunResult> {
  const { startedAt, signal } = generation;
  // A clock that was set back must not give a time that no row can hold.
  const elapsed = () => Math.max(clock.now() - startedAt, 0);
  let firstTokenMs: number | null = null;
  let overheadMs: number | null = null;
  let reasoningUnits = 0;
  const { continued } = generation.admission;
  const seam = continued === null ? null : createSeam(continued);
  const deadlines = startDeadlines(clock, configuration, startedAt, generation.stop);

  function onRead(deltas: Delta[], isComplete: boolean) {
    deadlines.touch(deltas.length > 0, isComplete);
    // The provider answers, so it has the context.
    if (firstTokenMs === null) generation.memory.fits(bytesWith(generation.transcript.length));
    if (deltas.length === 0) return;
    firstTokenMs ??= elapsed();
    reasoningUnits = takeDeltas(generation, seam === null ? deltas : seam.take(deltas), reasoningUnits);
  }

  try {
    overheadMs = elapsed();
    const call = providerCall(generation, baseUrl);
    coverRequest(generation, call);
    // The generation lives as long as the answer, and what it has sent can be megabytes.
    Object.assign(generation.admission, {
      context: [],
      continued: null,
      memory: null,
      system_prompt: null,
      params: {},
    });
    generation.request.system = undefined;
    const { finishReason, usage } = await provider.stream(call, signal, onRead);
    if (seam !== null) takeDeltas(generation, seam.end(), reasoningUnits);
    return {
      ending: { status: "completed", finishReason, errorCode: null, usage, firstTokenMs, overheadMs },
      error: null,
    };
  } catch (thrown) {
    const reason = toEndReason(thrown);
    return { ending: { ...endingOf(reason), firstTokenMs, overheadMs }, error: reason.error };
  } finally {
    deadlines.end();
  }
}

/** Until the provider has answered; the start has held its context by nothing but the number of its characters. */
function coverRequest({ memory, transcript }: Generation, { messages, params }: ProviderCall) {
  const paramsBytes = JSON.stringify(params).length * PARAMS_CHARACTER_BYTES;
  const textBytes = transcript.length * TEXT_UNIT_BYTES;
  if (memory.fits(GENERATION_BYTES + paramsBytes + textBytes + contextBytes(messages))) return;
  throw new RelayError("overloaded", "Cannot send the conversation: this worker has no memory left for it");
}

/**
 * Appends before it writes, so that no reader has text that the next beat would not store. One read is one write. Takes
 * and gives the length of the reasoning, which is kept nowhere.
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

/** The user's `system` follows the bot's instructions in one message: many models accept no second one. */
export function providerCall({ request, admission, task, userId }: AdmittedRequest, baseUrl: URL): ProviderCall {
  const seen = withoutBlankEnd(admission.continued ?? "");
  const isPrefilled = admission.takes_prefill && takesPrefill(admission.api) && seen !== "";
  const last: ContextMessage | null = seen === "" ? null : { role: "assistant", content: seen };
  return {
    api: admission.api,
    conversationId: String(admission.conversation_id),
    userId,
    baseUrl,
    accessKey: admission.access_key || null,
    model: admission.model,
    temperature: admission.temperature,
    params: admission.params,
    headers: admission.headers,
    takesSystem: admission.takes_system,
    firstTurnIsUser: admission.first_turn_is_user,
    // What it has begun it has thought about.
    thinksFirst: isPrefilled ? false : admission.thinks_first,
    isPrefilled,
    replyTokens: admission.reply_tokens,
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

/** Behind the instructions, so that these are the same with every memory. */
function memoryTurnOf(content: string | undefined): ContextMessage[] {
  return content === undefined ? [] : [{ role: "system", content: `${MEMORY_HEADING}\n\n${content}` }];
}

/** A model answers what a user said; `seen` is what it goes on from, and `toTurn` makes what a preview shows of a turn. */
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
