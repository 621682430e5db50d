/** Reads a provider's report of tokens. */

import type { Usage } from "../protocol/events.ts";

type Counts = Record<string, unknown>;

/**
 * Adds a report to what is known; one without counts, or that is no object, changes nothing. A later report takes the
 * place of an earlier one: providers that report in each chunk, or twice, report what it is so far.
 */
export function withUsage(known: Usage | null, reported: unknown): Usage | null {
  const counts = toCounts(reported);
  if (counts === null) return known;
  const prompt = toCount(counts.prompt_tokens) ?? toCount(counts.input_tokens);
  const completion = toCount(counts.completion_tokens) ?? toCount(counts.output_tokens);
  const total = toCount(counts.total_tokens);
  if (!prompt && !completion && !total && (known !== null || (prompt ?? completion ?? total) === null)) return known;
  const cached = cachedOf(counts) || known?.cached_tokens;
  const reasoning = reasoningOf(counts) || known?.reasoning_tokens;
  const prompt_tokens = prompt ?? known?.prompt_tokens ?? null;
  const said = completion === null ? null : completion + uncounted(prompt, completion, total, reasoning, cached);
  const completion_tokens = said || (known?.completion_tokens ?? said);
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: Math.max(total ?? 0, known?.total_tokens ?? 0) || sumOf(prompt_tokens, completion_tokens),
    ...(cached && { cached_tokens: cached }),
    ...(reasoning && { reasoning_tokens: reasoning }),
  };
}

/** The tokens of the prompt that the provider had in its cache. */
function cachedOf(counts: Counts): number | null {
  const details = toCounts(counts.prompt_tokens_details) ?? toCounts(counts.input_tokens_details);
  return toCount(details?.cached_tokens) ?? toCount(counts.prompt_cache_hit_tokens) ?? toCount(counts.cached_tokens) ??
    toCount(counts.cache_read_input_tokens);
}

/** The tokens of the completion that were reasoning. */
function reasoningOf(counts: Counts): number | null {
  const details = toCounts(counts.completion_tokens_details) ?? toCounts(counts.output_tokens_details);
  return toCount(details?.reasoning_tokens) ?? toCount(counts.reasoning_tokens);
}

/**
 * The reasoning that is billed as a part of the completion, and not counted as one: xAI counts it next to that, Gemini's
 * compatible endpoint in the total alone.
 */
function uncounted(
  prompt: number | null,
  completion: number,
  total: number | null,
  reasoning: number | null | undefined,
  cached: number | null | undefined,
): number {
  const rest = prompt === null || total === null ? 0 : total - prompt - completion;
  return rest > 0 && (reasoning ? rest === reasoning : !cached) ? rest : 0;
}

function sumOf(prompt: number | null, completion: number | null): number | null {
  return prompt === null || completion === null ? null : toCount(prompt + completion);
}

function toCounts(value: unknown): Counts | null {
  return typeof value === "object" && value !== null ? value as Counts : null;
}

/** The database's columns are integers. */
function toCount(value: unknown): number | null {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : null;
}
