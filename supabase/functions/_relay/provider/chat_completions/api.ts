/** OpenAI's chat completions, as servers that call themselves compatible really speak them. */

import type { Api } from "../api.ts";
import { createCompletionChunkReader } from "./chunks.ts";
import { bodyOf, endpointOf, headersOf, RESERVED } from "./request.ts";

export const CHAT_COMPLETIONS: Api = {
  endpointOf,
  headersOf,
  bodyOf,
  reserved: RESERVED,
  createChunkReader: createCompletionChunkReader,
};
