/** The text that the provider of the experiments sends: numbered, so that whatever is lost or doubled is visible. */

/** How a provider plays one answer. */
export interface Plan {
  tokens: number;
  /** Milliseconds between two tokens; 0: as fast as they are read. */
  intervalMs: number;
  /**
   * Characters of a token, all ASCII; 0: about 17, with wide characters and ends of lines among them. Below 16 there is
   * no room for the story's tag, but the text is as long as a model's, and about as hard to compress.
   */
  size: number;
}

/**
 * Each has the story's tag, so that a token of another story shows up too. Some have a character of two UTF-16 units or
 * an end of a line: offsets count the first, and the wire splits at the second.
 */
export function token(tag: string, place: number, size: number): string {
  if (size > 0 && size < 16) return shortToken(place, size);
  const number = `${tag}-${String(place).padStart(6, "0")} `;
  if (size > 0) return number.padEnd(size, ".");
  if (place % 10 === 3) return `${number}\n`;
  return place % 7 === 5 ? `${number}🌊 ` : number;
}

function shortToken(place: number, size: number): string {
  const noise = String.fromCharCode(97 + (Math.imul(place, 0x9e3779b1) >>> 0) % 26);
  return `${place.toString(36).padStart(size - 2, "0")}${noise} `;
}

/** The first so many tokens. */
export function story(tag: string, tokens: number, size: number): string {
  const parts: string[] = [];
  for (let place = 0; place < tokens; place++) {
    parts.push(token(tag, place, size));
  }
  return parts.join("");
}

/** Where two texts begin to differ; -1 where one begins with the other. */
export function difference(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  if (a.slice(0, length) === b.slice(0, length)) return -1;
  let at = 0;
  while (a[at] === b[at]) at++;
  return at;
}
