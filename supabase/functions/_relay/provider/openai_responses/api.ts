/** OpenAI's Responses. Each request is a whole one: nothing of a story is kept at the provider. */

import type { Api } from "../api.ts";
import { headersOfOpenAi } from "../request.ts";
import { createResponseChunkReader } from "./chunks.ts";
import { bodyOf, endpointOf, RESERVED } from "./request.ts";

export const OPENAI_RESPONSES: Api = {
  endpointOf,
  headersOf: headersOfOpenAi,
  bodyOf,
  reserved: RESERVED,
  createChunkReader: createResponseChunkReader,
};
