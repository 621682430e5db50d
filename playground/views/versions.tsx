/** Goes back and forth between the versions of a message. */

import type { Message } from "../data/rows.ts";
import { useStudio } from "./context.ts";
import { Icon } from "./parts.tsx";

export function Versions({ message }: { message: Message }) {
  const { desk } = useStudio();
  const { all, index } = desk.tree.value.versionsOf(message);
  if (all.length < 2) return null;
  const step = (by: number) => {
    const next = all[index + by];
    if (!next) return;
    desk.show(next.id);
    // The other version has buttons of its own: the focus goes along.
    requestAnimationFrame(() => {
      const label = by < 0 ? "Previous version" : "Next version";
      const buttons = document.querySelectorAll<HTMLButtonElement>(`[data-message="${next.id}"] .versions button`);
      const same = [...buttons].find((button) => button.getAttribute("aria-label") === label && !button.disabled);
      (same ?? [...buttons].find((button) => !button.disabled))?.focus();
    });
  };
  return (
    <span class="versions" role="group" aria-label="Versions">
      <button
        type="button"
        class="tool"
        aria-label="Previous version"
        disabled={index === 0}
        onClick={() => step(-1)}
      >
        <Icon name="back" />
      </button>
      <span>
        <span class="unseen">Version</span> {index + 1}/{all.length}
      </span>
      <button
        type="button"
        class="tool"
        aria-label="Next version"
        disabled={index === all.length - 1}
        onClick={() => step(1)}
      >
        <Icon name="forth" />
      </button>
    </span>
  );
}
