/** All messages of all branches, one line each. The path that is shown is marked. */

import { shortened } from "../copy/titles.ts";
import type { Message } from "../data/rows.ts";
import { plainText } from "../story/markdown.ts";
import { useSession } from "./session_context.ts";

const LINE_CHARACTERS = 64;

/** Deeper forks are not indented further, or their text would have no room. */
const MAX_DEPTH = 6;

/** Of an answer without its Markdown: a part of it is enough for a line. */
function lineOf({ content, is_user_author }: Message): string {
  return shortened(is_user_author ? content : plainText(content, 4 * LINE_CHARACTERS), LINE_CHARACTERS);
}

export function Outline({ onChosen }: { onChosen(): void }) {
  const { current } = useSession();
  const leaf = current.path.value.at(-1)?.id ?? null;
  return (
    <>
      <p class="hint">Choose a message to open its branch.</p>
      <ol class="outline">
        {current.tree.value.outline(leaf).map(({ message, depth, onPath }) => (
          <li key={message.id} style={{ "--depth": Math.min(depth, MAX_DEPTH) }}>
            <button
              type="button"
              class={message.is_user_author ? "by-user" : "by-bot"}
              aria-current={onPath ? (message.id === leaf ? "location" : "true") : undefined}
              onClick={() => {
                current.show(message.id);
                onChosen();
              }}
            >
              <span class="visually-hidden">
                {message.is_user_author ? "You: " : "Story: "}
              </span>
              {lineOf(message) || "…"}
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}
