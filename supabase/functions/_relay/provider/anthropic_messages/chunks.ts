/** Reads the events of Anthropic's Messages, and a message as one. */

import { RelayError } from "../../protocol/errors.ts";
import { type Answer, type Chunk, type ChunkOptions, type ChunkReader, createChunkReader } from "../chunks.ts";
import type { SoleDelta } from "../fast_path.ts";
import { isProblem } from "../problem.ts";
import { addCounts, type Counts, usageOf } from "./usage.ts";

type Fields = Record<string, unknown>;

/** Reads the data of one answer's events. */
export function createMessageChunkReader(options: ChunkOptions): ChunkReader {
  return createChunkReader(options, "Messages event", createReadChunk);
}

function createReadChunk(answer: Answer) {
  const counts: Counts = {};

  function count(reported: unknown) {
    addCounts(counts, reported);
    answer.usage = usageOf(counts);
  }

  /** A message, or what has changed of it. */
  function readMessage({ stop_reason: reason, usage }: Fields, ofEvent: Fields = {}) {
    count(usage);
    count(ofEvent.usage);
    if (typeof reason !== "string" || reason === "") return;
    if (reason === "model_context_window_exceeded") throw windowIsFull(answer.usage?.prompt_tokens, counts);
    answer.finish(reason);
  }

  return (chunk: Chunk, isError: boolean): SoleDelta | null => {
    switch (isError ? "error" : chunk.type) {
      case "content_block_delta":
        return readPart(answer, fieldsOf(chunk.delta));
      case "content_block_start":
        readPart(answer, fieldsOf(chunk.content_block));
        return null;
      case "message_start":
        count(fieldsOf(chunk.message).usage);
        return null;
      case "message_delta":
        readMessage(fieldsOf(chunk.delta), chunk);
        return null;
      case "message":
        for (const part of Array.isArray(chunk.content) ? chunk.content : []) readPart(answer, fieldsOf(part));
        readMessage(chunk);
        return null;
      case "message_stop":
        answer.close();
        return null;
      case "content_block_stop":
      case "ping":
        return null;
      default:
        if (isError || isProblem(chunk)) answer.fail(chunk);
        return null;
    }
  };
}

/** Text or thoughts, of a block or of a delta; signatures, thoughts that are hidden, and calls of tools are neither. */
function readPart(answer: Answer, { type, text, thinking }: Fields): SoleDelta | null {
  if ((type === "text_delta" || type === "text") && typeof text === "string" && text !== "") {
    answer.add("text", text);
    return { kind: "text", field: "text" };
  }
  if ((type === "thinking_delta" || type === "thinking") && typeof thinking === "string" && thinking !== "") {
    answer.add("reasoning", thinking);
    return { kind: "reasoning", field: "thinking" };
  }
  return null;
}

/** The tokens that were read and written filled the window, so their sum is its size. */
function windowIsFull(tokens: number | null | undefined, { output_tokens: written }: Counts): RelayError {
  const refusedContext = tokens == null || written === undefined ? undefined : { window: tokens + written, tokens };
  const message = "The model's window was full before its answer was finished";
  return new RelayError("context_exceeded", message, { refusedContext });
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? value as Fields : {};
}
