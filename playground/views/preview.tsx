/** What would be sent to the model now, and what not: shown before anything is sent. */

import { useEffect, useState } from "preact/hooks";
import type { Preview, RelayClientError } from "../../client/client.ts";
import { botReason, counted, leftOutNote, windowNote } from "../copy/context.ts";
import { errorNotice } from "../copy/errors.ts";
import { shortened } from "../copy/titles.ts";
import type { CurrentConversation } from "../story/current_conversation.ts";
import { FormError, Modal, useFocusOn } from "./controls.tsx";
import { useSession } from "./session_context.ts";

const LINE_CHARACTERS = 80;

/** Of a longer story the first and the last messages are shown, until all are asked for. */
const SHOWN_FIRST = 3;
const SHOWN_LAST = 12;

export function PreviewView({ onClose }: { onClose(): void }) {
  const session = useSession();
  const [preview, setPreview] = useState<Preview | null>(null);
  const [error, setError] = useState("");
  const { path, draft } = session.current;
  const isEmpty = path.value.length === 0 && draft.text.value.trim() === "";
  useEffect(() => {
    if (isEmpty) return;
    session.preview().then(setPreview, (reason: RelayClientError) => {
      const { title, advice } = errorNotice(reason, Date.now());
      setError(`${title} ${advice}`);
    });
  }, []);
  return (
    <Modal title="What would be sent" onClose={onClose}>
      <FormError text={error} />
      {isEmpty && <p>Nothing yet. Write how the story begins, and look again before you send it.</p>}
      {!isEmpty && !error && preview === null && <p class="hint" aria-busy="true">Asking the relay…</p>}
      {preview && <Sent preview={preview} />}
    </Modal>
  );
}

function Sent({ preview }: { preview: Preview }) {
  const { bots, current } = useSession();
  const { bot_id, bot_reason, model, messages, memory } = preview;
  const bot = bots.value?.find(({ id }) => id === String(bot_id));
  const leftOut = leftOutNote({ ...preview, memory: memory && memory.message_id });
  const [isAll, setAll] = useState(false);
  const hidden = messages.length - SHOWN_FIRST - SHOWN_LAST;
  const isFolded = !isAll && hidden > 1;
  // The button disappears: the focus goes to the first message that it has shown.
  const list = useFocusOn<HTMLOListElement>(`li:nth-child(${SHOWN_FIRST + 1})`, isAll);
  const row = (index: number) => {
    const { characters, estimated_tokens } = messages[index];
    const { who, text } = lineOf(preview, index, current);
    return (
      <li key={index} tabIndex={-1}>
        <strong>{who}</strong>
        <span>{shortened(text, LINE_CHARACTERS)}</span>
        <span class="hint">{counted(characters)} characters, about {counted(estimated_tokens)} tokens</span>
      </li>
    );
  };
  return (
    <div class="preview">
      <p>
        To <strong>{bot?.name || "Unnamed bot"}</strong> ({model || "no model"}), because {botReason(bot_reason)}.
      </p>
      <p class={preview.fits ? "" : "form-error"}>{windowNote(preview)}.</p>
      {leftOut && <p>{leftOut}.</p>}
      <ol aria-label="Messages" ref={list}>
        {(isFolded ? messages.slice(0, SHOWN_FIRST) : messages).map((_, index) => row(index))}
        {isFolded && (
          <li>
            <button type="button" class="link" onClick={() => setAll(true)}>
              Show {counted(hidden)} more messages
            </button>
          </li>
        )}
        {isFolded && messages.slice(-SHOWN_LAST).map((_, index) => row(messages.length - SHOWN_LAST + index))}
      </ol>
    </div>
  );
}

/** The relay gives the size of a message and not its text, which the page has. */
function lineOf(
  { messages, memory }: Preview,
  index: number,
  { tree, draft }: CurrentConversation,
): { who: string; text: string } {
  const { role, message_id } = messages[index];
  if (role === "system") {
    // The memory stands behind the instructions, or alone.
    const isMemory = memory !== null && messages[index + 1]?.role !== "system";
    if (!isMemory) return { who: "Instructions", text: "The bot’s own" };
    return { who: "Memory", text: tree.value.get(String(memory.message_id))?.memory ?? "What happened so far" };
  }
  const who = ROLES[role];
  const stored = message_id === null ? undefined : tree.value.get(String(message_id));
  if (stored) return { who, text: stored.content };
  const prompt = draft.text.value.trim();
  return { who, text: index === messages.length - 1 && prompt ? prompt : "Added by the relay" };
}

const ROLES = { user: "You", assistant: "Story" };
