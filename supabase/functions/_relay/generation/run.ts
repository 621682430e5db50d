/** Runs one generation: from the provider's deltas to the transcript and the readers, until something ends it. */

import type { Ending } from "../database/finish.ts";
import { GENERATION_BYTES, TEXT_UNIT_BYTES } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import { events } from "../protocol/events.ts";
import { MAX_MESSAGE_UNITS, MAX_REASONING_UNITS } from "../protocol/limits.ts";
import type { ContextMessage, Delta, Provider, ProviderCall } from "../provider/provider.ts";
import { startDeadlines } from "./deadlines.ts";
import { endingOf, toEndReason } from "./ending.ts";
import type { AdmittedRequest, Generation } from "./generation.ts";

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
  const deadlines = startDeadlines(clock, configuration, startedAt, generation.stop);

  function onRead(deltas: Delta[], isComplete: boolean) {
    deadlines.touch(deltas.length > 0, isComplete);
    // The provider answers, so it has the context.
    if (firstTokenMs === null) generation.memory.fits(GENERATION_BYTES);
    if (deltas.length === 0) return;
    firstTokenMs ??= elapsed();
    reasoningUnits = takeDeltas(generation, deltas, reasoningUnits);
  }

  try {
    overheadMs = elapsed();
    const call = providerCall(generation, baseUrl);
    // The generation lives as long as the answer, and what it has sent can be megabytes.
    Object.assign(generation.admission, { context: [], system_prompt: null });
    generation.request.system = undefined;
    const { finishReason, usage } = await provider.stream(call, signal, onRead);
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
    } else if (!memory.fits(GENERATION_BYTES + (transcript.length + text.length) * TEXT_UNIT_BYTES)) {
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

function tooMuch(kind: Delta["kind"]): RelayError {
  const [what, limit] = kind === "text" ? ["a text", MAX_MESSAGE_UNITS] : ["reasoning", MAX_REASONING_UNITS];
  return new RelayError(
    "provider_bad_response",
    `The provider sent ${what} of more than ${limit} UTF-16 units, the limit`,
  );
}

/** The user's `system` follows the bot's instructions in one message: many models accept no second one. */
export function providerCall({ request, admission }: AdmittedRequest, baseUrl: URL): ProviderCall {
  const instructions = [admission.system_prompt, request.system].filter((text) => text?.trim()).join("\n\n");
  const system: ContextMessage[] = instructions === "" ? [] : [{ role: "system", content: instructions }];
  return {
    baseUrl,
    accessKey: admission.access_key || null,
    model: admission.model,
    temperature: admission.temperature,
    params: admission.params,
    headers: admission.headers,
    takesSystem: admission.takes_system,
    firstTurnIsUser: admission.first_turn_is_user,
    thinksFirst: admission.thinks_first,
    messages: [...system, ...admission.context],
  };
}
