/** Lets a React component show and write one conversation. It is a separate entry, so that the client needs no React. */

import { useEffect, useState, useSyncExternalStore } from "react";
import type { RelayClient } from "../client.ts";
import { type ConversationStore, createConversationStore, same } from "./conversation.ts";
import type { Story, StoryOptions } from "./story.ts";

export type { HistorySource, StreamStorage } from "../history.ts";
export type { Story, StoryError, StoryMessage, StoryOptions } from "./story.ts";

/** The conversation of the options. If their `conversationId` changes, it is another conversation. */
export function useStory(relay: RelayClient, options: StoryOptions = {}): Story {
  const { conversationId = null } = options;
  const create = () => ({ conversationId, store: createConversationStore(relay, options) });
  const [initial, hold]: [ReturnType<typeof create>, (next: ReturnType<typeof create>) => void] = useState(create);
  let held = initial;
  if (!same(held.conversationId, conversationId)) {
    // A new conversation whose id the page now passes is the one that is shown.
    const isShown = same(held.store.state().conversationId, conversationId);
    held = isShown ? { ...held, conversationId } : create();
    hold(held);
  }
  const store: ConversationStore = held.store;
  useEffect(() => store.use(relay, options));
  // Nothing changes a store before it is subscribed to, so a server and a page that hydrates render the same state.
  return useSyncExternalStore(store.subscribe, store.state, store.state);
}
