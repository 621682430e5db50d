/** Keeps the lists and the current conversation up to date: with other conversations, other tabs and other devices. */

import type { Signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { RelayClient } from "../../client/client.ts";
import { endedStreams, listConversations } from "../data/conversations.ts";
import { onRunningInOtherTab, readRunning, removeRunning, runningConversations } from "../data/running_generations.ts";
import { online } from "../platform/online.ts";
import type { ConversationList } from "./conversation_list.ts";
import type { CurrentConversation } from "./current_conversation.ts";
import { startWatch } from "./watch.ts";

/** How often to ask which generations outside the current conversation have ended. */
const POLL_MS = 4_000;

/** One poll in this many asks the relay: an answer may have ended without a text, or with its story. */
const POLLS_AT_RELAY = 15;

/** One look in this many asks the relay: only it knows of an answer that began without a prompt. */
const LOOKS_AT_RELAY = 3;

/** How long after an answer its story may have been given a title; a later one is seen when the page looks. */
const TITLE_MS = 4_000;

/** What of a session is kept up to date. */
interface State {
  supabase: SupabaseClient;
  relay: RelayClient;
  list: ConversationList;
  running: Signal<string[]>;
  current: CurrentConversation;
}

/** Follows generations as they begin and end, here and in other tabs. */
export function trackRunning(state: State, reloadLists: () => Promise<void>): void {
  const { running, current, list } = state;
  current.generation.status.subscribe((status) => {
    running.value = runningConversations();
    if (status !== "idle") return;
    reloadLists();
    if (list.rows.value?.some(({ id, title }) => id === current.id.value && !title)) setTimeout(reloadLists, TITLE_MS);
  });
  onRunningInOtherTab((conversationId) => {
    running.value = runningConversations();
    // The relay has not answered the other tab yet, so there is nothing to stream.
    if (readRunning(conversationId)?.request) return;
    if (conversationId === current.id.value) current.refresh();
    else reloadLists();
  });
  // No stream is open for the generations of other conversations.
  let polls = 0;
  setInterval(() => removeEnded(state, ++polls % POLLS_AT_RELAY === 0), POLL_MS);
}

async function removeEnded({ supabase, relay, running, current }: State, asksRelay: boolean) {
  const others = running.value.filter((id) => id !== current.id.value);
  if (others.length === 0 || document.hidden) return;
  const streamOf = (id: string) => readRunning(id)?.streamId ?? "";
  try {
    const ended = await endedStreams(supabase, others.map(streamOf));
    const isOver = await Promise.all(
      others.map(async (id) => ended.includes(streamOf(id)) || asksRelay && await hasNone(relay, id)),
    );
    others.filter((_, index) => isOver[index]).forEach(removeRunning);
    running.value = runningConversations();
  } catch {
    // The next poll asks again.
  }
}

/** An answer of a deleted conversation, which could not be read any more, would be paid for until its end. */
export function stopDeleted({ relay }: Pick<State, "relay">, conversationId: string): void {
  const writing = readRunning(conversationId);
  removeRunning(conversationId);
  if (writing) relay.cancel(writing.streamId).catch(() => {});
}

/** Whether nothing is being written there, or the story does not exist any more. */
function hasNone(relay: RelayClient, conversationId: string): Promise<boolean> {
  return relay.running(conversationId).then((streamId) => streamId === null, ({ status }) => status === 404);
}

/**
 * What another device writes moves its conversation to the top of the list, so one row says whether anything has changed:
 * a query of the Data API, without a call of a function.
 */
export function trackOtherDevices({ supabase, list, current }: State): void {
  let looks = 0;
  async function look() {
    const [newest] = await listConversations(supabase, undefined, 1);
    const known = list.rows.value?.[0];
    const isSame = newest?.id === known?.id && newest?.updated_at === known?.updated_at;
    if (!isSame || newest?.title !== known?.title) await list.refresh();
    const { id, updatedAt, isLooking, generation } = current;
    // Another branch would take the place of the one that is edited.
    if (generation.error.value || document.querySelector(".editor")) return;
    const row = list.rows.value?.find((row) => row.id === id.value);
    if (row && updatedAt.value !== null && row.updated_at !== updatedAt.value) await current.refresh();
    else if (isLooking.value || ++looks % LOOKS_AT_RELAY === 0) await current.look();
  }
  const watch = startWatch({
    look,
    mayLook: () => !document.hidden && online.value && !current.generation.isRunning.value,
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    now: () => Date.now(),
    random: Math.random,
  });
  for (const event of ["pointerdown", "keydown", "focus", "visibilitychange"]) {
    addEventListener(event, watch.wake, { capture: true, passive: true });
  }
}
