/** The list of conversations, with the ways to the bots and to signing out. */

import { linkTo } from "../platform/address.ts";
import { narrow } from "../platform/media.ts";
import { Brand, Icon } from "./controls.tsx";
import { useSession } from "./session_context.ts";

interface SidebarProps {
  onSignOut(): void;
  /** Something was chosen: a drawer can close. */
  onChosen(): void;
}

export function Sidebar({ onSignOut, onChosen }: SidebarProps) {
  const { user, dialog } = useSession();
  return (
    <div class="sidebar">
      {!narrow.value && (
        <header class="sidebar-head">
          <Brand />
        </header>
      )}
      <a
        class="button wide"
        href={linkTo(null)}
        onClick={() => {
          onChosen();
          if (!narrow.value) document.getElementById("composer")?.focus();
        }}
      >
        <Icon name="plus" /> New story
      </a>
      <ConversationList onChosen={onChosen} />
      <footer class="sidebar-foot">
        <button
          type="button"
          class="row-button"
          onClick={() => {
            onChosen();
            dialog.value = { name: "bots" };
          }}
        >
          Bots
        </button>
        <button
          type="button"
          class="row-button"
          onClick={() => {
            onChosen();
            dialog.value = { name: "spending" };
          }}
        >
          Usage
        </button>
        <div class="account">
          <button
            type="button"
            class="link account-name"
            title="Account and password"
            onClick={() => {
              onChosen();
              dialog.value = { name: "account" };
            }}
          >
            <span class="visually-hidden">Account</span> {user.email}
          </button>
          <button type="button" class="link" onClick={onSignOut}>Sign out</button>
        </div>
      </footer>
    </div>
  );
}

function ConversationList({ onChosen }: { onChosen(): void }) {
  const { conversations, running, current } = useSession();
  return (
    <nav class="conversations" aria-label="Stories">
      {conversations.value?.length === 0 && <p class="hint">Your stories will be listed here.</p>}
      <ul>
        {conversations.value?.map(({ id, title }) => {
          const isRunning = running.value.includes(id);
          return (
            <li key={id}>
              <a
                href={linkTo(id)}
                class={isRunning ? "conversation-link running" : "conversation-link"}
                aria-current={id === current.id.value ? "page" : undefined}
                onClick={onChosen}
              >
                <span>{title || "Untitled story"}</span>
                {isRunning && <span class="visually-hidden">(being written)</span>}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
