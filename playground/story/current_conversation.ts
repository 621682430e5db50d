/** The open conversation: its messages, the path that is shown, and its generation. */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { RelayClient } from "../../client/client.ts";
import { dataError, readable } from "../copy/errors.ts";
import {
  addVersionOf,
  changeConversation,
  changeMessage,
  listMessages,
  readConversation,
} from "../data/conversations.ts";
import type { Conversation, Message } from "../data/rows.ts";
import { readRunning } from "../data/running_generations.ts";
import { revealMessage } from "../platform/reveal.ts";
import { createDraft, type Draft } from "./draft.ts";
import { createLiveGeneration } from "./live_generation.ts";
import type { LiveGeneration } from "./live_state.ts";
import { createTree, type Tree } from "./tree.ts";

/** What the page shows of the conversation, and what the user can do. */
export interface CurrentConversation {
  /** Null: a new one, which is not stored before its first prompt. */
  id: ReadonlySignal<string | null>;
  status: ReadonlySignal<"loading" | "ready" | "missing">;
  tree: ReadonlySignal<Tree>;
  /** The messages that are shown: down to the leaf, or to the parent of the answer that is being generated. */
  path: ReadonlySignal<Message[]>;
  /** The answer that is being written below the path, for an export: as if it had been interrupted now. */
  written(): Message[];
  /** Whether the branch of the running generation is shown. */
  isFollowing: ReadonlySignal<boolean>;
  /** Of reading or storing; the generation has errors of its own. */
  error: ReadonlySignal<string | null>;
  /** It is not known yet whether another device has an answer written here. */
  isLooking: ReadonlySignal<boolean>;
  /** When it changed last, as it was read; null: not known. */
  updatedAt: ReadonlySignal<string | null>;
  generation: LiveGeneration;
  draft: Draft;
  open(id: string | null): Promise<void>;
  /** Sends a prompt below the last message that is shown. */
  send(prompt: string): void;
  /** Reads it again, for changes by other tabs and devices. */
  refresh(): Promise<void>;
  /** Asks the relay whether another device has an answer written here, and streams that. */
  look(): Promise<void>;
  /** Shows the branch of a message, and scrolls to it. */
  reveal(messageId: string): void;
  /** Makes this message the leaf: the next prompt becomes a branch below it. */
  branchFrom(messageId: string): void;
  /** Shows this message and the latest branch below it. */
  show(messageId: string): void;
  /** Shows the branch of the running generation. */
  follow(): void;
  /**
   * Changes the text of a message where it is, unless it is not the `known` one any more: then that is shown, and given.
   * Throws an Error with a message for the user.
   */
  changeText(messageId: string, content: string, known: string): Promise<string | null>;
  /** Adds a version of an answer in the user's own words, and shows it. Throws an Error with a message for the user. */
  addVersion(message: Message, content: string): Promise<void>;
  /** Opens a conversation that was stored just now, so there is nothing to read. */
  adopt(id: string): void;
  /** Shows a memory as it has been stored; null: it has been deleted. */
  showMemory(messageId: string, memory: string | null): void;
}

/** Nothing is open at first. */
export function createCurrentConversation(
  supabase: SupabaseClient,
  relay: RelayClient,
  userId: string,
): CurrentConversation {
  const state = createState(supabase);
  const { id, status, messages, leafId, activeId, tree, isFollowing, error, isLooking, updatedAt } = state;
  const draft = createDraft(userId, id);
  const follow = () => void (isFollowing.value = true);
  const generation = createLiveGeneration(relay, {
    id,
    tree,
    leafId,
    draft: draft.text,
    onBegin: follow,
    reload: async (leaf) => await attempt(state, load(state, isFollowing.value ? leaf : undefined)) !== undefined,
  });
  const path = computed(() => {
    const parentId = isFollowing.value ? generation.parentId.value : undefined;
    // What is answered may have been deleted.
    const isThere = parentId === null || tree.value.get(parentId) !== undefined;
    return tree.value.pathTo(parentId !== undefined && isThere ? parentId : leafId.value);
  });

  function moveTo(messageId: string) {
    if (id.value === null) return;
    state.moves++;
    batch(() => {
      leafId.value = messageId;
      isFollowing.value = false;
      generation.dismiss();
    });
    activeId.value = undefined;
    const change = changeConversation(supabase, id.value, { active_message_id: messageId });
    attempt(
      state,
      change.then(() => {
        if (leafId.value === messageId) activeId.value = messageId;
      }),
    );
  }

  /** A prompt without a parent goes below the active leaf, once nothing is being written there. */
  function send(prompt: string) {
    const last = path.value.at(-1)?.id ?? null;
    generation.send(prompt, last === activeId.value ? undefined : last);
  }

  function reset(newId: string | null) {
    state.openings++;
    batch(() => {
      generation.detach();
      id.value = newId;
      messages.value = [];
      leafId.value = activeId.value = updatedAt.value = null;
      error.value = null;
      isLooking.value = newId !== null;
      status.value = newId !== null ? "loading" : "ready";
      follow();
    });
  }

  async function open(newId: string | null) {
    reset(newId);
    const conversation = await attempt(state, load(state));
    if (conversation && conversation.id === id.value) await look();
  }

  async function look() {
    const opening = state.openings;
    const isKnown = await generation.resume();
    // If it is not known, the next look asks again.
    if (opening === state.openings && isKnown) isLooking.value = false;
  }

  async function refresh() {
    if (generation.isRunning.value) return;
    const conversation = await attempt(state, load(state));
    if (!conversation || (generation.error.value?.notBefore ?? 0) > Date.now()) return;
    if (!readRunning(conversation.id) && generation.text.value) generation.dismiss();
    if (!generation.error.value || readRunning(conversation.id)) await look();
  }

  const show = (messageId: string) => moveTo(tree.value.leafBelow(messageId));

  function reveal(messageId: string) {
    if (!tree.value.get(messageId)) return;
    if (!path.value.some((message) => message.id === messageId)) show(messageId);
    revealMessage(messageId);
  }

  return {
    id,
    status,
    tree,
    path,
    written() {
      const [parent, content] = [path.value.at(-1), generation.text.value];
      if (!isFollowing.value || !parent || content === "") return [];
      const ending = { is_user_author: false, is_complete: false, finish_reason: "interrupted" };
      const created_at = new Date().toISOString();
      return [{
        ...{ id: "written", parent_id: parent.id, bot_id: null, content, ...ending, created_at },
        ...{ cost: null, memory: null },
      }];
    },
    isFollowing,
    error,
    isLooking,
    updatedAt,
    generation,
    draft,
    open,
    send,
    refresh,
    look,
    reveal,
    branchFrom: moveTo,
    show,
    follow,
    async changeText(messageId, content, known) {
      const other = await readable(changeMessage(supabase, messageId, content, known));
      const stored = { content: other ?? content };
      messages.value = messages.value.map((message) => message.id === messageId ? { ...message, ...stored } : message);
      return other;
    },
    async addVersion(message, content) {
      const opening = state.openings;
      const added = await readable(addVersionOf(supabase, message, content));
      await attempt(state, load(state));
      if (opening === state.openings) moveTo(added);
    },
    adopt(newId) {
      state.openings++;
      id.value = newId;
    },
    showMemory(messageId, memory) {
      messages.value = messages.value.map((message) => message.id === messageId ? { ...message, memory } : message);
    },
  };
}

type State = ReturnType<typeof createState>;

function createState(supabase: SupabaseClient) {
  const messages = signal<Message[]>([]);
  return {
    supabase,
    id: signal<string | null>(null),
    status: signal<"loading" | "ready" | "missing">("ready"),
    messages,
    tree: computed(() => createTree(messages.value)),
    leafId: signal<string | null>(null),
    /** The active leaf as it is stored; undefined while another one is being stored. */
    activeId: signal<string | null | undefined>(null),
    isFollowing: signal(true),
    error: signal<string | null>(null),
    isLooking: signal(false),
    updatedAt: signal<string | null>(null),
    /** Counts calls of open(): rows that were asked for before the last one are dropped. */
    openings: 0,
    /** Counts what the user has chosen to see: a leaf that was asked for before the last choice does not replace it. */
    moves: 0,
  };
}

/** Shows the active leaf unless another one is given. */
async function load(state: State, leaf?: string): Promise<Conversation | null> {
  const id = state.id.value;
  if (id === null) return null;
  const { openings: opening, moves } = state;
  const [conversation, rows] = await Promise.all([
    readConversation(state.supabase, id),
    listMessages(state.supabase, id),
  ]);
  if (opening !== state.openings) return null;
  batch(() => {
    const wanted = moves !== state.moves ? state.leafId.value : leaf ?? conversation?.active_message_id ?? null;
    state.messages.value = rows;
    if (moves === state.moves) state.activeId.value = conversation?.active_message_id ?? null;
    state.updatedAt.value = conversation?.updated_at ?? null;
    // Without an active leaf the latest message is the leaf.
    state.leafId.value = rows.some((row) => row.id === wanted) ? wanted : rows.at(-1)?.id ?? null;
    state.status.value = conversation ? "ready" : "missing";
    state.error.value = null;
  });
  return conversation;
}

/** Undefined where the query failed: then the page shows why. */
async function attempt<T>(state: State, query: Promise<T>): Promise<T | undefined> {
  try {
    return await query;
  } catch (error) {
    state.error.value = dataError(error);
  }
}
