/** Google's Gemini API, at generativelanguage.googleapis.com and, with its base URL, on Vertex. */

import type { Api } from "../api.ts";
import { createGeminiChunkReader } from "./chunks.ts";
import { bodyOf, endpointOf, headersOf, RESERVED } from "./request.ts";

export const GEMINI: Api = {
  endpointOf,
  headersOf,
  bodyOf,
  reserved: RESERVED,
  createChunkReader: createGeminiChunkReader,
};
