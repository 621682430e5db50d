/** The open story from its title to the box below it. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { goTo } from "../platform/address.ts";
import { Composer } from "./composer.tsx";
import { useStudio } from "./context.ts";
import { Empty } from "./empty.tsx";
import { FailureView } from "./failure_view.tsx";
import { LivePassage, Passage, PendingPrompt } from "./passage.tsx";
import { StoryBar } from "./story_bar.tsx";

interface StoryViewProps {
  /** Null where the list of stories is there anyway. */
  onMenu: (() => void) | null;
  isOutlined: boolean;
  onOutline(): void;
  onSignOut(): void;
}

/** Pixels from the end within which a reader wants to see what comes. */
const NEAR_END = 120;

export function StoryView(props: StoryViewProps) {
  const { desk } = useStudio();
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  useSignalEffect(() => {
    if (desk.pen.stage.value === "starting") atEnd.current = true;
  });
  useEffect(() => {
    // The text grows, and a phone's keyboard takes room.
    const box = scroller.current!;
    const sizes = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight;
    });
    sizes.observe(box);
    sizes.observe(box.firstElementChild!);
    return () => sizes.disconnect();
  }, []);

  return (
    <main class="story">
      <StoryBar {...props} />
      <div
        class="scroller"
        ref={scroller}
        onScroll={({ currentTarget: box }) => {
          const below = box.scrollHeight - box.scrollTop - box.clientHeight;
          atEnd.current = below < NEAR_END;
        }}
      >
        <div class="column" id="story-text" tabIndex={-1}>
          <Body onSignOut={props.onSignOut} />
        </div>
      </div>
      <Composer />
    </main>
  );
}

function Body({ onSignOut }: { onSignOut(): void }) {
  const { desk } = useStudio();
  const { pen } = desk;
  const path = desk.path.value;
  const isLive = desk.following.value &&
    (pen.writing.value || pen.text.value !== "" || pen.prompt.value !== null);

  if (desk.state.value === "missing") {
    return (
      <div class="empty">
        <h2>This story is not here</h2>
        <p>It was deleted, or it belongs to another account.</p>
        <button type="button" class="button primary" onClick={() => goTo(null)}>
          Begin a new one
        </button>
      </div>
    );
  }
  if (desk.state.value === "loading") {
    return (
      <div class="loading" aria-busy="true">
        <Trouble />
      </div>
    );
  }
  const last = path.at(-1);
  const isUnanswered = !isLive && last?.is_user_author && !pen.failure.value;
  return (
    <>
      {path.length === 0 && !isLive && <Empty />}
      {path.map((message) => <Passage key={message.id} message={message} />)}
      {isLive && pen.prompt.value !== null && <PendingPrompt text={pen.prompt.value} />}
      {isLive && (pen.writing.value || pen.text.value) && <LivePassage />}
      {isUnanswered && (
        <div class="unanswered">
          <p>Nobody has told this part yet.</p>
          <button
            type="button"
            class="button"
            onClick={() => pen.retell(last.id)}
          >
            Tell it
          </button>
        </div>
      )}
      {pen.failure.value && <FailureView failure={pen.failure.value} onSignOut={onSignOut} />}
      <Trouble />
    </>
  );
}

/** Stories or bots could not be read, or a change of them not be stored. */
function Trouble() {
  const studio = useStudio();
  const trouble = studio.desk.trouble.value ?? studio.trouble.value;
  if (!trouble) return null;
  return (
    <div class="failure" role="alert">
      <p>{trouble}</p>
      <button type="button" class="button" onClick={studio.refresh}>
        Look again
      </button>
    </div>
  );
}
