/** The story that the page's address names: `#/story/<id>`, or none. */

import { type ReadonlySignal, signal } from "@preact/signals";

const current = signal(named());

addEventListener("hashchange", () => current.value = named());

/** Follows the address bar, the back button included. */
export const storyInAddress: ReadonlySignal<string | null> = current;

/** What a link to the story says. */
export function linkTo(storyId: string | null): string {
  return storyId === null ? "#/" : `#/story/${storyId}`;
}

/** With `replace` the back button does not come here again. */
export function goTo(storyId: string | null, replace = false): void {
  const link = linkTo(storyId);
  if (replace) history.replaceState(null, "", link);
  else history.pushState(null, "", link);
  current.value = storyId;
}

function named(): string | null {
  return /^#\/story\/([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? null;
}
