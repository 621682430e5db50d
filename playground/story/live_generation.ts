/**
 * Sends prompts of the current conversation and streams the answers, one generation at a time.
 *
 * `status` is the state machine, and only this module writes it: idle → sending (the relay is asked) → waiting (it has
 * answered) → streaming (text has come) → idle. `reconnecting` and `stopping` can come in between at any time. Text that
 * is not stored yet, and a prompt that was not accepted yet, stay on the page when the status is idle again.
 */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Callbacks, Generation, RelayClient, RelayClientError, Result } from "../../client/client.ts";
import type { Id, StartRequest } from "../../client/types.ts";
import { type ErrorNotice, errorNotice, NOT_STORED } from "../copy/errors.ts";
import {
  isStale,
  readRunning,
  removeRunning,
  type RunningGeneration,
  saveRunning,
} from "../data/running_generations.ts";
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
  reasoning: ReadonlySignal<string>;
  /** Reasoning of finished answers by message id. It is not stored, so it lives as long as the page. */
  pastReasoning: ReadonlyMap<string, string>;
  error: ReadonlySignal<ErrorNotice | null>;
  /** How the last generation ended, for screen readers. */
  announcement: ReadonlySignal<string>;
  /** The text in the composer. A prompt that could not be sent returns to it. */
  draft: Signal<string>;
  /** Sends a prompt as a child of a message; null: as a new root. */
  send(prompt: string, parentId: string | null): void;
  /** Generates another version of an answer, or an answer to a prompt. */
  regenerate(messageId: string): void;
  /** Repeats what failed. */
  retry(): void;
  stop(): Promise<void>;
  /** Removes the error. */
  dismiss(): void;
  /** Streams what this browser has started in the conversation. */
  resume(): void;
  /** Stops streaming; the generation goes on. */
  detach(): void;
}

/** What a generation needs of its conversation. */
export interface ConversationAccess {
  id: ReadonlySignal<string | null>;
  tree: ReadonlySignal<Tree>;
  /** A generation begins on this page. */
  onBegin(): void;
  /** Reads the conversation again and shows this leaf; false where that failed. */
  reload(leafId?: string): Promise<boolean>;
}

/** Nothing runs at first. */
export function createLiveGeneration(relay: RelayClient, conversation: ConversationAccess): LiveGeneration {
  const live = createState(relay, conversation);
  return {
    ...live.signals,
    pastReasoning: live.pastReasoning,
    isRunning: live.isRunning,
    send: (prompt, parentId) => start(live, { prompt, parent_id: parentId }),
    regenerate: (messageId) => start(live, { reroll_of: messageId }),
    retry() {
      live.signals.error.value = null;
      live.retry();
    },
    stop: () => stop(live),
    dismiss: () => dismiss(live),
    resume: () => resume(live),
    detach() {
      const { handle } = live;
      clear(live);
      live.signals.announcement.value = "";
      handle?.detach();
    },
  };
}

type State = ReturnType<typeof createState>;

function createState(relay: RelayClient, conversation: ConversationAccess) {
  const status = signal<Status>("idle");
  return {
    relay,
    conversation,
    signals: {
      status,
      parentId: signal<string | null | undefined>(undefined),
      prompt: signal<string | null>(null),
      text: signal(""),
      reasoning: signal(""),
      error: signal<ErrorNotice | null>(null),
      announcement: signal(""),
      draft: signal(""),
    },
    isRunning: computed(() => status.value !== "idle"),
    pastReasoning: new Map<string, string>(),
    /** The client's generation, while it is read. */
    handle: null as Generation | null,
    retry: () => {},
  };
}

function clear(live: State) {
  const { status, parentId, prompt, error, text, reasoning } = live.signals;
  batch(() => {
    status.value = "idle";
    parentId.value = undefined;
    prompt.value = error.value = null;
    text.value = reasoning.value = "";
  });
  live.handle = null;
}

function start(live: State, request: StartRequest) {
  const id = live.conversation.id.value;
  if (id === null || live.isRunning.value) return;
  const streamId = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const body: StartRequest = { ...request, conversation_id: id, stream_id: streamId, on_disconnect: "continue" };
  saveRunning(id, { streamId, request: body, at: Date.now() });
  resume(live);
}

function resume(live: State) {
  const id = live.conversation.id.value;
  const running = id === null ? null : readRunning(id);
  if (id === null || !running || live.isRunning.value) return;
  if (isStale(running)) {
    removeRunning(id);
    if (running.request?.prompt) returnToDraft(live, running.request.prompt);
  } else stream(live, id, running);
}

/** Reads a generation to its end. */
function stream(live: State, conversationId: string, { streamId, request }: RunningGeneration) {
  const { status, announcement, prompt, parentId } = live.signals;
  batch(() => {
    clear(live);
    announcement.value = "";
    status.value = "sending";
    prompt.value = request?.prompt ?? null;
    parentId.value = request ? parentOf(live, request) : undefined;
    live.conversation.onBegin();
  });
  const callbacks = callbacksOf(live, conversationId, () => live.handle === handle);
  const handle: Generation = request ? live.relay.start(request, callbacks) : live.relay.resume(streamId, callbacks);
  live.handle = handle;
  handle.done.then((result) => {
    // A user who has opened another conversation does not wait for this one.
    if (live.handle === handle) return end(live, conversationId, request, handle, result);
  });
}

function callbacksOf(live: State, conversationId: string, isCurrent: () => boolean): Callbacks {
  const { status, parentId, prompt, text, reasoning } = live.signals;
  const unlessStopping = (next: Status) => {
    if (status.value !== "stopping") status.value = next;
  };
  return {
    async onStart({ stream_id, parent_id }) {
      unlessStopping("waiting");
      saveRunning(conversationId, { streamId: stream_id, request: null, at: Date.now() });
      await live.conversation.reload();
      if (!isCurrent()) return;
      batch(() => {
        parentId.value = parent_id === null ? null : String(parent_id);
        prompt.value = null;
      });
    },
    onToken(token) {
      text.value += token;
      unlessStopping("streaming");
    },
    onReasoning(delta) {
      reasoning.value += delta;
      if (status.value === "reconnecting") status.value = "waiting";
    },
    onRetry: () => unlessStopping("reconnecting"),
  };
}

async function end(
  live: State,
  conversationId: string,
  request: StartRequest | null,
  handle: Generation,
  { error, messageId: storedId, text, outcome }: Result,
) {
  const messageId = textOf(storedId);
  const { status, reasoning, announcement } = live.signals;
  // The relay may have accepted the request: it is sent again with the same stream_id, so that nothing is paid for twice.
  const isOpen = error?.code === "unreachable" ||
    (error?.retryable === true && handle.start === null && request !== null);
  if (!isOpen) removeRunning(conversationId);
  if (messageId && reasoning.value) live.pastReasoning.set(messageId, reasoning.value);
  const siblings = siblingsOf(live, request).length;
  const isLoaded = await live.conversation.reload(messageId);
  if (live.handle !== handle) return;

  const isUnstored = !error && !messageId && text !== "";
  batch(() => {
    if (isLoaded && !isUnstored && !isOpen) clear(live);
    status.value = "idle";
    live.handle = null;
    if (isUnstored) live.signals.error.value = NOT_STORED;
    if (!error) {
      announcement.value = outcome === "completed" ? "Finished." : "Stopped.";
    } else if (error.code === "stream_not_found" && !request) {
      // The generation has ended and been deleted since this browser started it.
      clear(live);
    } else {
      live.signals.error.value = errorNotice(error, Date.now());
      const stored = messageId ?? textOf(handle.start?.parent_id ?? request?.reroll_of) ??
        storedPrompt(live, request, siblings);
      prepareRetry(live, request, isOpen, stored);
    }
  });
}

/** `stored`: the message to regenerate, where one was stored. */
function prepareRetry(live: State, request: StartRequest | null, isOpen: boolean, stored: string | null | undefined) {
  if (isOpen) live.retry = () => resume(live);
  else if (stored) live.retry = () => start(live, { reroll_of: stored });
  else if (request?.prompt !== undefined) {
    const { draft } = live.signals;
    returnToDraft(live, request.prompt);
    live.retry = () => {
      const prompt = draft.value;
      draft.value = "";
      start(live, { prompt, parent_id: request.parent_id ?? null });
    };
  }
}

/** The page has all ids as texts, the relay those of an integer column as numbers. */
function textOf(id: Id | null | undefined): string | undefined {
  return id === null || id === undefined ? undefined : String(id);
}

/** A refusal can come after the prompt was stored. It must not be stored twice. */
function storedPrompt(live: State, request: StartRequest | null, before: number): string | undefined {
  const siblings = siblingsOf(live, request);
  const last = siblings.at(-1);
  return siblings.length > before && last?.content === request?.prompt ? last?.id : undefined;
}

function siblingsOf(live: State, request: StartRequest | null) {
  return request?.prompt === undefined
    ? []
    : live.conversation.tree.value.childrenOf(textOf(request.parent_id) ?? null);
}

function parentOf(live: State, request: StartRequest): string | null | undefined {
  if (request.prompt !== undefined) return request.parent_id === null ? null : textOf(request.parent_id);
  const message = live.conversation.tree.value.get(textOf(request.reroll_of));
  return message?.is_user_author ? message.id : message?.parent_id;
}

function returnToDraft({ signals: { draft } }: State, prompt: string) {
  draft.value = [prompt, draft.value].filter((text) => text.trim()).join("\n\n");
}

async function stop(live: State) {
  const { status, error } = live.signals;
  if (!live.handle || status.value === "stopping") return;
  status.value = "stopping";
  try {
    await live.handle.cancel();
  } catch (reason) {
    batch(() => {
      status.value = "streaming";
      error.value = errorNotice(reason as RelayClientError, Date.now());
      live.retry = () => void stop(live);
    });
  }
}

function dismiss(live: State) {
  const { error, prompt } = live.signals;
  if (live.isRunning.value || !error.value) return;
  if (prompt.value) returnToDraft(live, prompt.value);
  if (live.conversation.id.value) removeRunning(live.conversation.id.value);
  clear(live);
}
