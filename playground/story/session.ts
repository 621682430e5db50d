/** Everything of one signed-in user: bots, conversations, and the current conversation. */

import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { createRelayClient, type Preview, type RelayClientError, type StartRequest } from "../../client/client.ts";
import { mySpending, type Spending } from "../../client/spending.ts";
import type { TestOutcome } from "../copy/findings.ts";
import { dataError } from "../copy/errors.ts";
import { titleOf } from "../copy/titles.ts";
import type { User } from "../data/account.ts";
import { addBot, type BotFields, changeBot, deleteBot, listBots, setFallbacks } from "../data/bots.ts";
import {
  addConversation,
  changeConversation,
  changeMemory,
  deleteConversation,
  deleteMemory,
  endedStreams,
  listConversations,
} from "../data/conversations.ts";
import type { Bot, Conversation, Message } from "../data/rows.ts";
import { onRunningInOtherTab, readRunning, removeRunning, runningConversations } from "../data/running_generations.ts";
import { goTo } from "../platform/address.ts";
import { createCurrentConversation, type CurrentConversation } from "./current_conversation.ts";

/** How often to ask which generations outside the current conversation have ended. */
const POLL_MS = 4_000;

/** The dialog that is open. */
export type Dialog =
  | { name: "bots" }
  | { name: "bot"; bot: Bot | null }
  | { name: "preview" }
  | { name: "spending" }
  | { name: "memory"; message: Message }
  | { name: "rename" | "delete"; conversation: Conversation };

/** What the views show, and what the user can do. */
export interface Session {
  user: User;
  /** Null until they have been read. */
  bots: ReadonlySignal<Bot[] | null>;
  /** Null until they have been read. */
  conversations: ReadonlySignal<Conversation[] | null>;
  /** Conversations with a running generation, as far as this browser knows. */
  running: ReadonlySignal<string[]>;
  error: ReadonlySignal<string | null>;
  current: CurrentConversation;
  dialog: Signal<Dialog | null>;
  /** The bot of the current conversation. */
  bot(): Bot | null;
  refresh(): Promise<void>;
  open(conversationId: string | null): Promise<void>;
  /** Sends a prompt below the last message that is shown. Creates the conversation first if it is new. */
  send(prompt: string): Promise<void>;
  chooseBot(botId: string): Promise<void>;
  /** What would be sent now: the text in the composer, or without one a request to go on after the last message. */
  preview(): Promise<Preview>;
  /** Throws an Error with a message for the user. */
  saveBot(id: string | null, fields: BotFields, fallbacks: string[]): Promise<void>;
  /** Asks the provider of a stored bot; never rejects. */
  testBot(id: string): Promise<TestOutcome>;
  removeBot(id: string): Promise<void>;
  rename(conversationId: string, title: string): Promise<void>;
  removeConversation(conversationId: string): Promise<void>;
  saveMemory(messageId: string, content: string): Promise<void>;
  /** What the user has spent, and what of budgets is left. */
  spending(): Promise<Spending>;
  /** The story up to this message is sent again as it was written. */
  removeMemory(messageId: string): Promise<void>;
}

/** Lives as long as the page: signing out loads the page again. */
export function createSession(supabase: SupabaseClient, user: User): Session {
  const state = createState(supabase, user);
  const { bots, conversations, running, error, current, dialog } = state;
  trackRunning(state);
  return {
    user,
    bots,
    conversations,
    running,
    error,
    current,
    dialog,
    bot: () => botOf(state),
    async refresh() {
      await Promise.all([reloadLists(state), current.refresh()]);
    },
    async open(conversationId) {
      if (conversationId !== current.id.value) await current.open(conversationId);
    },
    send: (prompt) => send(state, prompt),
    chooseBot: (botId) => chooseBot(state, botId),
    preview: () => preview(state),
    async saveBot(id, fields, fallbacks) {
      const row = await readable(id === null ? addBot(supabase, user.id, fields) : changeBot(supabase, id, fields));
      await readable(setFallbacks(supabase, row.id, fallbacks));
      const saved = { ...row, fallbacks };
      bots.value = [saved, ...bots.value?.filter((bot) => bot.id !== saved.id) ?? []];
      if (id === null) await chooseBot(state, saved.id);
    },
    testBot: (id) =>
      state.relay.testBot(id).catch(({ code, message }: RelayClientError) => ({ ok: false, error: { code, message } })),
    async removeBot(id) {
      await readable(deleteBot(supabase, id));
      await reloadLists(state);
    },
    async rename(conversationId, title) {
      await readable(changeConversation(supabase, conversationId, { title }));
      patch(state, conversationId, { title });
    },
    async removeConversation(conversationId) {
      await readable(deleteConversation(supabase, conversationId));
      conversations.value = conversations.value?.filter(({ id }) => id !== conversationId) ?? null;
      if (current.id.value === conversationId) goTo(null, true);
    },
    async spending() {
      const spending = await readable(mySpending(supabase));
      if (spending === null) throw new Error("You are signed out. Sign in again.");
      return spending;
    },
    async saveMemory(messageId, content) {
      if (!content.trim()) throw new Error("Enter what happened so far, or delete the memory.");
      await readable(changeMemory(supabase, messageId, content));
      current.showMemory(messageId, content);
    },
    async removeMemory(messageId) {
      await readable(deleteMemory(supabase, messageId));
      current.showMemory(messageId, null);
    },
  };
}

type State = ReturnType<typeof createState>;

function createState(supabase: SupabaseClient, user: User) {
  const relay = createRelayClient({ supabase });
  return {
    relay,
    supabase,
    user,
    bots: signal<Bot[] | null>(null),
    conversations: signal<Conversation[] | null>(null),
    running: signal(runningConversations()),
    error: signal<string | null>(null),
    current: createCurrentConversation(supabase, relay),
    dialog: signal<Dialog | null>(null),
    /** The bot for a conversation that is not stored yet. */
    chosen: signal<string | null>(null),
  };
}

/** Keeps `running` and the lists up to date as generations begin and end, here and in other tabs. */
function trackRunning(state: State) {
  const { running, current } = state;
  current.generation.status.subscribe((status) => {
    running.value = runningConversations();
    if (status === "idle") reloadLists(state);
  });
  onRunningInOtherTab((conversationId) => {
    running.value = runningConversations();
    // The relay has not answered the other tab yet, so there is nothing to stream.
    if (readRunning(conversationId)?.request) return;
    if (conversationId === current.id.value) current.refresh();
    else reloadLists(state);
  });
  // No stream is open for the generations of other conversations.
  setInterval(() => removeEnded(state), POLL_MS);
}

async function removeEnded({ supabase, running, current }: State) {
  const others = running.value.filter((id) => id !== current.id.value);
  if (others.length === 0 || document.hidden) return;
  const streamOf = (id: string) => readRunning(id)?.streamId ?? "";
  try {
    const ended = await endedStreams(supabase, others.map(streamOf));
    others.filter((id) => ended.includes(streamOf(id))).forEach(removeRunning);
    running.value = runningConversations();
  } catch {
    // The next poll asks again.
  }
}

async function reloadLists({ supabase, bots, conversations, error }: State) {
  try {
    const [newBots, newConversations] = await Promise.all([listBots(supabase), listConversations(supabase)]);
    batch(() => {
      bots.value = newBots;
      conversations.value = newConversations;
      error.value = null;
    });
  } catch (reason) {
    error.value = dataError(reason);
  }
}

function conversationOf({ conversations }: State, id: string): Conversation | undefined {
  return conversations.value?.find((conversation) => conversation.id === id);
}

/** Where nothing was chosen, one of the user's own: anyone may share a bot, and a story must not go to a stranger's. */
function botOf(state: State): Bot | null {
  const { bots, conversations, current, chosen, user } = state;
  const conversationId = current.id.value;
  const id = conversationId === null
    ? chosen.value ?? conversations.value?.[0]?.bot_id
    : conversationOf(state, conversationId)?.bot_id;
  return bots.value?.find((bot) => bot.id === id) ?? bots.value?.find((bot) => bot.user_id === user.id) ?? null;
}

function patch({ conversations }: State, id: string, fields: Partial<Conversation>) {
  conversations.value = conversations.value?.map((row) => row.id === id ? { ...row, ...fields } : row) ?? null;
}

async function send(state: State, prompt: string) {
  const { supabase, user, conversations, error, current } = state;
  const { draft } = current.generation;
  draft.value = "";
  const isNew = current.id.value === null;
  try {
    if (isNew) {
      current.generation.expect(prompt);
      // A story that begins before the bots are there would have none.
      if (state.bots.value === null) await reloadLists(state);
      const added = await addConversation(supabase, user.id, titleOf(prompt), botOf(state)?.id ?? null);
      conversations.value = [added, ...conversations.value ?? []];
      // The prompt is on the page already; where the user has opened another story since, this one is opened anew.
      if (current.id.value === null) current.adopt(added.id);
      else await current.open(added.id);
      goTo(added.id);
    }
    current.send(prompt);
  } catch (reason) {
    if (isNew) current.generation.detach();
    draft.value = prompt;
    error.value = dataError(reason);
  }
}

function preview({ relay, current }: State): Promise<Preview> {
  const place = { conversation_id: current.id.value ?? undefined };
  const prompt = current.generation.draft.value.trim();
  const last = current.path.value.at(-1)?.id ?? null;
  const request: StartRequest = prompt || last === null
    ? { ...place, prompt, parent_id: last }
    : { ...place, answer_to: last };
  return relay.preview(request);
}

async function chooseBot(state: State, botId: string) {
  const conversationId = state.current.id.value;
  if (conversationId === null) {
    state.chosen.value = botId;
    return;
  }
  const before = conversationOf(state, conversationId)?.bot_id ?? null;
  patch(state, conversationId, { bot_id: botId });
  try {
    await changeConversation(state.supabase, conversationId, { bot_id: botId });
  } catch (reason) {
    patch(state, conversationId, { bot_id: before });
    state.error.value = dataError(reason);
  }
}

/** Turns what the Data API refuses into an Error with a message for the user. */
async function readable<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw new Error(dataError(error), { cause: error });
  }
}
