/** The whole tree in a few lines: every part, the way that is being read in bold. */

import { shortened } from "../words/titles.ts";
import { useStudio } from "./context.ts";

const LINE_CHARACTERS = 64;

/** Deeper forks are no longer set in, or their words would have no room. */
const MAX_DEPTH = 6;

export function Outline({ onChosen }: { onChosen(): void }) {
  const { desk } = useStudio();
  const leaf = desk.path.value.at(-1)?.id ?? null;
  return (
    <>
      <p class="hint">Choose a part to read on from there.</p>
      <ol class="outline">
        {desk.tree.value.outline(leaf).map(({ message, depth, onPath }) => (
          <li key={message.id} class={`depth-${Math.min(depth, MAX_DEPTH)}`}>
            <button
              type="button"
              class={message.is_user_author ? "said" : "was-told"}
              aria-current={onPath ? (message.id === leaf ? "location" : "true") : undefined}
              onClick={() => {
                desk.show(message.id);
                onChosen();
              }}
            >
              <span class="unseen">
                {message.is_user_author ? "You: " : "Story: "}
              </span>
              {shortened(message.content, LINE_CHARACTERS) || "…"}
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}
