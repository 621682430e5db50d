/** Builds the real parts of a worker that streams. */

import { createVerifier } from "../_shared/auth/verify.ts";
import { createDatabase } from "../_shared/database/database.ts";
import { createGenerations } from "../_shared/generation/generations.ts";
import { createWatchers } from "../_shared/generation/watchers.ts";
import { createRefusals } from "../_shared/http/refusals.ts";
import type { Platform } from "../_shared/platform/platform.ts";
import { createAddressCheck } from "../_shared/provider/address.ts";
import { createChatCompletions } from "../_shared/provider/chat_completions.ts";
import type { StreamDependencies } from "./handler.ts";

/** One call for each worker: its parts hold what the worker's requests share. */
export function createStreamDependencies(
  platform: Platform,
): StreamDependencies {
  const { clock, configuration } = platform;
  const database = createDatabase(platform);
  const provider = createChatCompletions(clock, configuration);
  return {
    platform,
    database,
    refusals: createRefusals(platform, database.countRefusals),
    verify: createVerifier(platform),
    checkAddress: createAddressCheck(configuration),
    generations: createGenerations(platform, database, provider),
    watchers: createWatchers(platform, database),
  };
}
