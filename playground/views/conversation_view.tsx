/** The current conversation: its header, its messages, and the composer below them. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { goTo } from "../platform/address.ts";
import { Composer } from "./composer.tsx";
import { ConversationHeader, type HeaderProps } from "./conversation_header.tsx";
import { Empty } from "./empty.tsx";
import { ErrorView } from "./error_view.tsx";
import { LiveAnswer, MessageView, PendingPrompt } from "./message.tsx";
import { useSession } from "./session_context.ts";

interface ConversationViewProps extends HeaderProps {
  onSignOut(): void;
}

/** Pixels from the end within which the view follows the growing text. */
const NEAR_END = 120;

export function ConversationView({ onSignOut, ...header }: ConversationViewProps) {
  const { status } = useSession().current.generation;
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  useSignalEffect(() => {
    if (status.value === "sending") atEnd.current = true;
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
    <main class="conversation">
      <ConversationHeader {...header} />
      <div
        class="scroller"
        ref={scroller}
        onScroll={({ currentTarget: box }) => {
          atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
        }}
      >
        <div class="column" id="messages" tabIndex={-1}>
          <Body onSignOut={onSignOut} />
        </div>
      </div>
      <Composer />
    </main>
  );
}

function Body({ onSignOut }: { onSignOut(): void }) {
  const { current } = useSession();
  switch (current.status.value) {
    case "ready":
      return <Messages onSignOut={onSignOut} />;
    case "loading":
      return (
        <div aria-busy="true">
          <DataError />
        </div>
      );
    case "missing":
      return (
        <div class="empty">
          <h2>Story not found</h2>
          <p>It was deleted, or it belongs to another account.</p>
          <button type="button" class="button primary" onClick={() => goTo(null)}>Start a new story</button>
        </div>
      );
  }
}

function Messages({ onSignOut }: { onSignOut(): void }) {
  const { current } = useSession();
  const { generation } = current;
  const path = current.path.value;
  const prompt = generation.prompt.value;
  const error = generation.error.value;
  const hasAnswer = generation.isRunning.value || generation.text.value !== "";
  const isLive = current.isFollowing.value && (hasAnswer || prompt !== null);
  const last = path.at(-1);
  return (
    <>
      {path.length === 0 && !isLive && <Empty />}
      {path.map((message) => <MessageView key={message.id} message={message} />)}
      {isLive && prompt !== null && <PendingPrompt text={prompt} />}
      {isLive && hasAnswer && <LiveAnswer />}
      {!isLive && last?.is_user_author && !error && !current.isLooking.value && (
        <div class="unanswered">
          <p>This message has no answer yet.</p>
          <button type="button" class="button" onClick={() => generation.answer(last.id)}>Generate answer</button>
        </div>
      )}
      {error && <ErrorView error={error} onSignOut={onSignOut} />}
      <DataError />
    </>
  );
}

/** A query that failed: conversations or bots could not be read, or a change could not be stored. */
function DataError() {
  const session = useSession();
  const error = session.current.error.value ?? session.error.value;
  if (!error) return null;
  return (
    <div class="error" role="alert">
      <p>{error}</p>
      <button type="button" class="button" onClick={session.refresh}>Reload</button>
    </div>
  );
}
