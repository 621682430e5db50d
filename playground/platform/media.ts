/** Media queries as signals. */

import { type ReadonlySignal, signal } from "@preact/signals";

/** True while the query matches. */
export function matching(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => matches.value = list.matches);
  return matches;
}

/** The list of stories and the story do not fit beside each other. */
export const narrow = matching("(max-width: 52rem)");

/** The outline does not fit beside the story. */
export const tight = matching("(max-width: 76rem)");
