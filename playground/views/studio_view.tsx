/** The signed-in page: the list of stories, the open story, and what lies over them. */

import { signal, untracked, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { storyInAddress } from "../platform/address.ts";
import { narrow, tight } from "../platform/media.ts";
import type { Account } from "../studio/account.ts";
import type { Studio } from "../studio/studio.ts";
import { StudioContext } from "./context.ts";
import { Dialogs } from "./dialogs.tsx";
import { Modal } from "./modal.tsx";
import { Outline } from "./outline.tsx";
import { Sidebar } from "./sidebar.tsx";
import { StoryView } from "./story_view.tsx";

interface StudioViewProps {
  studio: Studio;
  account: Account;
}

export function StudioView({ studio, account }: StudioViewProps) {
  const { menu, outline } = useMemo(() => ({ menu: signal(false), outline: signal(false) }), []);
  const { desk } = studio;

  useSignalEffect(() => {
    const storyId = storyInAddress.value;
    // Only the address opens a story: what opening reads must not open it again.
    untracked(() => studio.open(storyId));
    menu.value = false;
  });
  useSignalEffect(() => {
    const title = studio.stories.value?.find(({ id }) => id === desk.storyId.value)?.title;
    document.title = title ? `${title} · Storytellr` : "Storytellr";
  });
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible") studio.refresh();
    };
    document.addEventListener("visibilitychange", look);
    addEventListener("online", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      removeEventListener("online", look);
    };
  }, [studio]);

  const sidebar = (
    <Sidebar
      onSignOut={account.signOut}
      onChosen={() => menu.value = false}
    />
  );
  const rows = <Outline onChosen={() => tight.value && (outline.value = false)} />;
  return (
    <StudioContext.Provider value={studio}>
      <a class="skip" href="#story-text" onClick={skip}>Skip to the story</a>
      <div class={`studio ${outline.value && !tight.value ? "outlined" : ""}`}>
        {narrow.value
          ? menu.value && (
            <Modal
              title="Stories"
              kind="left"
              onClose={() => menu.value = false}
            >
              {sidebar}
            </Modal>
          )
          : <div class="side">{sidebar}</div>}
        <StoryView
          onMenu={narrow.value ? () => menu.value = true : null}
          isOutlined={outline.value}
          onOutline={() => outline.value = !outline.value}
          onSignOut={account.signOut}
        />
        {outline.value && (tight.value
          ? (
            <Modal
              title="All branches"
              kind="right"
              onClose={() => outline.value = false}
            >
              {rows}
            </Modal>
          )
          : (
            <aside class="outline-side" aria-label="All branches">
              <h2>All branches</h2>
              {rows}
            </aside>
          ))}
      </div>
      <Dialogs />
      <p class="unseen" role="status">{spoken(studio)}</p>
    </StudioContext.Provider>
  );
}

/** What those hear who do not see the text grow. */
function spoken({ desk: { pen } }: Studio): string {
  switch (pen.stage.value) {
    case "idle":
      return pen.news.value;
    case "reconnecting":
      return "The connection is gone. Trying again.";
    case "stopping":
      return "Stopping.";
    default:
      return "The story is being written.";
  }
}

/** The address names the story, so the link must not change it. */
function skip(event: MouseEvent) {
  event.preventDefault();
  document.getElementById("story-text")?.focus();
}
