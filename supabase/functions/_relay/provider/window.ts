/** Reads the size of the model's window, and of the request, from a provider's refusal for length. */

import type { RefusedContext } from "../protocol/errors.ts";

/** The range that the database takes; a smaller number is not a model's window, but another limit. */
const [MIN_WINDOW, MAX_TOKENS] = [256, 100_000_000];

/** In the order in which they are tried: those that name both come first. */
const WINDOWS = [
  /> (\d+)/,
  /\bmust be <= (\d+)/,
  /\b(?:context|prompt|sequence) (?:length|window|size)\b[^.\d]{0,40}?(\d+)/,
  /\bless than (\d+) tokens/,
  /\bwith (\d+) maximum/,
  /\btokens allowed \(?(\d+)/,
  /\blength should be \[\d+, ?(\d+)\]/,
  /\b(?:token|model|context) limit\b[^.\d]{0,20}?(\d+)/,
  /\bcannot exceed (\d+)/,
];

/** Patterns for the messages alone come before those that may include the answer's limit. */
const TOKENS = [
  /> \d+ - (\d+)/,
  /(\d+) (?:tokens )?(?:in the messages|in your prompt|of text input|in the prompt)/,
  /\bresulted in (\d+) tokens/,
  /(\d+) `?inputs?`? tokens/,
  /\binput token count \(?(?:is )?(\d+)/,
  /\b(?:prompt|request) (?:contains|has) (\d+) tokens/,
  /\brequest \((\d+) tokens\)/,
  /\btoo long: (\d+)/,
  /(\d+) \+ \d+ > \d+/,
  /\bgiven:? (\d+)/,
  /\breceived (\d+)/,
  /\brequested:? (?:about )?(\d+)/,
];

/** `said` is the provider's message; its numbers may have separators. */
export function readRefusedContext(said: string): RefusedContext {
  const words = said.slice(0, 2_000).toLowerCase().replaceAll(/(?<=\d)[,_](?=\d{3}(?!\d))/g, "");
  const window = firstOf(WINDOWS, words);
  return { window: window !== null && window >= MIN_WINDOW ? window : null, tokens: firstOf(TOKENS, words) };
}

function firstOf(patterns: RegExp[], words: string): number | null {
  for (const pattern of patterns) {
    const found = Number(pattern.exec(words)?.[1] ?? 0);
    if (found > 0 && found <= MAX_TOKENS) return found;
  }
  return null;
}
