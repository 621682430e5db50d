/** Names a generation. */

/** crypto.randomUUID is missing on pages that are not served over https. */
export function newStreamId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
