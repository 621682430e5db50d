/** Reads the chunks of Gemini's streamGenerateContent, and the one answer of generateContent. */

import { RelayError } from "../../protocol/errors.ts";
import { withUsage } from "../usage.ts";
import { type Answer, type Chunk, type ChunkOptions, type ChunkReader, createChunkReader } from "../chunks.ts";
import { providerMessage } from "../errors.ts";
import type { SoleDelta } from "../fast_path.ts";
import { isProblem } from "../problem.ts";
import type { Delta } from "../provider.ts";

/** The model failed, for example by calling a tool although it was offered none. Another attempt may succeed. */
const FAILED = /^(?:OTHER|IMAGE_OTHER|NO_IMAGE|MALFORMED_.*|.*_TOOL_CALLS?|MISSING_.*|.*_ERROR)$/;

const UNSPECIFIED = /UNSPECIFIED$|^$/;

/** Parts of a chunk, and ratings of a prompt, that are looked at. */
const MAX_PARTS = 1_000;
const MAX_RATINGS = 20;

/** Reads the data of one answer's events. */
export function createGeminiChunkReader(options: ChunkOptions): ChunkReader {
  return createChunkReader(options, "chunk of generated content", (answer) => createReadChunk(answer, options));
}

function createReadChunk(answer: Answer, { secrets }: ChunkOptions) {
  function readParts(parts: Chunk[]): SoleDelta | null {
    let sole: SoleDelta | null = null;
    for (const { text, thought } of parts) {
      if (typeof text !== "string" || text === "") continue;
      const kind: Delta["kind"] = thought === true ? "reasoning" : "text";
      answer.add(kind, text);
      if (parts.length === 1) sole = { kind, field: "text" };
    }
    return sole;
  }

  function readFinish(reason: string, said: unknown) {
    if (FAILED.test(reason)) {
      const words = typeof said === "string" && said !== "" ? `${reason}: ${said}` : reason;
      answer.fail({ message: words });
    } else {
      answer.finish(reason.toLowerCase());
    }
  }

  /** There is no answer to a prompt that was blocked. The provider names the broken rule, but not the place. */
  function refuse(feedback: Chunk, reason: string) {
    const rated = listOf(feedback.safetyRatings, MAX_RATINGS).filter(({ blocked }) => blocked === true)
      .map(({ category, probability }) => `${category} is ${probability}`);
    const said = [reason, feedback.blockReasonMessage, ...rated].filter((words) => typeof words === "string");
    throw new RelayError(
      "provider_refused",
      `The provider blocked the prompt, and would block it again${providerMessage(said as string[], secrets)}`,
    );
  }

  return (chunk: Chunk, isError: boolean): SoleDelta | null => {
    const wasComplete = answer.isComplete();
    const known = answer.usage;
    answer.usage = withUsage(known, countsOf(chunk.usageMetadata));
    if (isError || !Array.isArray(chunk.candidates) && isProblem(chunk)) answer.fail(chunk);
    const feedback = objectOf(chunk.promptFeedback);
    const { blockReason } = feedback;
    if (typeof blockReason === "string" && !UNSPECIFIED.test(blockReason) && !wasComplete) {
      refuse(feedback, blockReason);
    }
    const [candidate] = listOf(chunk.candidates, 1);
    if (candidate === undefined) return null;
    const sole = readParts(listOf(objectOf(candidate.content).parts, MAX_PARTS));
    const { finishReason, finishMessage } = candidate;
    if (typeof finishReason === "string" && !UNSPECIFIED.test(finishReason)) readFinish(finishReason, finishMessage);
    else if (isSame(known, answer.usage)) return sole;
    return null;
  };
}

function objectOf(value: unknown): Chunk {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Chunk : {};
}

function listOf(value: unknown, limit: number): Chunk[] {
  return Array.isArray(value) ? value.slice(0, limit).map(objectOf) : [];
}

/** Each chunk may have a report; one that equals the last one changes nothing. */
function isSame(before: Answer["usage"], after: Answer["usage"]): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}

/** The counts under the names of chat completions. A count that is 0 is left out by this API. */
function countsOf(usage: unknown): object {
  const {
    promptTokenCount,
    toolUsePromptTokenCount,
    candidatesTokenCount,
    thoughtsTokenCount,
    totalTokenCount,
    ...more
  } = objectOf(usage);
  if (promptTokenCount === undefined && totalTokenCount === undefined) return {};
  const count = (value: unknown) => typeof value === "number" ? value : 0;
  return {
    prompt_tokens: count(promptTokenCount) + count(toolUsePromptTokenCount),
    completion_tokens: count(candidatesTokenCount) + count(thoughtsTokenCount),
    total_tokens: totalTokenCount,
    prompt_tokens_details: { cached_tokens: more.cachedContentTokenCount },
    completion_tokens_details: { reasoning_tokens: thoughtsTokenCount },
  };
}
