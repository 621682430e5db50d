/** Reads the counters of all workers, and adds what this one has refused. */

import type { ErrorCode } from "../protocol/errors.ts";
import type { Rpc } from "./rpc.ts";

/** One counter or gauge as relay_metrics tells it; a bucket of a histogram counts what fell into it alone. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** One round trip for all of them. */
export function metrics(rpc: Rpc): Promise<Sample[]> {
  return rpc("relay_metrics", {});
}

/** Adds the counts to the database's. */
export async function countRefusals(rpc: Rpc, counts: ReadonlyMap<ErrorCode, number>): Promise<void> {
  await rpc("relay_count_refusals", { codes: [...counts.keys()], counts: [...counts.values()] });
}
