/** Anthropic's Messages. */

import type { Api } from "../api.ts";
import { createMessageChunkReader } from "./chunks.ts";
import { bodyOf, endpointOf, headersOf, REQUIRED } from "./request.ts";

export const ANTHROPIC_MESSAGES: Api = {
  endpointOf,
  headersOf,
  bodyOf,
  reserved: REQUIRED,
  createChunkReader: createMessageChunkReader,
};
