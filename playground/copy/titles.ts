/** Titles for stories, and short forms of longer texts. */

const MAX_TITLE_CHARACTERS = 48;

/** The way in which many prompts begin, which a title leaves out. */
const REQUEST = /^(please )?(tell|write) (me )?((a|the) )?((short|long) )?((story|tale) (about|of) )?/i;

/** The title of a story, made from its first prompt. */
export function titleOf(prompt: string): string {
  const subject = prompt.trim().replace(/[.!?]+$/, "").replace(REQUEST, "");
  return shortened(subject, MAX_TITLE_CHARACTERS).replace(/^./u, (first) => first.toUpperCase());
}

/** The first words, and an ellipsis if there are more. */
export function shortened(text: string, limit: number): string {
  const line = text.trim().replace(/\s+/g, " ");
  const characters = [...line];
  if (characters.length <= limit) return line;
  const cut = characters.slice(0, limit).join("");
  const space = cut.lastIndexOf(" ");
  return (space > limit / 2 ? cut.slice(0, space) : cut).replace(/[\s,.;:]+$/, "") + "…";
}
