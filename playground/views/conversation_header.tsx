/** The bar above the conversation: its title, its bot, its branches, and a menu. */

import { useRef, useState } from "preact/hooks";
import { totalNote } from "../copy/spending.ts";
import type { Conversation } from "../data/rows.ts";
import { saveFile } from "../platform/download.ts";
import { isComposing } from "../platform/keyboard.ts";
import { narrow } from "../platform/media.ts";
import { archiveOf, fileNameOf, markdownOf } from "../story/archive.ts";
import { Icon } from "./controls.tsx";
import { Menu, type MenuItem } from "./menu.tsx";
import { useSession } from "./session_context.ts";

export interface HeaderProps {
  /** Null where the sidebar is a column. */
  onMenu: (() => void) | null;
  isOutlineOpen: boolean;
  onOutline(): void;
}

export function ConversationHeader({ onMenu, isOutlineOpen, onOutline }: HeaderProps) {
  const session = useSession();
  const { current } = session;
  const conversation = session.conversation();
  const branches = current.tree.value.branches;
  const isMissing = current.status.value === "missing";
  return (
    <header class="bar">
      {onMenu && (
        <button type="button" class="icon-button" aria-label="Stories and account" onClick={onMenu}>
          <Icon name="menu" />
        </button>
      )}
      <div class="bar-title">
        {conversation
          ? <Title key={conversation.id} conversation={conversation} />
          : <h1 class="line">{isMissing ? "Not found" : current.id.value === null ? "New story" : "Untitled story"}
          </h1>}
        {!isMissing && <BotChoice />}
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
      {(conversation || !isMissing && session.bot()) && (
        <StoryMenu
          key={conversation?.id}
          conversation={conversation}
        />
      )}
    </header>
  );
}

/** A title that is edited where it stands. */
function Title({ conversation }: { conversation: Conversation }) {
  const session = useSession();
  const { id, title } = conversation;
  const [isEdited, setEdited] = useState(false);
  const [error, setError] = useState("");
  const opener = useRef<HTMLButtonElement>(null);
  const end = () => {
    setEdited(false);
    setError("");
    requestAnimationFrame(() => opener.current?.focus());
  };
  if (!isEdited) {
    const text = session.titleText(conversation);
    return (
      <h1 class="line" title={text} dir="auto">
        <button type="button" class="title line" ref={opener} title="Edit the title" onClick={() => setEdited(true)}>
          {text}
        </button>
      </h1>
    );
  }
  return (
    <form
      class="title-form"
      onSubmit={(event) => {
        event.preventDefault();
        const next = new FormData(event.currentTarget).get("title") as string;
        session.rename(id, next.trim()).then(end, (reason) => setError(reason.message));
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || isComposing(event)) return;
        event.preventDefault();
        end();
      }}
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (relatedTarget instanceof Node && !currentTarget.contains(relatedTarget)) setEdited(false);
      }}
    >
      <input
        name="title"
        aria-label="Title"
        aria-invalid={error !== ""}
        defaultValue={title}
        maxLength={120}
        dir="auto"
        autoComplete="off"
        ref={(input) => {
          if (input && document.activeElement !== input) input.select();
        }}
      />
      <button type="submit" class="button small">Save</button>
      {error && <p class="form-error" role="alert">{error}</p>}
    </form>
  );
}

/** One that is not stored yet can only be previewed. */
function StoryMenu({ conversation }: { conversation: Conversation | undefined }) {
  const { dialog, current, bots, titleText } = useSession();
  function save(conversation: Conversation, ending: "md" | "json") {
    const title = titleText(conversation);
    const written = current.written();
    const path = [...current.path.value, ...written];
    if (ending === "md") return saveFile(fileNameOf(title, ending), "text/markdown", markdownOf(title, path));
    const leaf = { ...conversation, title, active_message_id: path.at(-1)?.id ?? null };
    const archive = archiveOf(leaf, [...current.tree.value.all, ...written], bots.value ?? []);
    saveFile(fileNameOf(title, ending), "application/json", JSON.stringify(archive, null, 2));
  }
  const items = (): MenuItem[] => [
    { text: "What would be sent…", onChoose: () => dialog.value = { name: "preview" } },
    ...conversation
      ? [
        { text: "Export as Markdown", onChoose: () => save(conversation, "md") },
        { text: "Export as JSON", onChoose: () => save(conversation, "json") },
        { text: "Rename…", onChoose: () => dialog.value = { name: "rename", conversation } },
        { text: "Delete…", isDanger: true, onChoose: () => dialog.value = { name: "delete", conversation } },
      ]
      : [],
  ];
  const note = totalNote(current.tree.value.all.map(({ cost }) => cost));
  return (
    <Menu kind="icon-button" label="Story menu" items={items} note={note}>
      <Icon name="more" />
    </Menu>
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
