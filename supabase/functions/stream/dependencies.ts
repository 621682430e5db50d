/** Builds the real parts of a worker that streams. */

import { createVerifier } from "../_relay/auth/verify.ts";
import { createCalls } from "../_relay/database/calls.ts";
import { createDatabase } from "../_relay/database/database.ts";
import { createGenerations } from "../_relay/generation/generations.ts";
import { createRemoteReaders } from "../_relay/generation/remote_readers.ts";
import { createRefusals } from "../_relay/http/refusals.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import { createChatCompletions } from "../_relay/provider/chat_completions/client.ts";
import { createAddressCheck } from "../_relay/transport/guard.ts";
import type { StreamDependencies } from "./handler.ts";
import { createStarts } from "./starts.ts";

/** Called once for each worker: the parts hold what its requests share. */
export function createStreamDependencies(platform: Platform): StreamDependencies {
  const { clock, configuration } = platform;
  const database = createDatabase(platform);
  const provider = createChatCompletions(clock, { timeoutMs: configuration.timeoutMs, log: platform.log });
  return {
    platform,
    database,
    calls: createCalls(platform),
    starts: createStarts(platform),
    refusals: createRefusals(platform, database.countRefusals),
    verify: createVerifier(platform),
    checkAddress: createAddressCheck(configuration),
    generations: createGenerations(platform, database, provider),
    remoteReaders: createRemoteReaders(platform, database),
  };
}
