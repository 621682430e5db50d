/** OpenAI's Responses. Each request is a whole one: nothing of a story is kept at the provider. */

import type { Api } from "../api.ts";
import { createResponseChunkReader } from "./chunks.ts";
import { bodyOf, endpointOf, headersOf, RESERVED } from "./request.ts";

export const OPENAI_RESPONSES: Api = {
  endpointOf,
  headersOf,
  bodyOf,
  reserved: RESERVED,
  createChunkReader: createResponseChunkReader,
};
