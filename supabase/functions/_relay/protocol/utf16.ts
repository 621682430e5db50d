/** Offsets count UTF-16 units; some characters have two, a surrogate pair. */

/** The greatest index up to this one that is not inside a surrogate pair: half a character cannot be sent or stored. */
export function floorToCharacter(text: string, index: number): number {
  const splits = /[\uD800-\uDBFF]/.test(text[index - 1] ?? "") && /[\uDC00-\uDFFF]/.test(text[index] ?? "");
  return splits ? index - 1 : index;
}

/** Whether the text ends with the first half of a surrogate pair, whose other half may follow. */
export function endsInsidePair(text: string): boolean {
  return /[\uD800-\uDBFF]$/.test(text);
}
