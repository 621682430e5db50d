/** Reads the chunks of chat completions, in the shapes in which servers send them. */

import { type Answer, type Chunk, type ChunkOptions, type ChunkReader, createChunkReader, isDone } from "../chunks.ts";
import type { SoleDelta } from "../fast_path.ts";
import { isProblem } from "../problem.ts";
import { type Choice, ContentReader } from "./content.ts";
import { withUsage } from "../usage.ts";

/** How many choices of a chunk are looked at: the relay asks for one. */
const MAX_CHOICES = 8;

/** Reads the data of one answer's events. */
export function createCompletionChunkReader(options: ChunkOptions): ChunkReader {
  return createChunkReader(options, "chat completion chunk", createReadChunk);
}

function createReadChunk(answer: Answer) {
  const content = new ContentReader(answer);
  const chooseChoice = createChooser();

  function readChoice(choice: Choice, isWhole: boolean): SoleDelta | null {
    const sole = content.read(choice, isWhole);
    const reason = reasonOf(choice.finish_reason) ?? reasonOf(choice.finish_details) ?? reasonOf(choice.finishReason);
    if (reason === null) return sole;
    answer.finish(reason);
    return null;
  }

  return (given: Chunk, isError: boolean): SoleDelta | null => {
    const chunk = unwrapped(given);
    if (typeof chunk.data === "string" && isDone(chunk.data)) {
      answer.close();
      return null;
    }
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    const choice = chooseChoice(choices);
    const sole = choice === undefined ? null : readChoice(choice, chunk.object === "chat.completion");
    const known = answer.usage;
    if (chunk.usage) answer.usage = withUsage(answer.usage, chunk.usage);
    if (chunk.x_groq) answer.usage = withUsage(answer.usage, (chunk.x_groq as { usage?: unknown }).usage);
    if (choice?.usage) answer.usage = withUsage(answer.usage, choice.usage);
    if (isError || isProblem(chunk)) answer.fail(chunk);
    else if (errorOf(choice)) answer.fail(errorOf(choice));
    return answer.usage === known && choices.length === 1 && !chunk.usage && !choice?.usage ? sole : null;
  };
}

/** Chooses one choice of each chunk. Where the only choice of the first chunk has another index than 0, that one is read. */
function createChooser() {
  let index: number | null = null;
  return (choices: unknown[]): Choice | undefined => {
    const [first] = choices as Choice[];
    if (choices.length === 1 && first?.index === 0 && !index) {
      index = 0;
      return first;
    }
    const all = choices.slice(0, MAX_CHOICES).filter((choice): choice is Choice =>
      typeof choice === "object" && choice !== null
    );
    index ??= all.length === 0 || all.some((choice) => indexOf(choice) === 0) ? null : indexOf(all[0]);
    const chosen = all.find((choice) => indexOf(choice) === (index ?? 0));
    if (chosen !== undefined) index ??= 0;
    return chosen;
  };
}

/** The chunk itself, where a gateway has put it into another object; one of another API as a chunk with a choice. */
function unwrapped(chunk: Chunk): Chunk {
  if (Array.isArray(chunk.choices) || chunk.error) return chunk;
  const { data, result, output } = chunk;
  if (isObject(data)) return data;
  if (isObject(result) && (Array.isArray(result.choices) || typeof result.response === "string")) {
    return unwrapped(result);
  }
  if (isObject(output) && Array.isArray(output.choices)) return { ...chunk, choices: output.choices };
  const choice = choiceOf(chunk);
  return choice === null ? chunk : { usage: usageOf(chunk), ...chunk, choices: [choice] };
}

/** What servers say that have an API of their own, too: DashScope, Ollama, Baidu, Workers AI. */
function choiceOf({ output, message, result, response, done, ...rest }: Chunk): Choice | null {
  if (isObject(output) && typeof output.text === "string") {
    return { message: { content: output.text }, finish_reason: output.finish_reason };
  }
  if (typeof done === "boolean") {
    return { delta: isObject(message) ? message : response, finish_reason: done ? rest.done_reason ?? "stop" : null };
  }
  if (typeof result === "string") {
    return { delta: result, finish_reason: rest.is_end === true ? rest.finish_reason ?? "stop" : null };
  }
  return typeof response === "string" ? { delta: response } : null;
}

/** Ollama's counts. */
function usageOf({ prompt_eval_count, eval_count }: Chunk): object | undefined {
  return eval_count === undefined ? undefined : { prompt_tokens: prompt_eval_count, completion_tokens: eval_count };
}

function isObject(value: unknown): value is Chunk {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function errorOf(choice: Choice | undefined): unknown {
  if (choice === undefined) return undefined;
  return choice.error || (choice.delta as { error?: unknown } | null | undefined)?.error;
}

function indexOf({ index }: Choice): number {
  return Number(index ?? 0) || 0;
}

/** An empty reason counts as absent. */
function reasonOf(reason: unknown): string | null {
  if (typeof reason === "object" && reason !== null) {
    if (Array.isArray(reason)) return reasonOf(typeof reason[0] === "string" ? reason[0] : null);
    const { type, reason: inner, name, finish_reason } = reason as Record<string, unknown>;
    return reasonOf([type, inner, name, finish_reason].find((value) => typeof value === "string"));
  }
  return typeof reason !== "string" || /^(?:null|none)?$/i.test(reason) ? null : reason;
}
