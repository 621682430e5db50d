/** Reads what a provider reports of tokens. */

import type { Usage } from "../protocol/events.ts";

/** Adds a report to what is known; one without counts, or that is no object, changes nothing. */
export function withUsage(known: Usage | null, reported: unknown): Usage | null {
  if (typeof reported !== "object" || reported === null) return known;
  const counts = reported as Record<string, unknown>;
  const prompt = toCount(counts.prompt_tokens) ?? toCount(counts.input_tokens);
  const completion = toCount(counts.completion_tokens) ?? toCount(counts.output_tokens);
  const total = toCount(counts.total_tokens);
  if (!prompt && !completion && !total && (known !== null || (prompt ?? completion ?? total) === null)) return known;
  const prompt_tokens = prompt ?? known?.prompt_tokens ?? null;
  const completion_tokens = completion || (known?.completion_tokens ?? completion);
  const cached = detailOf(counts.prompt_tokens_details, "cached_tokens") ?? known?.cached_tokens;
  const reasoning = detailOf(counts.completion_tokens_details, "reasoning_tokens") ?? known?.reasoning_tokens;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: Math.max(total ?? 0, known?.total_tokens ?? 0) || sumOf(prompt_tokens, completion_tokens),
    ...(cached === undefined ? {} : { cached_tokens: cached }),
    ...(reasoning === undefined ? {} : { reasoning_tokens: reasoning }),
  };
}

function detailOf(details: unknown, name: string): number | undefined {
  if (typeof details !== "object" || details === null) return undefined;
  return toCount((details as Record<string, unknown>)[name]) ?? undefined;
}

function sumOf(prompt: number | null, completion: number | null): number | null {
  return prompt === null || completion === null ? null : toCount(prompt + completion);
}

/** The database's columns are integers. */
function toCount(value: unknown): number | null {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : null;
}
