/** The versions of a message: one after the other, or next to each other. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { authorNote } from "../copy/context.ts";
import { endingNote } from "../copy/errors.ts";
import { costNote } from "../copy/spending.ts";
import type { Message } from "../data/rows.ts";
import type { Session } from "../story/session.ts";
import { Icon, Modal } from "./controls.tsx";
import { Markdown } from "./markdown.tsx";
import { useSession } from "./session_context.ts";

/** By whom, how it ended, and what it cost; nothing of what is usual. */
export function notesOf({ bot_id, finish_reason, is_complete, cost }: Message, session: Session): string[] {
  const author = authorNote(bot_id, session.bot()?.id ?? null, session.bots.value ?? []);
  return [author, endingNote(finish_reason, is_complete), costNote(cost)].filter((note) => note !== null);
}

/** Goes back and forth between the versions of a message. */
export function Versions({ message }: { message: Message }) {
  const { current } = useSession();
  const [isComparing, setComparing] = useState(false);
  const { all, index } = current.tree.value.versionsOf(message);
  if (all.length < 2) return null;
  const button = (label: string, icon: "back" | "forth", version: Message | undefined) => (
    <button
      type="button"
      class="tool"
      aria-label={label}
      disabled={!version}
      onClick={() => {
        current.show(version!.id);
        requestAnimationFrame(() => focusVersionButton(version!.id, label));
      }}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <span class="versions" role="group" aria-label="Versions">
      {button("Previous version", "back", all[index - 1])}
      <span>
        <span class="visually-hidden">Version</span> {index + 1}/{all.length}
      </span>
      {button("Next version", "forth", all[index + 1])}
      {!message.is_user_author && (
        <button type="button" class="tool" onClick={() => setComparing(true)}>
          <Icon name="columns" /> Compare
        </button>
      )}
      {isComparing && <Comparison message={message} all={all} onClose={() => setComparing(false)} />}
    </span>
  );
}

/** The other version has its own buttons: the focus moves to the same one, or to the one that is enabled. */
function focusVersionButton(messageId: string, label: string) {
  const buttons = document.querySelectorAll<HTMLButtonElement>(`[data-message="${messageId}"] .versions button`);
  const enabled = [...buttons].filter((button) => !button.disabled);
  (enabled.find((button) => button.getAttribute("aria-label") === label) ?? enabled[0])?.focus();
}

interface ComparisonProps {
  message: Message;
  all: Message[];
  onClose(): void;
}

/** The version before the one that is shown comes first, and that one next to it where there is room. */
function Comparison({ message, all, onClose }: ComparisonProps) {
  const session = useSession();
  const list = useRef<HTMLOListElement>(null);
  useLayoutEffect(() => {
    const shown = list.current!.children[Math.max(0, all.indexOf(message) - 1)];
    shown.scrollIntoView({ block: "nearest", inline: "start" });
  }, []);
  return (
    <Modal title={`${all.length} versions`} kind="wide" onClose={onClose}>
      <ol class="comparison" ref={list} tabIndex={0} aria-label="Versions, next to each other">
        {all.map((version, index) => (
          <li key={version.id} aria-label={`Version ${index + 1}`} aria-current={version.id === message.id}>
            <h3>{[`Version ${index + 1}`, ...notesOf(version, session)].join(" · ")}</h3>
            <div class="answer">
              <Markdown text={version.content} />
            </div>
            {version.id === message.id ? <p class="hint">This one is shown in the story.</p> : (
              <button
                type="button"
                class="button"
                aria-label={`Keep this one, version ${index + 1}`}
                onClick={() => {
                  onClose();
                  session.current.show(version.id);
                }}
              >
                Keep this one
              </button>
            )}
          </li>
        ))}
      </ol>
    </Modal>
  );
}
