/** The bar above a story: its title, who tells it, its branches, and what can be done with it. */

import { useId } from "preact/hooks";
import type { Story } from "../data/rows.ts";
import { narrow } from "../platform/media.ts";
import { useStudio } from "./context.ts";
import { Icon } from "./parts.tsx";

interface StoryBarProps {
  onMenu: (() => void) | null;
  isOutlined: boolean;
  onOutline(): void;
}

export function StoryBar({ onMenu, isOutlined, onOutline }: StoryBarProps) {
  const studio = useStudio();
  const { desk } = studio;
  const story = studio.stories.value?.find(({ id }) => id === desk.storyId.value);
  const title = desk.storyId.value === null ? "New story" : story?.title || "Untitled story";
  const branches = desk.tree.value.branches;
  return (
    <header class="bar">
      {onMenu && (
        <button
          type="button"
          class="icon-button"
          aria-label="Stories and account"
          onClick={onMenu}
        >
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
          aria-expanded={isOutlined}
          aria-label={branches === 1 ? "Branches" : `Branches, ${branches} of them`}
          title="All branches"
          onClick={onOutline}
        >
          <Icon name="tree" />
        </button>
      )}
      {story && <StoryMenu story={story} />}
    </header>
  );
}

function StoryMenu({ story }: { story: Story }) {
  const studio = useStudio();
  const id = useId();
  const ask = (name: "rename" | "delete") => {
    document.getElementById(id)?.hidePopover();
    studio.ask({ name, story });
  };
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-label="More about this story"
        popovertarget={id}
      >
        <Icon name="more" />
      </button>
      <div class="menu" id={id} popover="auto">
        <button type="button" onClick={() => ask("rename")}>Rename…</button>
        <button type="button" class="danger" onClick={() => ask("delete")}>
          Delete…
        </button>
      </div>
    </>
  );
}

function BotChoice() {
  const studio = useStudio();
  const bots = studio.bots.value;
  if (!bots?.length) return null;
  return (
    <label class="bot-choice">
      <span class={narrow.value ? "unseen" : ""}>Told by</span>
      <select
        value={studio.bot()?.id}
        onChange={({ currentTarget }) => studio.chooseBot(currentTarget.value)}
      >
        {bots.map(({ id, name, user_id }) => (
          <option key={id} value={id}>
            {name || "Unnamed bot"}
            {user_id === studio.user.id ? "" : " (shared)"}
          </option>
        ))}
      </select>
    </label>
  );
}
