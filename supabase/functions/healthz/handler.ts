/** GET /healthz: says that the worker runs, and its version; with ?ready, also whether the database answers. */

import type { Database } from "../_relay/database/database.ts";
import { createEndpoint } from "../_relay/http/endpoint.ts";
import type { Refusals } from "../_relay/http/refusals.ts";
import { json } from "../_relay/http/responses.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import { VERSION } from "../_relay/platform/version.ts";
import { READY_CACHE_MS } from "../_relay/protocol/limits.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface HealthDependencies {
  platform: Platform;
  refusals: Refusals;
  database: Pick<Database, "beat">;
}

/**
 * Readiness is a beat of no generations: it needs the database, the key and the migrations, and changes nothing. Anyone
 * may ask, so all who ask within `READY_CACHE_MS` share one call.
 */
export function createHealthHandler(
  { platform, refusals, database }: HealthDependencies,
): (request: Request) => Promise<Response> {
  const { clock, log } = platform;
  let asked: { at: number; isReady: Promise<boolean> } | undefined;
  let isPending = false;

  async function askDatabase(): Promise<boolean> {
    isPending = true;
    try {
      await database.beat([]);
      return true;
    } catch (cause) {
      log("warn", "not_ready", { cause });
      return false;
    } finally {
      isPending = false;
    }
  }

  function isReady(): Promise<boolean> {
    const now = clock.now();
    if (asked === undefined || !isPending && now - asked.at >= READY_CACHE_MS) {
      asked = { at: now, isReady: askDatabase() };
    }
    return asked.isReady;
  }

  return createEndpoint(
    { platform, refusals },
    "healthz",
    ["GET"],
    async (request) => {
      const isOk = !new URL(request.url).searchParams.has("ready") || await isReady();
      return json({ status: isOk ? "ok" : "unavailable", version: VERSION }, isOk ? 200 : 503);
    },
  );
}
