/** Names for what people did not name. */

const MAX_TITLE_CHARACTERS = 48;

/** What many prompts begin with, and no title should. */
const REQUEST = /^(please )?(tell|write) (me )?((a|the) )?((short|long) )?((story|tale) (about|of) )?/i;

/** A story's title, from the prompt that begins it. */
export function titleOf(prompt: string): string {
  return shortened(
    prompt.trim().replace(/[.!?]+$/, "").replace(REQUEST, ""),
    MAX_TITLE_CHARACTERS,
  ).replace(/^./u, (first) => first.toUpperCase());
}

/** The first words, and an ellipsis where there are more. */
export function shortened(text: string, limit: number): string {
  const line = text.trim().replace(/\s+/g, " ");
  const characters = [...line];
  if (characters.length <= limit) return line;
  const cut = characters.slice(0, limit).join("");
  const space = cut.lastIndexOf(" ");
  return (space > limit / 2 ? cut.slice(0, space) : cut).replace(/[\s,.;:]+$/, "") + "…";
}
