/** Reads an answer of chat completions out of its bytes: the way of a token, as fast as it is read for sure. */

import { RelayError } from "../../protocol/errors.ts";
import { MAX_PROVIDER_LINE_BYTES } from "../../protocol/limits.ts";
import { type ChunkTemplate, learnTemplate } from "./fast_path.ts";
import { createChunkReader } from "./chunks.ts";
import { createEventStreamParser } from "../../sse/parse.ts";
import type { Delta, ProviderEnd } from "../provider.ts";

const LINE_LIMIT = {
  bytes: MAX_PROVIDER_LINE_BYTES,
  exceeded: () =>
    new RelayError(
      "provider_bad_response",
      `The provider sent a line of more than ${MAX_PROVIDER_LINE_BYTES} bytes, the limit`,
    ),
};

/** Takes reads of a body, collects what the model wrote. */
export interface CompletionReader {
  /** Throws `provider_bad_response` for what is no completion, `provider_error` for an error amid it. */
  push(bytes: Uint8Array): void;
  /** What has come since the last call, also before something threw; neighbours of a kind are one delta. */
  take(): Delta[];
  /** The provider has said that it has finished. */
  readonly done: boolean;
  /** The body is over. Throws `provider_bad_response` where the provider did not say how it finished. */
  end(): ProviderEnd;
}

/**
 * A provider repeats itself: its chunks are the same, but for the text. The first one is parsed, those that match it are
 * cut, and whatever does not match is parsed again, and is the next pattern if it brought a piece of text and nothing else.
 * `accessKey` is kept out of whatever the provider says of an error.
 */
export function createCompletionReader(accessKey: string | null): CompletionReader {
  const chunks = createChunkReader(accessKey);
  let template: ChunkTemplate | null = null;
  let kind: Delta["kind"] = "text";
  /** What was cut and not handed on yet: a read's text is cleaned at once. */
  let cut = "";

  function handOn() {
    if (cut === "") return;
    chunks.add(kind, cut);
    cut = "";
  }

  const parser = createEventStreamParser({
    onData(data, event) {
      handOn();
      const piece = chunks.read(data);
      if (piece === null || event === "") return;
      template = learnTemplate(event, piece.field);
      kind = piece.kind;
    },
    take(text, from) {
      if (template === null || chunks.done) return -1;
      const behind = template.match(text, from);
      if (behind !== -1) cut += template.value;
      return behind;
    },
  }, LINE_LIMIT);

  return {
    push: parser.push,
    take() {
      handOn();
      return chunks.take();
    },
    get done() {
      return chunks.done;
    },
    end() {
      parser.end();
      handOn();
      return chunks.end();
    },
  };
}
