/** How long a prompt may be, counted as the relay counts it: code points, without the white space around the text. */

/** The relay's `MAX_PROMPT_CHARACTERS`. */
export const MAX_PROMPT_CHARACTERS = 32_000;

/** Code points from which the count is shown. */
const NEAR_LIMIT = 28_000;

/** How long a prompt is, where that matters. */
export interface PromptLength {
  characters: number;
  isTooLong: boolean;
}

/** Null: far from the limit. Costs nothing for a short text, and no list of characters for one of a megabyte. */
export function promptLength(text: string): PromptLength | null {
  if (text.length < NEAR_LIMIT) return null;
  const prompt = text.trim();
  let characters = prompt.length;
  for (let index = 0; index < prompt.length - 1; index++) {
    const isPair = (prompt.charCodeAt(index) & 0xfc00) === 0xd800 && (prompt.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
    if (!isPair) continue;
    characters--;
    index++;
  }
  return characters < NEAR_LIMIT ? null : { characters, isTooLong: characters > MAX_PROMPT_CHARACTERS };
}

/** Whether the relay would refuse the prompt for its length. */
export function isTooLong(text: string): boolean {
  return promptLength(text)?.isTooLong ?? false;
}
