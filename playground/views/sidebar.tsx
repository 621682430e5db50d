/** The list of stories, and the ways to bots and out. */

import { linkTo } from "../platform/address.ts";
import { narrow } from "../platform/media.ts";
import { useStudio } from "./context.ts";
import { Brand, Icon } from "./parts.tsx";

interface SidebarProps {
  onSignOut(): void;
  /** Something was chosen: a list that lies over the page may go. */
  onChosen(): void;
}

export function Sidebar({ onSignOut, onChosen }: SidebarProps) {
  const studio = useStudio();
  const { stories, busy, desk, user } = studio;
  const rows = stories.value;
  return (
    <div class="sidebar">
      {!narrow.value && (
        <header class="sidebar-head">
          <Brand />
        </header>
      )}
      <a
        class="button wide new-story"
        href={linkTo(null)}
        onClick={() => {
          onChosen();
          if (!narrow.value) focusComposer();
        }}
      >
        <Icon name="plus" /> New story
      </a>
      <nav class="stories" aria-label="Stories">
        {rows?.length === 0 && <p class="hint">Your stories will be listed here.</p>}
        <ul>
          {rows?.map(({ id, title }) => {
            const isBusy = busy.value.includes(id);
            return (
              <li key={id}>
                <a
                  href={linkTo(id)}
                  class={isBusy ? "story-link busy" : "story-link"}
                  aria-current={id === desk.storyId.value ? "page" : undefined}
                  onClick={onChosen}
                >
                  <span>{title || "Untitled story"}</span>
                  {isBusy && <span class="unseen">(being written)</span>}
                </a>
              </li>
            );
          })}
        </ul>
      </nav>
      <footer class="sidebar-foot">
        <button
          type="button"
          class="row-button"
          onClick={() => {
            onChosen();
            studio.ask({ name: "bots" });
          }}
        >
          Bots
        </button>
        <div class="who">
          <span title={user.email}>{user.email}</span>
          <button type="button" class="link" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </footer>
    </div>
  );
}

function focusComposer() {
  document.querySelector<HTMLElement>(".composer textarea")?.focus();
}
