/**
 * Sends prompts of the current conversation and streams the answers, one generation at a time.
 *
 * `status` is the state machine, and only this module writes it: idle → sending (the relay is asked) → waiting (it has
 * answered) → streaming (text has come) → idle. `reconnecting` and `stopping` can come in between at any time. Text that
 * is not stored yet, and a prompt that was not accepted yet, stay on the page when the status is idle again.
 */

import { batch } from "@preact/signals";
import type { Callbacks, Generation, RelayClient, RelayClientError, Result } from "../../client/client.ts";
import { newStreamId } from "../../client/stream_id.ts";
import type { StartRequest } from "../../client/types.ts";
import { ANSWER_FIRST, errorNotice, NOT_STORED, NOTHING_ADDED, PLACE_DELETED } from "../copy/errors.ts";
import {
  isStale,
  readRunning,
  removeRunning,
  type RunningGeneration,
  saveRunning,
} from "../data/running_generations.ts";
import {
  clear,
  type ConversationAccess,
  createState,
  type LiveGeneration,
  returnToDraft,
  type State,
  type Status,
} from "./live_state.ts";
import { parentOf, retryOf, siblingsOf, storedPrompt, textOf } from "./requests.ts";

/** Nothing runs at first. */
export function createLiveGeneration(relay: RelayClient, conversation: ConversationAccess): LiveGeneration {
  const live = createState(relay, conversation);
  return {
    ...live.signals,
    pastReasoning: live.pastReasoning,
    pastContext: live.pastContext,
    isRunning: live.isRunning,
    hasText: live.hasText,
    keyOf: (messageId) => live.keys.get(messageId) ?? messageId,
    expect: (prompt) => begin(live, prompt, null),
    send: (prompt, parentId) => start(live, { prompt, parent_id: parentId }),
    regenerate: (messageId) => start(live, { reroll_of: messageId }),
    goOn: (messageId) => start(live, { continue_of: messageId }),
    answer: (messageId, botId) => start(live, { answer_to: messageId, bot_id: botId }),
    retry() {
      live.signals.error.value = null;
      live.retry();
    },
    stop: () => stop(live),
    dismiss: () => dismiss(live),
    resume() {
      if (!readRunning(live.conversation.id.value ?? "")) return find(live);
      resume(live);
      return Promise.resolve(true);
    },
    detach() {
      const { handle } = live;
      clear(live);
      live.signals.announcement.value = "";
      handle?.detach();
    },
  };
}

function start(live: State, request: StartRequest) {
  const id = live.conversation.id.value;
  if (id === null || live.handle) return;
  const isStopped = live.signals.status.value === "stopping";
  const streamId = newStreamId();
  const body: StartRequest = { ...request, conversation_id: id, stream_id: streamId, on_disconnect: "continue" };
  saveRunning(id, { streamId, request: body, at: Date.now() });
  resume(live);
  if (isStopped) void stop(live);
}

function resume(live: State) {
  const id = live.conversation.id.value;
  const running = id === null ? null : readRunning(id);
  if (id === null || !running || live.handle) return;
  if (isStale(running)) {
    removeRunning(id);
    if (running.request?.prompt) returnToDraft(live, running.request.prompt);
  } else stream(live, id, running);
}

/** Another device may have begun one. False: the relay did not say. */
async function find(live: State): Promise<boolean> {
  const { id, tree, leafId, reload } = live.conversation;
  const conversationId = id.value;
  if (conversationId === null || live.isRunning.value || tree.value.branches === 0) return true;
  const streamId = await live.relay.running(conversationId).catch(() => undefined);
  if (id.value !== conversationId || live.isRunning.value || readRunning(conversationId)) return true;
  if (streamId) join(live, conversationId, streamId);
  // It may have ended since the messages were read.
  else if (streamId === null && tree.value.get(leafId.value)?.is_user_author) return await reload();
  return streamId !== undefined;
}

function join(live: State, conversationId: string, streamId: string) {
  saveRunning(conversationId, { streamId, request: null, at: Date.now() });
  resume(live);
}

function begin(live: State, shownPrompt: string | null, parent: string | null | undefined) {
  const { status, announcement, prompt, parentId, key } = live.signals;
  batch(() => {
    clear(live);
    announcement.value = "";
    status.value = "sending";
    prompt.value = shownPrompt;
    parentId.value = parent;
    key.value = `live-${++live.begun}`;
    live.conversation.onBegin();
  });
}

/** Reads a generation to its end. */
function stream(live: State, conversationId: string, { streamId, request }: RunningGeneration) {
  begin(live, request?.prompt ?? null, request ? parentOf(live.conversation, request) : undefined);
  const callbacks = callbacksOf(live, conversationId, () => live.handle === handle);
  const handle: Generation = request ? live.relay.start(request, callbacks) : live.relay.resume(streamId, callbacks);
  live.handle = handle;
  handle.done.then((result) => {
    // A user who has opened another conversation does not wait for this one.
    if (live.handle === handle) return end(live, conversationId, request, handle, result);
  });
}

function callbacksOf(live: State, conversationId: string, isCurrent: () => boolean): Callbacks {
  const { status, parentId, prompt, text, reasoning, context } = live.signals;
  const unlessStopping = (next: Status) => {
    if (status.value !== "stopping") status.value = next;
  };
  return {
    async onStart({ stream_id, parent_id, ...start }) {
      unlessStopping("waiting");
      context.value = start.context;
      saveRunning(conversationId, { streamId: stream_id, request: null, at: Date.now() });
      // If that failed, the prompt is not among the messages yet.
      if (!await live.conversation.reload() || !isCurrent()) return;
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
  const { status, reasoning, context, announcement, parentId } = live.signals;
  // The relay may have accepted the request: it is sent again with the same stream_id, so that nothing is paid for twice.
  const isOpen = error?.code === "unreachable" ||
    (error?.retryable === true && handle.start === null && request !== null);
  if (!isOpen) removeRunning(conversationId);
  if (messageId) live.keys.set(messageId, live.signals.key.value);
  if (messageId && reasoning.value) live.pastReasoning.set(messageId, reasoning.value);
  if (messageId && context.value) live.pastContext.set(messageId, context.value);
  const parent = parentId.value;
  const siblings = siblingsOf(live.conversation.tree.value, parent).length;
  const isLoaded = await live.conversation.reload(messageId);
  if (live.handle !== handle) return;
  if (error?.streamId && request?.prompt !== undefined) {
    // What is being written comes first; the prompt waits in the composer.
    clear(live);
    returnToDraft(live, request.prompt);
    join(live, conversationId, error.streamId);
    live.signals.error.value = ANSWER_FIRST;
    return;
  }

  const isUnstored = !error && !messageId && text !== "";
  // The answer that was to be continued is all that there is.
  const isOld = isUnstored && siblingsOf(live.conversation.tree.value, parent).some(({ content }) => content === text);
  const isGone = isLoaded && !!parent && live.conversation.tree.value.get(parent) === undefined;
  batch(() => {
    if (isLoaded && (!isUnstored || isOld) && !isOpen) clear(live);
    status.value = "idle";
    live.handle = null;
    if (isUnstored && !isOld) live.signals.error.value = isGone ? PLACE_DELETED : NOT_STORED;
    if (isOld && outcome === "completed") live.signals.error.value = NOTHING_ADDED;
    if (!error) {
      announcement.value = outcome === "completed" ? "Finished." : "Stopped.";
    } else if (error.code === "stream_not_found" && !request) {
      // The generation has ended and been deleted since this browser started it.
      clear(live);
    } else {
      live.signals.error.value = errorNotice(error, Date.now());
      const answered = textOf(handle.start?.parent_id) ??
        storedPrompt(live.conversation.tree.value, request, parent, siblings);
      prepareRetry(live, request, isOpen, messageId, answered);
    }
  });
}

/** `stored`: what was stored of the answer; `answered`: the message that it answers. */
function prepareRetry(
  live: State,
  request: StartRequest | null,
  isOpen: boolean,
  stored: string | undefined,
  answered: string | undefined,
) {
  const again = retryOf(request, stored, answered);
  if (isOpen) live.retry = () => resume(live);
  else if (again) live.retry = () => start(live, again);
  else if (request?.prompt !== undefined) {
    const { draft } = live.signals;
    returnToDraft(live, request.prompt);
    live.retry = () => {
      const prompt = draft.value;
      draft.value = "";
      start(live, { prompt, parent_id: request.parent_id });
    };
  }
}

async function stop(live: State) {
  const { signals: { status, error }, handle } = live;
  if (!live.isRunning.value || status.value === "stopping") return;
  status.value = "stopping";
  try {
    // Without one the story is not stored yet: its start will see that it is to stop.
    await handle?.cancel();
  } catch (reason) {
    // It may have ended since.
    if (live.handle !== handle) return;
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
