/** Keys that an input method takes. */

/**
 * Whether a key belongs to an input method, which composes a character: Enter accepts it, Escape gives it up. Safari ends
 * the composition before the key comes, and only the key code says what it was for.
 */
export function isComposing({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === 229;
}
