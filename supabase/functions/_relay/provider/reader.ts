/** Reads an answer from its bytes, for every API: what the model wrote, and how the answer ended. */

import { RelayError } from "../protocol/errors.ts";
import { MAX_PROVIDER_ANSWER_BYTES, MAX_PROVIDER_JSON_BYTES } from "../protocol/limits.ts";
import { createLineDecoder, type LineDecoder } from "../sse/lines.ts";
import type { Api } from "./api.ts";
import type { ChunkOptions, ChunkReader } from "./chunks.ts";
import { EventReader, JsonReader, Limit } from "./lines.ts";
import type { OnRead, ProviderEnd } from "./provider.ts";
import { type Secrets, withoutSecrets } from "./redact.ts";

/** Takes reads of a body. */
export interface AnswerReader {
  /**
   * Returns whether it brought text or reasoning. Throws the error that the provider reports, or
   * `provider_bad_response`; nothing once the answer is complete.
   */
  push(bytes: Uint8Array): boolean;
  /** More was read than is given at once. Anything else, such as an error, comes after the rest. */
  hasMore(): boolean;
  /** Gives the next part to `onRead`. Throws what `push` throws. */
  giveMore(): void;
  /** The provider has said that nothing more will come. */
  isDone(): boolean;
  /** The model has said how it finished: whatever goes wrong from here on changes nothing. */
  isComplete(): boolean;
  /** The body is over: reads what is left of it. */
  finish(): void;
  /**
   * Called after `finish`; gives the rest. Throws `provider_bad_response` if the provider did not say how it finished.
   */
  end(): ProviderEnd;
}

/** What the reading of an answer depends on. */
export interface ReaderOptions extends ChunkOptions {
  /** Decides for a body whose first bytes do not. */
  contentType: string;
  /** Called for the first line without text that is longer than the limit. */
  onSkippedLine(): void;
}

/** `events`: server-sent events; `json`: one answer, or one chunk a line. */
type BodyKind = "events" | "json";

/** Units of a content type that are searched for secrets; then 50 are quoted. */
const MAX_TYPE_UNITS = 1_000;

/** What a line costs beyond its bytes, as bytes of `MAX_PROVIDER_ANSWER_BYTES`. */
const LINE_BYTES = 64;

/** `onRead` is called for each read, also with what came before an error; for a long read, with each part. */
export function createAnswerReader(api: Api, options: ReaderOptions, onRead: OnRead): AnswerReader {
  return new Reader(api.createChunkReader(options), options, onRead);
}

class Reader implements AnswerReader {
  #chunks: ChunkReader;
  #options: ReaderOptions;
  #limit: Limit;
  #decoder: LineDecoder;
  #events: EventReader;
  #onRead: OnRead;
  #kind: BodyKind | null = null;
  /** Null: the body is not JSON, or nothing of it was read yet. */
  #json: JsonReader | null = null;
  #bytesRead = 0;
  /** How the answer ended: reported once all that was read has been given. */
  #result: { end: ProviderEnd } | { error: unknown } | null = null;
  #isExceeded = false;

  constructor(chunks: ChunkReader, options: ReaderOptions, onRead: OnRead) {
    this.#chunks = chunks;
    this.#options = options;
    this.#limit = new Limit(chunks, options.onSkippedLine);
    this.#decoder = createLineDecoder(this.#limit);
    this.#events = new EventReader(chunks, this.#limit);
    this.#onRead = onRead;
  }

  hasMore(): boolean {
    return this.#chunks.hasMore();
  }

  giveMore() {
    this.#give();
  }

  push(bytes: Uint8Array): boolean {
    this.#giveAll();
    let cut = "";
    try {
      cut = this.#read(bytes);
    } catch (error) {
      this.#failUnlessComplete(error);
    }
    return this.#give(cut);
  }

  isDone(): boolean {
    return this.#isExceeded || this.#chunks.isDone();
  }

  isComplete(): boolean {
    return this.#chunks.isComplete();
  }

  /** Gives nothing: parsing a whole body is enough work for one turn. */
  finish() {
    this.#giveAll();
    try {
      const rest = this.#decoder.end();
      if (this.#kind === "json") this.#ofJson().end(rest);
      else this.#events.end(rest);
    } catch (error) {
      this.#failUnlessComplete(error);
    }
    try {
      this.#result ??= { end: this.#chunks.end(this.#json?.isWhole() ?? false, this.#events.stray()) };
    } catch (error) {
      this.#result = { error };
    }
  }

  end(): ProviderEnd {
    this.#giveAll();
    const deltas = this.#chunks.take();
    if (deltas.length > 0) this.#onRead(deltas, this.#chunks.isComplete());
    if ("error" in this.#result!) throw this.#result.error;
    return this.#result!.end;
  }

  #give(cut = ""): boolean {
    const deltas = this.#chunks.take(this.#events.kind, cut);
    this.#onRead(deltas, this.#chunks.isComplete());
    if (this.#result !== null && "error" in this.#result && !this.#chunks.hasMore()) throw this.#result.error;
    return deltas.length > 0;
  }

  #giveAll() {
    while (this.#chunks.hasMore()) this.#give();
  }

  /** Returns what is not added to the chunks yet. */
  #read(bytes: Uint8Array): string {
    this.#count(bytes.length);
    if (this.#kind === null) {
      this.#kind = kindOf(bytes, this.#options);
      if (this.#kind === "json") this.#limit.bytes = MAX_PROVIDER_JSON_BYTES;
    }
    const text = this.#decoder.decode(bytes);
    if (this.#kind !== "json") return this.#events.read(text);
    this.#ofJson().read(text);
    return "";
  }

  #ofJson(): JsonReader {
    return this.#json ??= new JsonReader(this.#chunks, this.#limit);
  }

  /** Bounds the whole body, so that no provider can send bytes without text for ever. */
  #count(bytes: number) {
    this.#bytesRead += bytes;
    // A line has at least one byte, so hardly any answer is long enough that its lines must be counted.
    if (this.#bytesRead * (1 + LINE_BYTES) <= MAX_PROVIDER_ANSWER_BYTES) return;
    const lines = this.#events.lines() + (this.#json?.lines ?? 0);
    if (this.#bytesRead + LINE_BYTES * lines <= MAX_PROVIDER_ANSWER_BYTES) return;
    this.#isExceeded = true;
    throw new RelayError(
      "provider_bad_response",
      `The provider sent more than ${MAX_PROVIDER_ANSWER_BYTES} bytes, the limit; a line counts for ${LINE_BYTES} more`,
    );
  }

  /** Once the answer is complete, what follows can only add to it. */
  #failUnlessComplete(error: unknown) {
    if (!this.#chunks.isComplete()) this.#result = { error };
  }
}

/** Null: there were only blank bytes. A byte order mark counts as blank. */
function kindOf(bytes: Uint8Array, { contentType, secrets }: ReaderOptions): BodyKind | null {
  const first = bytes.find((byte) => byte > 0x20 && ![0xef, 0xbb, 0xbf].includes(byte));
  if (first === undefined) return null;
  const character = String.fromCharCode(first);
  if (/[{["]/.test(character)) return "json";
  // data, event, id, retry, error, and comments.
  if (!/[deir:]/.test(character) && /html|json|xml/i.test(contentType)) {
    throw notAStream(contentType.split(";", 1)[0], secrets);
  }
  return "events";
}

/** Names what came in place of an answer. */
export function notAStream(found: string, secrets: Secrets = () => null): RelayError {
  const type = withoutSecrets(found.slice(0, MAX_TYPE_UNITS), secrets).slice(0, 50);
  return new RelayError(
    "provider_bad_response",
    `The provider answered with ${JSON.stringify(type)}, not with an event stream`,
  );
}
