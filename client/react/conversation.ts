/** One conversation as a page shows it: its rows, the answer that is being written, what a user can do. Without React. */

import type { Id, RelayClient, Result, StartData, StartRequest } from "../client.ts";
import { createStreamMemory, readHistory } from "../history.ts";
import { newStreamId } from "../stream_id.ts";
import { keepAlive, onNextFrame } from "./browser.ts";
import { createLive, type Live, messagesOf } from "./live.ts";
import { createBranches, keyOf, newRow, type Row } from "./messages.ts";
import type { Story, StoryError, StoryOptions } from "./story.ts";

/** What useStory subscribes to. */
export interface ConversationStore {
  /** The first subscriber begins to read; after the last one has gone, nothing is read. */
  subscribe(listener: () => void): () => void;
  /** The same object until something changes. */
  state(): Story;
  /** Takes the options that the component passed last. */
  use(relay: RelayClient, options: StoryOptions): void;
}

/** Ids from a URL are strings, those of a row may be numbers. */
export const same = (a: unknown, b: unknown): boolean => String(a) === String(b);

/** Does nothing before the first subscriber, because React may discard it. */
export function createConversationStore(relay: RelayClient, options: StoryOptions): ConversationStore {
  const listeners = new Set<() => void>();
  const branchOf = createBranches();
  const memory = createStreamMemory("storytellr:", () => options.storage);
  let conversationId = options.conversationId ?? null;
  let rows: Row[] = [];
  let leafId: Id | null = null;
  let live: Live | null = null;
  let error: StoryError | null = null;
  let isLoading = conversationId !== null;
  let isOpen = false;
  let isWaiting = false;

  const rowOf = (id: unknown) => rows.find((row) => same(row.id, id));
  const lastId = () => state.messages.at(-1)?.messageId ?? live?.parentId;
  const isBusy = () => isLoading || isWriting();
  const isWriting = () => live !== null && !live.isOver;

  function build(): Story {
    const { messages, versionsOf } = branchOf(rows, live?.parentId === undefined ? leafId : live.parentId);
    const story: Story = { ...actions, messages, text: "", status: "ready", error, conversationId };
    if (isWriting()) story.status = live!.hasText ? "streaming" : "submitted";
    else if (isLoading) story.status = "loading";
    else if (error) story.status = "error";
    if (live) {
      const { generation, parentId = null, prompt } = live;
      // A stream that is read again, and an answer that is continued, begin with less text than is shown already.
      if (generation && generation.text.length > live.text.length) live.text = generation.text;
      story.messages = [...messages, ...messagesOf(live, prompt ? [] : versionsOf(parentId, false))];
    }
    const last = story.messages.at(-1);
    if (last?.role === "assistant") story.text = last.text;
    return story;
  }

  function show() {
    isWaiting = false;
    state = build();
    listeners.forEach((listener) => listener());
  }

  function fail(cause: unknown) {
    error = cause as StoryError;
    show();
    return null;
  }

  /** However much text comes, the page is rendered at most once a frame. */
  function showText(asked: Live) {
    asked.hasText = true;
    if (isWaiting) return;
    isWaiting = true;
    onNextFrame(() => isWaiting && show());
  }

  /** Reads the generation that was asked for to its end. */
  async function follow(asked: Live): Promise<Result> {
    const { streamId, request } = live = asked;
    const callbacks = {
      onStart: (start: StartData) => started(asked, start),
      onToken: () => showText(asked),
      onReasoning(text: string) {
        asked.reasoning += text;
        showText(asked);
      },
    };
    error = null;
    asked.isOver = false;
    asked.reasoning = "";
    memory.set(conversationId, streamId);
    asked.generation = request ? relay.start(request, callbacks) : relay.resume(streamId, callbacks);
    show();
    const result = await asked.generation.done;
    if (result.outcome === "detached") asked.generation = null;
    else ended(asked, result);
    return result;
  }

  function started(asked: Live, { conversation_id, user_message_id, parent_id }: StartData) {
    const { streamId, prompt } = asked;
    asked.request = null;
    asked.hasStarted = true;
    asked.parentId = parent_id;
    memory.remove(conversationId, streamId);
    conversationId = conversation_id;
    memory.set(conversationId, streamId);
    if (prompt && user_message_id !== null) {
      put({ ...prompt, id: user_message_id, conversation_id });
      asked.prompt = null;
    }
    if (parent_id !== null && !rowOf(parent_id)) void load();
    show();
  }

  function ended(asked: Live, { outcome, messageId, finishReason, text, error: failure }: Result) {
    const { streamId, parentId = null, key, prompt, reasoning, hasStarted } = asked;
    const isUnreachable = failure?.code === "unreachable";
    // A generation that cannot be reached may still run, and is found again later.
    if (!isUnreachable) memory.remove(conversationId, streamId);
    // The stream that was remembered is another user's, or was deleted.
    error = failure?.code === "stream_not_found" && !hasStarted ? null : failure;
    if (messageId !== null) {
      put({
        ...newRow(key, parentId, text, false),
        id: messageId,
        conversation_id: conversationId!,
        stream_id: streamId,
        is_complete: outcome === "completed",
        finish_reason: finishReason ?? /timeout|interrupted/.exec(failure!.code)?.[0] ?? "error",
        reasoning,
      });
    }
    asked.isOver = messageId === null && (prompt !== null || isUnreachable && hasStarted);
    if (!asked.isOver) live = null;
    show();
    // Another reader may have been sent more than is shown here, and then more is stored.
    if (outcome === "cancelled") void load();
  }

  /** The row becomes the leaf. */
  function put(row: Row) {
    rows = [...rows.filter(({ id }) => !same(id, row.id)), row];
    leafId = row.id;
  }

  /** Keeps the rows that are stored while it reads. */
  async function load() {
    const { supabase } = options;
    if (!supabase || conversationId === null) return;
    const [before, leafBefore] = [rows, leafId];
    const history = await readHistory(supabase, conversationId).catch(fail);
    if (!history) return;
    const known = new Map(rows.map((row) => [String(row.id), row]));
    const read = history.rows.map((row): Row => {
      const old = known.get(String(row.id));
      known.delete(String(row.id));
      return old?.content === row.content && old.finish_reason === row.finish_reason ? old : { ...old, ...row };
    });
    rows = [...read, ...[...known.values()].filter((row) => !before.includes(row))];
    // Without an active leaf, the latest message is the leaf.
    if (leafId === leafBefore) leafId = (rowOf(history.leafId) ?? rows.at(-1))?.id ?? null;
    show();
  }

  async function reload() {
    const streamIds = [memory.get(conversationId)];
    if (conversationId !== null) {
      // The messages that are shown already stay, and can be answered.
      isLoading = rows.length === 0;
      error = null;
      show();
      const [running] = await Promise.all([relay.running(conversationId).catch(fail), load()]);
      streamIds.push(running);
      isLoading = false;
      show();
    }
    // Where the last subscriber has gone since, the next one asks again.
    isOpen = listeners.size > 0;
    if (!isOpen) return;
    const streamId = streamIds.find((id) => id && !rows.some(({ stream_id }) => stream_id === id));
    if (streamId && !isWriting()) void follow(live?.streamId === streamId ? live : createLive(streamId));
  }

  async function start(request: StartRequest): Promise<Result | null> {
    if (isBusy()) return null;
    const { prompt, messages, parent_id = leafId, reroll_of, continue_of, answer_to } = request;
    const content = prompt ?? messages?.at(-1)?.content;
    const subject = rowOf(reroll_of ?? continue_of);
    const asked = createLive(request.stream_id ?? newStreamId());
    const { streamId } = asked;
    if (content !== undefined) {
      asked.parentId = parent_id;
      asked.prompt = newRow(`prompt-${streamId}`, parent_id, content, true);
    } else {
      asked.parentId = answer_to ?? (reroll_of && subject?.is_user_author ? subject.id : subject?.parent_id);
    }
    if (continue_of && subject) {
      asked.text = subject.content;
      asked.key = keyOf(subject);
    }
    // The message that is shown last is answered. If its row is not known here, the relay answers the active leaf.
    const isKnown = content !== undefined && parent_id !== null && !live?.hasStarted;
    asked.request = {
      on_disconnect: "continue",
      ...options.request,
      ...conversationId !== null && { conversation_id: conversationId },
      ...request,
      ...isKnown && { parent_id },
      stream_id: streamId,
    } as StartRequest;
    return await follow(asked);
  }

  const actions = {
    start,
    async stop() {
      await live?.generation?.cancel().catch(fail);
    },
    async regenerate(messageId = lastId()) {
      if (live?.isOver && live.prompt) return await follow(live);
      return messageId == null ? null : await start({ reroll_of: messageId });
    },
    async continueAnswer(messageId = lastId()) {
      return messageId == null ? null : await start({ continue_of: messageId });
    },
    async choose(messageId: Id) {
      if (isBusy()) return;
      const latest = new Map(rows.map(({ id, parent_id }) => [String(parent_id), id]));
      leafId = messageId;
      while (latest.has(String(leafId))) {
        const next: Id = latest.get(String(leafId))!;
        // A row that is its own ancestor would make an endless loop.
        latest.delete(String(leafId));
        leafId = next;
      }
      live = error = null;
      show();
      const { supabase } = options;
      const change = { active_message_id: leafId };
      if (supabase) await keepAlive(supabase.from("conversations").update(change).eq("id", conversationId)).catch(fail);
    },
    reload,
  };

  let state = build();

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (!isOpen) void reload();
      else if (isWriting() && !live!.generation) void follow(live!);
      isOpen = true;
      return () => {
        listeners.delete(listener);
        // StrictMode subscribes again at once, and so does a hot reload.
        setTimeout(() => listeners.size === 0 && live?.generation?.detach());
      };
    },
    state: () => state,
    use(newRelay, newOptions) {
      relay = newRelay;
      options = newOptions;
    },
  };
}
