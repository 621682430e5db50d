/** What the boxes for prompts have in common. */

import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** Enter sends, unless it makes a line or ends the choice of a character. */
export function sendsOnEnter(send: () => void) {
  return (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
}

/** The box is as high as its text, within the bounds that its style sets. */
export function useHeightOfText(box: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);
}
