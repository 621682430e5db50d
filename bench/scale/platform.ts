/** What Supabase publishes: limits and prices, as its pages had them on 2026-11-26. Prices are dollars, months 730 hours. */

/** https://supabase.com/docs/guides/functions/limits, and the CPU's soft limit of the runtime's source (supabase/edge-runtime). */
export const ISOLATE = { memoryMb: 256, cpuSoftS: 1, cpuHardS: 2 };

/** https://supabase.com/docs/guides/platform/manage-your-usage/edge-function-invocations */
export const INVOCATIONS = { included: 2e6, packageOf: 1e6, price: 2 };

/** https://supabase.com/docs/guides/platform/manage-your-usage/egress */
export const EGRESS = { includedGb: 250, pricePerGb: 0.09 };

/** The Pro plan, with its credit for compute: https://supabase.com/docs/guides/platform/manage-your-usage/compute */
export const PLAN = { price: 25, computeCredit: 10 };

/** Throughput that a gp3 disk has, what more of it costs, and its end: https://supabase.com/docs/guides/platform/compute-and-disk */
export const DISK = { includedMbS: 125, pricePerMbS: 0.95, maxMbS: 1_000 };

/** A database of its own for each project. */
export interface Compute {
  name: string;
  cores: number;
  price: number;
  /** What the machine can write, whatever the disk can. */
  diskMbS: number;
  connections: number;
}

/** Those with cores of their own: https://supabase.com/docs/guides/platform/compute-and-disk (Mbps are MB/s times eight). */
export const COMPUTES: Compute[] = [
  compute("Large", 2, 110, 630, 160),
  compute("XL", 4, 210, 1_188, 240),
  compute("2XL", 8, 410, 2_375, 380),
  compute("4XL", 16, 960, 4_750, 480),
  compute("8XL", 32, 1_870, 9_500, 490),
  compute("12XL", 48, 2_800, 14_250, 500),
  compute("16XL", 64, 3_730, 19_000, 500),
];

function compute(name: string, cores: number, price: number, mbps: number, connections: number): Compute {
  return { name, cores, price, diskMbS: mbps / 8, connections };
}
