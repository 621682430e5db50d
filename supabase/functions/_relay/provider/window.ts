/** Reads the size of the model's window, and of the request, from a provider's refusal for length. */

import type { RefusedContext } from "../protocol/errors.ts";

/** The range that the database takes; a smaller number is not a model's window, but another limit. */
const [MIN_WINDOW, MAX_TOKENS] = [256, 100_000_000];

/** In the order in which they are tried: those that name both come first. */
const WINDOWS = [
  /> (\d+)/,
  /\bmust be <= (\d+)/,
  /\bmax_seq_len\b[^.\d]{0,5}(\d+)/,
  /\bmax(?:imum)?(?: \w+){0,2} length(?: of| is)? \(?(\d+)/,
  // MiniMax's 2013 is a code, and what a length is exceeded by is no length.
  /\b(?:context|prompt|sequence) (?:length|window|size)\b(?! (?:by|exceeds limit)\b)[^.\d]{0,40}?(\d+)/,
  /\bless than (\d+) tokens/,
  /\bwith (\d+) maximum/,
  /\btokens allowed \(?(\d+)/,
  /\blength should be \[\d+, ?(\d+)\]/,
  /\b(?:tokens?|model|context) limit\b[^.\d]{0,20}?(\d+)/,
  /\bcannot exceed (\d+)/,
  /\blimit (?:of|is) (\d+)/,
  /\bmax size: (\d+) tokens/,
];

/** Patterns for the messages alone come before those that may include the answer's limit. */
const TOKENS = [
  /> \d+ - (\d+)/,
  /(\d+) (?:tokens )?(?:in the messages|from the input messages|in your prompt|of text input|in the prompt)/,
  /\bresulted in (\d+) tokens/,
  /(?<!upper bound for |\d)(\d+) `?inputs?`? tokens/,
  /\b(?:input tokens|(?:input|prompt|requested) token count) \(?(?:is |of )?(\d+)/,
  /\b(?:prompt|request) (?:contains|has) (\d+) tokens/,
  /\b(?:request|input|prompt) \((\d+) tokens\)/,
  /\((?:total )?length (\d+)\)/,
  /\b(?:input|prompt|context|current) length (?:is )?\(?(\d+)\)? (?:exceeds|is greater|while)/,
  /\brequested tokens \((\d+)/,
  /\btoo long: (\d+)/,
  /(\d+) \+ \d+ > \d+/,
  /(\d+) (?:tokens )?> \d+/,
  /\bgiven:? (\d+)/,
  /\breceived (\d+)/,
  /\brequested:? (?:about )?(\d+)(?!\d| output)/,
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
