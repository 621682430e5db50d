/** OpenAI's chat completions, as servers that call themselves compatible really speak them. */

import type { Api } from "../api.ts";
import { headersOfOpenAi } from "../request.ts";
import { createCompletionChunkReader } from "./chunks.ts";
import { bodyOf, endpointOf, RESERVED } from "./request.ts";

export const CHAT_COMPLETIONS: Api = {
  endpointOf,
  headersOf: headersOfOpenAi,
  bodyOf,
  reserved: RESERVED,
  createChunkReader: createCompletionChunkReader,
};
