/** Reads the events of OpenAI's Responses, also as servers that have taken the API over send them. */

import { withUsage } from "../usage.ts";
import { type Answer, type Chunk, type ChunkOptions, type ChunkReader, createChunkReader } from "../chunks.ts";
import type { SoleDelta } from "../fast_path.ts";
import { isProblem } from "../problem.ts";
import type { Delta } from "../provider.ts";

/** What a delta brings. All other events of the text and the reasoning repeat what came as deltas. */
const DELTAS: Record<string, Delta["kind"]> = {
  "response.output_text.delta": "text",
  "response.refusal.delta": "text",
  "response.reasoning_text.delta": "reasoning",
  "response.reasoning.delta": "reasoning",
  "response.reasoning_summary_text.delta": "reasoning",
};

/** The last event, which has the whole response. `response.cancelled`, and `response.done` of others, have the same form. */
const LAST = /^response\.(?:completed|incomplete|failed|cancelled|done)$/;

/** How many items of a response, and parts of an item, are looked at. */
const MAX_PARTS = 1_000;

/** Events that only repeat what came as deltas, however long they are. */
const REPEATS = /"type"\s*:\s*"response\.(?:[a-z_]+\.done|(completed|incomplete))"/;
const REASON = /"incomplete_details"\s*:\s*\{\s*"reason"\s*:\s*"(\w+)"/;
const USAGE = /"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})/;

/** Reads the data of one answer's events. */
export function createResponseChunkReader(options: ChunkOptions): ChunkReader {
  let skips: ChunkReader["skips"];
  const chunks = createChunkReader(options, "event of a response", (answer) => {
    const last = createLastReader(answer);
    skips = last.skips;
    return createReadChunk(answer, last);
  });
  chunks.skips = skips;
  return chunks;
}

function createReadChunk(answer: Answer, last: ReturnType<typeof createLastReader>) {
  const content = createContentReader(answer);

  return (chunk: Chunk, isError: boolean): SoleDelta | null => {
    last.isSkipped = false;
    const { type } = chunk;
    const kind = typeof type === "string" && Object.hasOwn(DELTAS, type) ? DELTAS[type] : undefined;
    if (kind !== undefined && !isError) return content.readDelta(kind, chunk);
    if (isError || type === "error") {
      answer.fail(chunk);
    } else if (typeof type === "string" && LAST.test(type)) {
      const response = objectOf(chunk.response);
      const status = type === "response.done" ? response.status ?? "completed" : type.slice("response.".length);
      last.read(response, `${status}`, content.readOutput(response.output));
    } else if (chunk.object === "response" && LAST.test(`response.${chunk.status}`)) {
      last.read(chunk, `${chunk.status}`, content.readOutput(chunk.output));
    } else if (type === undefined && chunk.object !== "response" && isProblem(chunk)) {
      // An error of a gateway.
      answer.fail(chunk);
    }
    return null;
  };
}

function createContentReader(answer: Answer) {
  const came = { text: false, reasoning: false };
  /** The last output item that brought text, and the last event of reasoning with the part that it was of. */
  let item: unknown = null;
  let source: string | null = null;
  let part: unknown = null;

  function add(kind: Delta["kind"], text: string) {
    if (text === "") return;
    answer.add(kind, text);
    came[kind] = true;
  }

  return {
    /** Messages, and parts of a summary, are paragraphs. Of a model's own reasoning and its summary the first is shown. */
    readDelta(kind: Delta["kind"], chunk: Chunk): SoleDelta | null {
      const { type, delta, output_index, summary_index } = chunk;
      if (typeof delta !== "string" || delta === "") return null;
      if (kind === "text") {
        if (came.text && output_index !== item) add("text", "\n\n");
        item = output_index;
      } else {
        source ??= type as string;
        if (type !== source) return null;
        const place = `${output_index} ${summary_index}`;
        if (came.reasoning && place !== part) add("reasoning", "\n\n");
        part = place;
      }
      add(kind, delta);
      return { kind, field: "delta" };
    },
    /**
     * Reads from the whole response what the server did not send as deltas; returns whether the model called a tool
     * instead.
     */
    readOutput(items: unknown): boolean {
      const output = listOf(items);
      const joined = (texts: string[]) => texts.filter((text) => text !== "").join("\n\n");
      if (!came.reasoning) add("reasoning", joined(output.map(reasoningOf)));
      if (!came.text) add("text", joined(output.map(textOf)));
      return !came.text && output.some(({ type }) => type === "function_call");
    },
  };
}

/** Reads how the response ended, also where it repeats more text than a line may have. */
function createLastReader(answer: Answer) {
  const last = {
    /** The present line is too long, and is allowed to be. */
    isSkipped: false,
    read(response: Chunk, status: string, callsTool: boolean) {
      answer.usage = withUsage(answer.usage, countsOf(response.usage));
      if (status === "failed") return answer.fail(response.error ?? { message: "" });
      const { reason } = objectOf(response.incomplete_details);
      if (status === "completed") {
        answer.finish(callsTool ? "tool_calls" : "stop");
      } else if (status === "incomplete" && typeof reason === "string" && reason !== "") {
        answer.finish(reason);
      } else {
        answer.finish(status);
      }
      answer.close();
    },
    skips(line: string): boolean {
      const found = REPEATS.exec(line);
      last.isSkipped ||= found !== null;
      const status = found?.[1];
      const reason = REASON.exec(line)?.[1] ?? "incomplete";
      if (status !== undefined) answer.finish(status === "completed" ? status : reason);
      const counts = last.isSkipped ? USAGE.exec(line)?.[1] : undefined;
      if (counts !== undefined) answer.usage = withUsage(answer.usage, countsOf(parsed(counts)));
      return last.isSkipped;
    },
  };
  return last;
}

function objectOf(value: unknown): Chunk {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Chunk : {};
}

function listOf(value: unknown): Chunk[] {
  return Array.isArray(value) ? value.slice(0, MAX_PARTS).map(objectOf) : [];
}

const said = (value: unknown) => typeof value === "string" ? value : "";

function textOf({ type, content }: Chunk): string {
  return type === "message" ? listOf(content).map(({ text, refusal }) => said(text) || said(refusal)).join("") : "";
}

function reasoningOf({ type, content, summary }: Chunk): string {
  if (type !== "reasoning") return "";
  const own = listOf(content).map(({ text }) => said(text)).join("");
  return own || listOf(summary).map(({ text }) => said(text)).join("\n\n");
}

/** The counts under the names of chat completions. */
function countsOf(usage: unknown): object {
  const { input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details } = objectOf(usage);
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens,
    prompt_tokens_details: input_tokens_details,
    completion_tokens_details: output_tokens_details,
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
