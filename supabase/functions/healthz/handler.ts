/** GET /healthz: the worker runs; with ?ready, the database answers it too. */

import type { Database } from "../_relay/database/database.ts";
import { createEndpoint } from "../_relay/http/endpoint.ts";
import type { Refusals } from "../_relay/http/refusals.ts";
import { json } from "../_relay/http/responses.ts";
import type { Platform } from "../_relay/platform/platform.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface HealthDependencies {
  platform: Platform;
  refusals: Refusals;
  database: Pick<Database, "beat">;
}

/** Readiness is a beat of no generations: it needs the database, the key and the migrations, and changes nothing. */
export function createHealthHandler(
  { platform, refusals, database }: HealthDependencies,
): (request: Request) => Promise<Response> {
  return createEndpoint(
    { platform, refusals },
    "healthz",
    ["GET"],
    async (request) => {
      if (!new URL(request.url).searchParams.has("ready")) {
        return json({ status: "ok" });
      }
      try {
        await database.beat([]);
        return json({ status: "ok" });
      } catch (cause) {
        platform.log("warn", "not_ready", { cause });
        return json({ status: "unavailable" }, 503);
      }
    },
  );
}
