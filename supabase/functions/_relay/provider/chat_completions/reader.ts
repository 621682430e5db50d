/** Reads an answer of chat completions out of its bytes: what the model wrote, and how the answer ended. */

import { RelayError } from "../../protocol/errors.ts";
import { MAX_PROVIDER_LINE_BYTES, MAX_PROVIDER_SKIPPED_BYTES } from "../../protocol/limits.ts";
import { createEventParser, createLineDecoder, type LineLimit } from "../../sse/parse.ts";
import type { Delta, OnRead, ProviderEnd } from "../provider.ts";
import { type ChunkOptions, createChunkReader } from "./chunks.ts";
import { createFastPath } from "./fast_path.ts";

/** Takes reads of a body. */
export interface CompletionReader {
  /**
   * Whether it brought text or reasoning. Throws the error that the provider reports, or `provider_bad_response`;
   * neither once the answer is complete.
   */
  push(bytes: Uint8Array): boolean;
  /** The provider has said that nothing more will come. */
  isDone(): boolean;
  /** The model has said how it finished: whatever goes wrong from here on changes nothing. */
  isComplete(): boolean;
  /** The body is over. Throws `provider_bad_response` where the provider did not say how it finished. */
  end(): ProviderEnd;
}

/** What the reading of an answer depends on. */
export interface ReaderOptions extends ChunkOptions {
  /** For a body whose first bytes do not say what it is. */
  contentType: string;
  /** A line without text was longer than the limit. */
  onSkippedLine(): void;
}

/** `events`: server-sent events; `json`: one completion, or one chunk a line. */
type BodyKind = "events" | "json";

/** A field that may hold what the model wrote, and is not empty. */
const HAS_TEXT = /"(?:content|text|refusal|reasoning|reasoning_content|thinking)"\s*:\s*(?:"[^"]|\[)/;

/** `onRead` is called for each read, also with what came before an error. */
export function createCompletionReader(options: ReaderOptions, onRead: OnRead): CompletionReader {
  const chunks = createChunkReader(options);
  const limit = createLimit(chunks, options);
  const decoder = createLineDecoder(limit);
  const fastPath = createFastPath(chunks.add);
  const parser = createEventParser((data, event, isError) => {
    fastPath.flush();
    const sole = chunks.read(data, isError);
    if (sole !== null && event !== "") fastPath.learn(event, sole);
  }, limit);
  const json = createJsonReader(chunks, limit);
  let kind: BodyKind | null = null;

  function readEvents(text: string) {
    // A longer text may hold a line above the limit, which only the parser sees.
    const mayMatch = text.length <= limit.bytes;
    let at = 0;
    while (at < text.length) {
      if (mayMatch && !parser.isOpen && !chunks.isDone()) at = fastPath.read(text, at);
      if (at < text.length) at = parser.parse(text, at);
    }
  }

  /** Once the answer is complete, what follows can only add to it. */
  function guarded(read: () => void): boolean {
    let deltas: Delta[] = [];
    try {
      read();
    } catch (error) {
      if (!chunks.isComplete()) throw error;
    } finally {
      fastPath.flush();
      deltas = chunks.take();
      onRead(deltas, chunks.isComplete());
    }
    return deltas.length > 0;
  }

  return {
    push(bytes) {
      return guarded(() => {
        kind ??= kindOf(bytes, options.contentType);
        const text = decoder.decode(bytes);
        if (kind === "json") json.read(text);
        else if (text !== "") readEvents(text);
      });
    },
    isDone: chunks.isDone,
    isComplete: chunks.isComplete,
    end() {
      guarded(() => kind === "json" ? json.end(decoder.end()) : parser.end(decoder.end()));
      try {
        return chunks.end(json.isWhole());
      } finally {
        const deltas = chunks.take();
        if (deltas.length > 0) onRead(deltas, chunks.isComplete());
      }
    },
  };
}

/** Once the answer is complete, any line may be skipped. */
function createLimit(chunks: ReturnType<typeof createChunkReader>, { onSkippedLine }: ReaderOptions): LineLimit {
  return {
    bytes: MAX_PROVIDER_LINE_BYTES,
    skippedBytes: MAX_PROVIDER_SKIPPED_BYTES,
    exceeded: () =>
      new RelayError(
        "provider_bad_response",
        `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`,
      ),
    maySkip: (part) => chunks.isComplete() || !HAS_TEXT.test(part),
    onSkipped: onSkippedLine,
  };
}

/** Null: there were only blank bytes. A mark of byte order counts as blank. */
function kindOf(bytes: Uint8Array, contentType: string): BodyKind | null {
  const first = bytes.find((byte) => byte > 0x20 && ![0xef, 0xbb, 0xbf].includes(byte));
  if (first === undefined) return null;
  const character = String.fromCharCode(first);
  if (character === "{" || character === "[") return "json";
  // data, event, id, retry, error, and comments.
  if (!/[deir:]/.test(character) && /html|json|xml/i.test(contentType)) throw notAStream(contentType.split(";", 1)[0]);
  return "events";
}

/** Names what came in place of an answer. */
export function notAStream(found: string): RelayError {
  return new RelayError(
    "provider_bad_response",
    `The provider answered with ${JSON.stringify(found.slice(0, 50))}, not with an event stream`,
  );
}

/** Where the first line is JSON by itself, so is each of the others; else the whole body is. */
function createJsonReader(chunks: ReturnType<typeof createChunkReader>, limit: LineLimit) {
  let inLines: boolean | null = null;
  let kept = "";
  let count = 0;

  function line(text: string) {
    if (text.trim() === "") return;
    inLines ??= isJson(text);
    if (inLines) {
      count++;
      // Servers that fail amid such a body go on with an event.
      chunks.read(text.replace(/^(?:data|error):\s*/, ""), text.startsWith("error:"));
    } else {
      kept += `${text}\n`;
      if (kept.length > limit.bytes) throw limit.exceeded();
    }
  }

  return {
    read(text: string) {
      if (text !== "") text.split(/\r\n?|\n/).forEach(line);
    },
    end(rest: string) {
      line(rest);
      if (kept !== "") chunks.read(kept.replaceAll("\n", " "));
    },
    isWhole: () => kept !== "" || count === 1,
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
