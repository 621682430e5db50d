/** The list of conversations and its search, with the ways to the bots, to a file and to signing out. */

import { linkTo } from "../platform/address.ts";
import { narrow } from "../platform/media.ts";
import type { Dialog } from "../story/session.ts";
import { Brand, Icon } from "./controls.tsx";
import { SearchField, SearchResults } from "./search_view.tsx";
import { useSession } from "./session_context.ts";
import { StoryList } from "./story_list.tsx";

interface SidebarProps {
  onSignOut(): void;
  /** Something was chosen: a drawer can close. */
  onChosen(): void;
}

/** What the foot of the sidebar opens. */
const DIALOGS: [text: string, dialog: Dialog][] = [
  ["Bots", { name: "bots" }],
  ["Usage", { name: "spending" }],
  ["Import a story", { name: "import" }],
  ["Shortcuts", { name: "shortcuts" }],
];

export function Sidebar({ onSignOut, onChosen }: SidebarProps) {
  const { user, dialog, search } = useSession();
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
      <SearchField search={search} />
      {search.words.value.trim() === ""
        ? <StoryList onChosen={onChosen} />
        : <SearchResults search={search} onChosen={onChosen} />}
      <footer class="sidebar-foot">
        {DIALOGS.map(([text, next]) => (
          <button
            key={text}
            type="button"
            class="row-button"
            onClick={() => {
              onChosen();
              dialog.value = next;
            }}
          >
            {text}
          </button>
        ))}
        <div class="account hint">
          <button
            type="button"
            class="link line account-name"
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
