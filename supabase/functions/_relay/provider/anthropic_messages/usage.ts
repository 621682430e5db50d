/** Reads what Anthropic reports of tokens: once at the start, and with the end, each time all that it knows by then. */

import type { Usage } from "../../protocol/events.ts";

/** The counts of one answer, as they came. */
export type Counts = Partial<Record<(typeof FIELDS)[number], number>>;

const FIELDS = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"] as const;

/** Adds a report to what is known; servers that do not count a field send 0 for it the second time. */
export function addCounts(counts: Counts, reported: unknown): void {
  if (typeof reported !== "object" || reported === null) return;
  for (const field of FIELDS) {
    const count = (reported as Record<string, unknown>)[field];
    if (isCount(count) && (count > 0 || counts[field] === undefined)) counts[field] = count;
  }
}

/** The prompt is what was read anew, what was read from the cache and what was written to it. */
export function usageOf(counts: Counts): Usage | null {
  const { input_tokens: input, cache_read_input_tokens: cached, cache_creation_input_tokens: written } = counts;
  const parts = [input, cached, written].filter((count) => count !== undefined);
  const prompt = parts.length === 0 ? null : counted(parts.reduce((sum, count) => sum + count, 0));
  const completion = counts.output_tokens ?? null;
  if (prompt === null && completion === null) return null;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt === null || completion === null ? null : counted(prompt + completion),
    ...cached === undefined ? {} : { cached_tokens: cached },
  };
}

/** The database's columns are integers. */
function counted(sum: number): number | null {
  return isCount(sum) ? sum : null;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31;
}
