/** The bar above the conversation: its title, its bot, its branches, and a menu. */

import { useId } from "preact/hooks";
import type { Conversation } from "../data/rows.ts";
import { narrow } from "../platform/media.ts";
import type { Dialog } from "../story/session.ts";
import { Icon } from "./controls.tsx";
import { useSession } from "./session_context.ts";

export interface HeaderProps {
  /** Null where the sidebar is a column. */
  onMenu: (() => void) | null;
  isOutlineOpen: boolean;
  onOutline(): void;
}

export function ConversationHeader({ onMenu, isOutlineOpen, onOutline }: HeaderProps) {
  const { current, conversations } = useSession();
  const conversation = conversations.value?.find(({ id }) => id === current.id.value);
  const title = current.id.value === null ? "New story" : conversation?.title || "Untitled story";
  const branches = current.tree.value.branches;
  return (
    <header class="bar">
      {onMenu && (
        <button type="button" class="icon-button" aria-label="Stories and account" onClick={onMenu}>
          <Icon name="menu" />
        </button>
      )}
      <div class="bar-title">
        <h1 title={title}>{title}</h1>
        <BotChoice />
      </div>
      {branches > 0 && (
        <button
          type="button"
          class="icon-button"
          aria-expanded={isOutlineOpen}
          aria-label={branches === 1 ? "Branches" : `Branches (${branches})`}
          title="All branches"
          onClick={onOutline}
        >
          <Icon name="tree" />
        </button>
      )}
      {conversation && <ConversationMenu conversation={conversation} />}
    </header>
  );
}

function ConversationMenu({ conversation }: { conversation: Conversation }) {
  const { dialog } = useSession();
  const id = useId();
  const open = (next: Dialog) => {
    document.getElementById(id)?.hidePopover();
    dialog.value = next;
  };
  return (
    <>
      <button type="button" class="icon-button" aria-label="Story menu" popovertarget={id}>
        <Icon name="more" />
      </button>
      <div class="menu" id={id} popover="auto">
        <button type="button" onClick={() => open({ name: "preview" })}>What would be sent…</button>
        <button type="button" onClick={() => open({ name: "rename", conversation })}>Rename…</button>
        <button type="button" class="danger" onClick={() => open({ name: "delete", conversation })}>Delete…</button>
      </div>
    </>
  );
}

function BotChoice() {
  const session = useSession();
  const bots = session.bots.value;
  if (!bots?.length) return null;
  return (
    <label class="bot-choice">
      <span class={narrow.value ? "visually-hidden" : ""}>Bot</span>
      <select value={session.bot()?.id ?? ""} onChange={({ currentTarget }) => session.chooseBot(currentTarget.value)}>
        {session.bot() === null && <option value="" disabled>Choose a bot</option>}
        {bots.map(({ id, name, user_id }) => (
          <option key={id} value={id}>
            {name || "Unnamed bot"}
            {user_id === session.user.id ? "" : " (shared)"}
          </option>
        ))}
      </select>
    </label>
  );
}
