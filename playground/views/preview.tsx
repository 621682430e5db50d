/** What would be sent to the model now, and what not: shown before anything is sent. */

import { useEffect, useState } from "preact/hooks";
import type { Preview, RelayClientError } from "../../client/client.ts";
import { botReason, counted, leftOutNote, windowNote } from "../copy/context.ts";
import { errorNotice } from "../copy/errors.ts";
import { shortened } from "../copy/titles.ts";
import type { CurrentConversation } from "../story/current_conversation.ts";
import { FormError, Modal } from "./controls.tsx";
import { useSession } from "./session_context.ts";

const LINE_CHARACTERS = 80;

export function PreviewView({ onClose }: { onClose(): void }) {
  const session = useSession();
  const [preview, setPreview] = useState<Preview | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    session.preview().then(setPreview, (reason: RelayClientError) => {
      const { title, advice } = errorNotice(reason, Date.now());
      setError(`${title} ${advice}`);
    });
  }, []);
  return (
    <Modal title="What would be sent" onClose={onClose}>
      <FormError text={error} />
      {preview === null ? !error && <p class="hint" aria-busy="true">Asking the relay…</p> : <Sent preview={preview} />}
    </Modal>
  );
}

function Sent({ preview }: { preview: Preview }) {
  const { bots, current } = useSession();
  const { bot_id, bot_reason, model, messages, memory } = preview;
  const bot = bots.value?.find(({ id }) => id === String(bot_id));
  const leftOut = leftOutNote({ ...preview, memory: memory && memory.message_id });
  return (
    <div class="preview">
      <p>
        To <strong>{bot?.name || "Unnamed bot"}</strong> ({model || "no model"}), because {botReason(bot_reason)}.
      </p>
      <p class={preview.fits ? "" : "form-error"}>{windowNote(preview)}.</p>
      {leftOut && <p>{leftOut}.</p>}
      <ol aria-label="Messages">
        {messages.map(({ role, characters, estimated_tokens }, index) => (
          <li key={index}>
            <strong>{ROLES[role]}</strong>
            <span>{shortened(textAt(preview, index, current), LINE_CHARACTERS)}</span>
            <span class="hint">{counted(characters)} characters, about {counted(estimated_tokens)} tokens</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The relay gives the size of a message and not its text, which the page has. */
function textAt({ messages }: Preview, index: number, { tree, generation }: CurrentConversation): string {
  const { role, message_id } = messages[index];
  const stored = message_id === null ? undefined : tree.value.get(String(message_id));
  if (stored) return stored.content;
  if (role === "system") return "The bot’s own";
  const prompt = generation.draft.value.trim();
  return index === messages.length - 1 && prompt ? prompt : "Added by the relay";
}

const ROLES: Record<Preview["messages"][number]["role"], string> = {
  system: "Instructions",
  user: "You",
  assistant: "Story",
};
