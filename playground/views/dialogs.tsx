/** The dialogs: bots, one bot, a preview, usage, the account, a memory, and renaming or deleting a conversation. */

import { useState } from "preact/hooks";
import type { Account } from "../data/account.ts";
import type { Conversation, Message } from "../data/rows.ts";
import { AccountView } from "./account_view.tsx";
import { BotForm } from "./bot_form.tsx";
import { Deletable, Field, FormEnd, FormError, Icon, Modal, valuesOf } from "./controls.tsx";
import { ImportStory } from "./import_story.tsx";
import { PreviewView } from "./preview.tsx";
import { ShortcutList } from "./shortcuts.tsx";
import { SpendingView } from "./spending.tsx";
import { useSession } from "./session_context.ts";

export function Dialogs({ account }: { account: Account }) {
  const { dialog } = useSession();
  const open = dialog.value;
  const close = () => dialog.value = null;
  switch (open?.name) {
    case "bots":
      return <BotList onClose={close} />;
    case "bot":
      return <BotForm bot={open.bot} onClose={close} />;
    case "preview":
      return <PreviewView onClose={close} />;
    case "spending":
      return <SpendingView onClose={close} />;
    case "import":
      return <ImportStory onClose={close} />;
    case "shortcuts":
      return <ShortcutList onClose={close} />;
    case "account":
      return <AccountView account={account} onClose={close} />;
    case "memory":
      return <Memory message={open.message} onClose={close} />;
    case "rename":
      return <Rename conversation={open.conversation} onClose={close} />;
    case "delete":
      return <Delete conversation={open.conversation} onClose={close} onDone={open.onDone} />;
    default:
      return null;
  }
}

function BotList({ onClose }: { onClose(): void }) {
  const { bots, user, dialog } = useSession();
  const rows = bots.value ?? [];
  return (
    <Modal title="Bots" onClose={onClose}>
      <p class="hint">A bot is a model at a provider, with your instructions.</p>
      <ul class="bots">
        {rows.map((bot) => (
          <li key={bot.id}>
            <div>
              <strong>{bot.name || "Unnamed bot"}</strong>
              <span class="hint line">{bot.model || "no model"} · {hostOf(bot.access_path)}</span>
            </div>
            {bot.user_id !== user.id ? <span class="badge">shared with you</span> : (
              <button
                type="button"
                class="button small"
                aria-label={`Edit ${bot.name}`}
                onClick={() => dialog.value = { name: "bot", bot }}
              >
                Edit
              </button>
            )}
          </li>
        ))}
      </ul>
      {rows.length === 0 && <p>You have no bots yet.</p>}
      <button type="button" class="button primary" onClick={() => dialog.value = { name: "bot", bot: null }}>
        <Icon name="plus" /> New bot
      </button>
    </Modal>
  );
}

interface ConversationDialogProps {
  conversation: Conversation;
  onClose(): void;
  /** Called after the dialog has closed. */
  onDone?(): void;
}

/** Changes something, then closes the dialog; `error` says why it could not. */
function useChange(onDone: () => void) {
  const [error, setError] = useState("");
  return { error, attempt: (change: Promise<void>) => change.then(onDone, (reason) => setError(reason.message)) };
}

function Rename({ conversation, onClose }: ConversationDialogProps) {
  const session = useSession();
  const { error, attempt } = useChange(onClose);
  const submit = (event: SubmitEvent) => attempt(session.rename(conversation.id, valuesOf(event).title.trim()));
  return (
    <Modal title="Rename this story" onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <Field label="Title" name="title" defaultValue={conversation.title} maxLength={120} autoFocus />
        <FormEnd error={error} label="Rename" onClose={onClose} />
      </form>
    </Modal>
  );
}

function Delete({ conversation, onClose, onDone }: ConversationDialogProps) {
  const session = useSession();
  const { error, attempt } = useChange(() => {
    onClose();
    onDone?.();
  });
  return (
    <Modal title="Delete this story?" onClose={onClose}>
      <p>
        This deletes “{session.titleText(conversation)}” with all its branches and versions. It cannot be undone.
      </p>
      <FormError text={error} />
      <div class="actions end">
        <button type="button" class="button" onClick={onClose}>Keep</button>
        <button
          type="button"
          class="button danger"
          onClick={() => attempt(session.removeConversation(conversation.id))}
        >
          Delete
        </button>
      </div>
    </Modal>
  );
}

/** The text that is sent in place of the story up to this message. */
function Memory({ message, onClose }: { message: Message; onClose(): void }) {
  const session = useSession();
  const { error, attempt } = useChange(onClose);
  return (
    <Modal title="Memory" onClose={onClose}>
      <form class="form" onSubmit={(event) => attempt(session.saveMemory(message.id, valuesOf(event).memory))}>
        <Field
          label="What happened so far"
          name="memory"
          lines={10}
          defaultValue={message.memory ?? ""}
          help="Sent to the model in place of the story up to this message. Without it, the text itself is sent."
        />
        <FormError text={error} />
        <Deletable
          label="Delete memory"
          question="Delete this memory? The story stays."
          onDelete={() => attempt(session.removeMemory(message.id))}
        >
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button primary">Save</button>
        </Deletable>
      </form>
    </Modal>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
