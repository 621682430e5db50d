/** What a generation on the page is made of: its signals, and how they begin. Only live_generation.ts changes them. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Generation, RelayClient } from "../../client/client.ts";
import type { SentContext } from "../../client/types.ts";
import type { ErrorNotice } from "../copy/errors.ts";
import type { Tree } from "./tree.ts";

/** How far the generation is, for this page. */
export type Status = "idle" | "sending" | "waiting" | "streaming" | "reconnecting" | "stopping";

/** The generation that the page shows, and what the user can do with it. */
export interface LiveGeneration {
  status: ReadonlySignal<Status>;
  isRunning: ReadonlySignal<boolean>;
  /** The parent of the new answer; null: it has none; undefined: not known, or there is no new answer. */
  parentId: ReadonlySignal<string | null | undefined>;
  /** The prompt that was sent and is not among the stored messages yet. */
  prompt: ReadonlySignal<string | null>;
  text: ReadonlySignal<string>;
  hasText: ReadonlySignal<boolean>;
  /** Names the answer on the page from its first word on, also once it is stored. */
  key: ReadonlySignal<string>;
  /** The name of a stored message, which it may have from before it was stored. */
  keyOf(messageId: string): string;
  reasoning: ReadonlySignal<string>;
  /** What of the story the model was sent; null until the relay has answered. */
  context: ReadonlySignal<SentContext | null>;
  /** Reasoning of finished answers by message id. It is not stored, so it lives as long as the page. */
  pastReasoning: ReadonlyMap<string, string>;
  /** The context of finished answers by message id, for as long. */
  pastContext: ReadonlyMap<string, SentContext>;
  error: ReadonlySignal<ErrorNotice | null>;
  /** How the last generation ended, for screen readers. */
  announcement: ReadonlySignal<string>;
  /** The text in the composer. A prompt that could not be sent returns to it. */
  draft: Signal<string>;
  /** Shows a prompt at once, before there is a conversation to send it in. */
  expect(prompt: string): void;
  /** Sends a prompt as a child of a message; null: as a new root; undefined: below the conversation's active leaf. */
  send(prompt: string, parentId: string | null | undefined): void;
  /** Generates another version of an answer. */
  regenerate(messageId: string): void;
  /** Goes on with an answer, in a version of its own. */
  goOn(messageId: string): void;
  /** Lets a bot answer any message: the one that is named, or the conversation's. */
  answer(messageId: string, botId?: string): void;
  /** Repeats what failed. */
  retry(): void;
  stop(): Promise<void>;
  /** Removes the error. */
  dismiss(): void;
  /**
   * Streams what this browser has started in the conversation, or what another device has. False: it could not be found
   * out whether one has.
   */
  resume(): Promise<boolean>;
  /** Stops streaming; the generation goes on. */
  detach(): void;
}

/** What a generation needs of its conversation. */
export interface ConversationAccess {
  id: ReadonlySignal<string | null>;
  tree: ReadonlySignal<Tree>;
  leafId: ReadonlySignal<string | null>;
  draft: Signal<string>;
  /** A generation begins on this page. */
  onBegin(): void;
  /** Reads the conversation again and shows this leaf; false where that failed. */
  reload(leafId?: string): Promise<boolean>;
}

/** The state of one page. */
export type State = ReturnType<typeof createState>;

/** Nothing runs. */
export function createState(relay: RelayClient, conversation: ConversationAccess) {
  const status = signal<Status>("idle");
  const text = signal("");
  return {
    relay,
    conversation,
    signals: {
      status,
      parentId: signal<string | null | undefined>(undefined),
      prompt: signal<string | null>(null),
      text,
      key: signal("live"),
      reasoning: signal(""),
      context: signal<SentContext | null>(null),
      error: signal<ErrorNotice | null>(null),
      announcement: signal(""),
      draft: conversation.draft,
    },
    hasText: computed(() => text.value !== ""),
    keys: new Map<string, string>(),
    isRunning: computed(() => status.value !== "idle"),
    pastReasoning: new Map<string, string>(),
    pastContext: new Map<string, SentContext>(),
    /** How many answers have begun on this page. */
    begun: 0,
    /** The client's generation, while it is read. */
    handle: null as Generation | null,
    retry: () => {},
  };
}

/** Nothing runs, and nothing of the last generation is shown. */
export function clear(live: State) {
  const { status, parentId, prompt, error, text, reasoning, context } = live.signals;
  batch(() => {
    status.value = "idle";
    parentId.value = undefined;
    prompt.value = error.value = context.value = null;
    text.value = reasoning.value = "";
  });
  live.handle = null;
}

/** A prompt goes back to the composer, before what was written there since. */
export function returnToDraft({ signals: { draft } }: State, prompt: string) {
  draft.value = [prompt, draft.value].filter((text) => text.trim()).join("\n\n");
}
