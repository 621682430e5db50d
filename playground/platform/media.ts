/** The width of the window, as signals. */

import { type ReadonlySignal, signal } from "@preact/signals";

/** There is room for one column: the sidebar becomes a drawer. */
export const narrow = matching("(max-width: 52rem)");

/** There is no room for a third column: the outline becomes a drawer. */
export const noOutlineColumn = matching("(max-width: 76rem)");

function matching(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => matches.value = list.matches);
  return matches;
}
