/** Builds the real parts of a worker that streams. */

import { createVerifier } from "../_relay/auth/verify.ts";
import { createCalls } from "../_relay/database/calls.ts";
import { createDatabase } from "../_relay/database/database.ts";
import { createGenerations } from "../_relay/generation/generations.ts";
import { createRemoteReaders } from "../_relay/generation/remote_readers.ts";
import { createRefusals } from "../_relay/http/refusals.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import { createProvider } from "../_relay/provider/client.ts";
import { createLookUp } from "../_relay/provider/models.ts";
import { createTransportFetch } from "../_relay/transport/fetch.ts";
import { createGuard, type Guard } from "../_relay/transport/guard.ts";
import { createTransport } from "../_relay/transport/transport.ts";
import type { StreamDependencies } from "./handler.ts";
import { createResume } from "./resume.ts";
import { createStarts } from "./starts.ts";

/** Called once for each worker: the parts hold what its requests share. */
export function createStreamDependencies(platform: Platform): StreamDependencies {
  const { clock, configuration, log } = platform;
  const database = createDatabase(platform);
  const guard = createGuard(configuration);
  const fetchAny = fetchOf(platform, guard);
  const provider = createProvider(clock, { log, fetch: fetchAny });
  const parts = {
    platform,
    database,
    calls: createCalls(platform),
    starts: createStarts(platform),
    refusals: createRefusals(platform, database.countRefusals),
    verify: createVerifier(platform),
    checkAddress: guard.check,
    generations: createGenerations(platform, database, { provider, checkAddress: guard.check }),
    provider,
    lookUp: createLookUp(clock, fetchAny),
    remoteReaders: createRemoteReaders(platform, database),
  };
  return { ...parts, resume: createResume(parts) };
}

/** Undefined: the runtime's own. */
function fetchOf({ clock, configuration, shutdown }: Platform, { addressesOf }: Guard): typeof fetch | undefined {
  if (configuration.transport === "fetch") return undefined;
  const transport = createTransport(addressesOf, clock);
  shutdown.signal.addEventListener("abort", transport.close);
  return createTransportFetch(transport.post);
}
