/** GET /metrics: the counters of all workers, for Prometheus. */

import { requireToken } from "../_relay/auth/bearer.ts";
import type { Database, Sample } from "../_relay/database/database.ts";
import { createEndpoint } from "../_relay/http/endpoint.ts";
import type { Refusals } from "../_relay/http/refusals.ts";
import type { Platform } from "../_relay/platform/platform.ts";
import { VERSION } from "../_relay/platform/version.ts";
import { RelayError } from "../_relay/protocol/errors.ts";
import { metricsText } from "./text.ts";

/** What the handler works with; only index.ts builds the real ones. */
export interface MetricsDependencies {
  platform: Platform;
  refusals: Refusals;
  database: Pick<Database, "metrics">;
}

/** The only sample that is about the answering worker alone. */
const BUILD: Sample = { name: "build_info", labels: { version: VERSION }, value: 1 };

/** Any worker answers for all: the counters are the database's. */
export function createMetricsHandler(
  { platform, refusals, database }: MetricsDependencies,
): (request: Request) => Promise<Response> {
  const { metricsToken } = platform.configuration;
  return createEndpoint(
    { platform, refusals },
    "metrics",
    ["GET"],
    async (request) => {
      if (metricsToken === null) {
        throw new RelayError("not_found", "Cannot find metrics: RELAY_METRICS_TOKEN is not set");
      }
      await requireToken(request, metricsToken);
      return new Response(metricsText([BUILD, ...await database.metrics()]), {
        headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
      });
    },
  );
}
