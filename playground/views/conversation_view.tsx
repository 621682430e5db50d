/** The current conversation: its header, its messages, and the composer below them. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { goTo } from "../platform/address.ts";
import { Composer } from "./composer.tsx";
import { ConversationHeader, type HeaderProps } from "./conversation_header.tsx";
import { Empty } from "./empty.tsx";
import { ErrorView } from "./error_view.tsx";
import { focusStory, Icon } from "./controls.tsx";
import { Answer, PendingPrompt, Prompt } from "./message.tsx";
import { useSession } from "./session_context.ts";

interface ConversationViewProps extends HeaderProps {
  onSignOut(): void;
}

/** Pixels from the end that still count as the end. */
const NEAR_END = 40;

export function ConversationView({ onSignOut, ...header }: ConversationViewProps) {
  const { scroller, isAway, onScroll, toEnd } = useFollowing();
  return (
    <main class="conversation">
      <ConversationHeader {...header} />
      <div class={isAway.value ? "scroller" : "scroller following"} ref={scroller} onScroll={onScroll}>
        <div class="column" id="messages" tabIndex={-1}>
          <Body onSignOut={onSignOut} />
        </div>
      </div>
      <div class="to-end">
        {isAway.value && (
          <button type="button" class="button small" onClick={toEnd}>
            <Icon name="down" /> To the end
          </button>
        )}
      </div>
      <Composer />
    </main>
  );
}

/**
 * Keeps the end in view while text is added, until the reader scrolls up, and again from the end on. Only a reader moves
 * the view up: what follows has no scroll anchoring, and a text that has become shorter leaves the view at its end.
 */
function useFollowing() {
  const { id, generation: { status, parentId } } = useSession().current;
  const scroller = useRef<HTMLDivElement>(null);
  const isAway = useSignal(false);
  const last = useRef(0);
  const toEnd = () => {
    isAway.value = false;
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "instant" });
  };
  useSignalEffect(() => {
    if (status.value !== "sending") return;
    toEnd();
    // The button that was pressed may be gone. What another device has begun has no parent yet, and takes no focus.
    if (parentId.peek() === undefined) return;
    requestAnimationFrame(() => document.activeElement === document.body && focusStory());
  });
  useSignalEffect(() => {
    id.value;
    isAway.value = false;
  });
  useEffect(() => {
    // The text grows, and a phone's keyboard takes room.
    const box = scroller.current!;
    const sizes = new ResizeObserver(() => {
      if (!isAway.peek()) box.scrollTop = box.scrollHeight;
    });
    sizes.observe(box);
    sizes.observe(box.firstElementChild!);
    return () => sizes.disconnect();
  }, []);
  return {
    scroller,
    isAway,
    toEnd,
    onScroll({ currentTarget: box }: { currentTarget: HTMLDivElement }) {
      const left = box.scrollHeight - box.scrollTop - box.clientHeight;
      const isUp = box.scrollTop < last.current;
      last.current = box.scrollTop;
      if (left <= (isUp ? 1 : NEAR_END)) isAway.value = false;
      else if (isUp) isAway.value = true;
    },
  };
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
  const hasAnswer = generation.isRunning.value || generation.hasText.value;
  const isLive = current.isFollowing.value && (hasAnswer || prompt !== null);
  const last = path.at(-1);
  // One list: an answer keeps its key and its place in it when it is stored, and so what is drawn of it.
  const messages = path.map((message) => {
    const key = generation.keyOf(message.id);
    return message.is_user_author ? <Prompt key={key} message={message} /> : <Answer key={key} message={message} />;
  });
  if (isLive && prompt !== null) messages.push(<PendingPrompt key="prompt" text={prompt} />);
  if (isLive && hasAnswer) messages.push(<Answer key={generation.key.value} message={null} />);
  return (
    <>
      {path.length === 0 && !isLive && <Empty />}
      {messages}
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
