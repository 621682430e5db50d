/** What differs between the providers' APIs: the request, and what the chunks of an answer mean. */

import type { ChunkOptions, ChunkReader } from "./chunks.ts";
import type { ProviderCall } from "./provider.ts";

/** One provider API. Everything else about an answer is the client's task. */
export interface Api {
  endpointOf(call: ProviderCall): string;
  /** A key or a header that cannot be sent is refused here: the runtime's error would quote it. */
  headersOf(call: ProviderCall): Record<string, string>;
  /** A field that the bot's params set to null is left out. */
  bodyOf(call: ProviderCall): Record<string, unknown>;
  /** Fields without which no request is made, whatever a refusal names. */
  reserved: readonly string[];
  createChunkReader(options: ChunkOptions): ChunkReader;
}
