/** Everything of one signed-in user: bots, conversations, and the current conversation. */

import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { createRelayClient, type Preview, type RelayClientError, type StartRequest } from "../../client/client.ts";
import { mySpending, type Spending } from "../../client/spending.ts";
import type { TestOutcome } from "../copy/findings.ts";
import { dataError, readable } from "../copy/errors.ts";
import { titleOf } from "../copy/titles.ts";
import type { User } from "../data/account.ts";
import { addBot, type BotFields, changeBot, deleteBot, listBots, setFallbacks } from "../data/bots.ts";
import {
  addConversation,
  changeConversation,
  changeMemory,
  deleteConversation,
  deleteMemory,
  importConversation,
  searchConversations,
} from "../data/conversations.ts";
import { removeDraftsIn } from "../data/drafts.ts";
import type { Bot, Conversation, Message } from "../data/rows.ts";
import { runningConversations } from "../data/running_generations.ts";
import { goTo } from "../platform/address.ts";
import { afterOrOnline } from "../platform/online.ts";
import { readArchive, rowsToImport } from "./archive.ts";
import { createConversationList } from "./conversation_list.ts";
import { createCurrentConversation, type CurrentConversation } from "./current_conversation.ts";
import { isTooLong } from "./prompt_limit.ts";
import { createSearch, type Search } from "./search.ts";
import { stopDeleted, trackOtherDevices, trackRunning } from "./tracking.ts";

/** The dialog that is open. */
export type Dialog =
  | { name: "bots" | "preview" | "spending" | "account" | "import" | "shortcuts" }
  | { name: "bot"; bot: Bot | null }
  | { name: "memory"; message: Message }
  | { name: "rename" | "delete"; conversation: Conversation; onDone?(): void };

/** What the views show, and what the user can do. */
export interface Session {
  user: User;
  /** Null until they have been read. */
  bots: ReadonlySignal<Bot[] | null>;
  /** The first ones, or more of them; null until they have been read. */
  conversations: ReadonlySignal<Conversation[] | null>;
  /** Whether there are conversations that are not in the list yet. */
  hasMore: ReadonlySignal<boolean>;
  search: Search;
  /** Conversations with a running generation, as far as this browser knows. */
  running: ReadonlySignal<string[]>;
  error: ReadonlySignal<string | null>;
  current: CurrentConversation;
  dialog: Signal<Dialog | null>;
  /** The bot of the current conversation. */
  bot(): Bot | null;
  /** The row of the current conversation; undefined for a new one. */
  conversation(): Conversation | undefined;
  /** Its title, or where that is empty one of its first prompt, as far as that is known. */
  titleText(conversation: Titled): string;
  refresh(): Promise<void>;
  /** Reads more of the list. */
  readMore(): Promise<void>;
  /** Opens a conversation, and shows a message of it. */
  open(conversationId: string | null, messageId?: string | null): Promise<void>;
  /** Sends a prompt below the last message that is shown. Creates the conversation first if it is new. */
  send(prompt: string): Promise<void>;
  chooseBot(botId: string): Promise<void>;
  /** What would be sent now: the text in the composer, or without one a request to go on after the last message. */
  preview(): Promise<Preview>;
  /** Throws an Error with a message for the user. */
  saveBot(id: string | null, fields: BotFields, fallbacks: string[]): Promise<Bot>;
  /** Asks the provider of a stored bot; never rejects. */
  testBot(id: string): Promise<TestOutcome>;
  removeBot(id: string): Promise<void>;
  rename(conversationId: string, title: string): Promise<void>;
  removeConversation(conversationId: string): Promise<void>;
  /** Stores a story that was exported as JSON in a conversation of its own, and opens that. */
  importStory(text: string): Promise<void>;
  saveMemory(messageId: string, content: string): Promise<void>;
  /** What the user has spent, and what of budgets is left. */
  spending(): Promise<Spending>;
  /** The story up to this message is sent again as it was written. */
  removeMemory(messageId: string): Promise<void>;
}

/** Lives as long as the page: signing out loads the page again. */
export function createSession(supabase: SupabaseClient, user: User): Session {
  const state = createState(supabase, user);
  const { bots, list, running, error, current, dialog } = state;
  const refreshLists = () => reloadLists(state);
  trackRunning(state, refreshLists);
  trackOtherDevices(state);
  return {
    user,
    bots,
    conversations: list.rows,
    hasMore: list.hasMore,
    search: createSearch((words, signal) => searchConversations(supabase, words, signal), dataError),
    running,
    error,
    current,
    dialog,
    bot: () => botOf(state),
    conversation: () => conversationOf(state, current.id.value),
    titleText: (conversation) => titleText(state, conversation),
    async refresh() {
      await Promise.all([refreshLists(), current.refresh()]);
    },
    readMore: () => attempt(state, list.readMore()),
    async open(conversationId, messageId = null) {
      if (conversationId !== current.id.value) await current.open(conversationId);
      if (messageId === null || conversationId !== current.id.value) return;
      current.reveal(messageId);
      goTo(conversationId, true);
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
      return saved;
    },
    testBot: (id) =>
      state.relay.testBot(id).catch(({ code, message }: RelayClientError) => ({ ok: false, error: { code, message } })),
    async removeBot(id) {
      await readable(deleteBot(supabase, id));
      await refreshLists();
    },
    async rename(conversationId, title) {
      await readable(changeConversation(supabase, conversationId, { title }));
      list.patch(conversationId, { title });
    },
    async removeConversation(conversationId) {
      await readable(deleteConversation(supabase, conversationId));
      stopDeleted(state, conversationId);
      removeDraftsIn(user.id, conversationId);
      list.remove(conversationId);
      if (current.id.value === conversationId) goTo(null, true);
    },
    async importStory(text) {
      const rows = rowsToImport(readArchive(text), bots.value ?? []);
      const id = await readable(importConversation(supabase, rows));
      await refreshLists();
      goTo(id);
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

type Titled = Pick<Conversation, "id" | "title" | "opening">;

/** What the functions of a session share. */
type State = ReturnType<typeof createState>;

function createState(supabase: SupabaseClient, user: User) {
  const relay = createRelayClient({ supabase, after: afterOrOnline });
  return {
    relay,
    supabase,
    user,
    bots: signal<Bot[] | null>(null),
    list: createConversationList(supabase),
    running: signal(runningConversations()),
    error: signal<string | null>(null),
    current: createCurrentConversation(supabase, relay, user.id),
    dialog: signal<Dialog | null>(null),
    /** The bot for a conversation that is not stored yet. */
    chosen: signal<string | null>(null),
  };
}

async function reloadLists(state: State) {
  const { supabase, bots, list, error } = state;
  const before = error.value;
  const reading = Promise.all([listBots(supabase), list.refresh()]);
  await attempt(
    state,
    reading.then(([newBots]) => {
      batch(() => {
        bots.value = newBots;
        // What has failed since is not mended by this.
        if (error.value === before) error.value = null;
      });
    }),
  );
}

function conversationOf({ list }: State, id: string | null): Conversation | undefined {
  return list.rows.value?.find((conversation) => conversation.id === id);
}

function titleText({ current }: State, { id, title, opening }: Titled): string {
  if (title) return title;
  const isOpen = id === current.id.value;
  const prompt = isOpen ? current.path.value[0]?.content ?? current.generation.prompt.value : null;
  return titleOf(prompt || opening || "") || "Untitled story";
}

/** Where nothing was chosen, one of the user's own: anyone may share a bot, and a story must not go to a stranger's. */
function botOf(state: State): Bot | null {
  const { bots, list, current, chosen, user } = state;
  const conversationId = current.id.value;
  const id = conversationId === null
    ? chosen.value ?? list.rows.value?.[0]?.bot_id
    : conversationOf(state, conversationId)?.bot_id;
  return bots.value?.find((bot) => bot.id === id) ?? bots.value?.find((bot) => bot.user_id === user.id) ?? null;
}

async function send(state: State, prompt: string) {
  const { supabase, user, list, error, current } = state;
  const { draft, generation } = current;
  if (isTooLong(prompt)) return;
  // A suggestion is sent, and what stands in the composer stays there.
  const taken = draft.text.value.trim() === prompt ? draft.take() : null;
  const isNew = current.id.value === null;
  try {
    if (isNew) {
      generation.expect(prompt);
      // A story that begins before the bots are there would have none.
      if (state.bots.value === null) await reloadLists(state);
      const bot = botOf(state);
      const added = await addConversation(supabase, user.id, bot?.titles ? "" : titleOf(prompt), bot?.id ?? null);
      list.add({ ...added, opening: prompt });
      // The prompt is on the page already; where the user has opened another story since, this one is opened anew.
      if (current.id.value === null) current.adopt(added.id);
      else await current.open(added.id);
      goTo(added.id);
    }
    current.send(prompt);
    taken?.sent();
  } catch (reason) {
    if (isNew) generation.detach();
    draft.text.value = [prompt, draft.text.value].filter((text) => text.trim()).join("\n\n");
    error.value = dataError(reason);
  }
}

function preview(state: State): Promise<Preview> {
  const { relay, current } = state;
  const prompt = current.draft.text.value.trim();
  const conversation_id = current.id.value;
  if (conversation_id === null) return relay.preview({ prompt, bot_id: botOf(state)?.id });
  const last = current.path.value.at(-1)?.id ?? null;
  const request: StartRequest = prompt || last === null
    ? { conversation_id, prompt, parent_id: last }
    : { conversation_id, answer_to: last };
  return relay.preview(request);
}

async function chooseBot(state: State, botId: string) {
  const { supabase, list, current, chosen, error } = state;
  const conversationId = current.id.value;
  if (conversationId === null) {
    chosen.value = botId;
    return;
  }
  const before = conversationOf(state, conversationId)?.bot_id ?? null;
  list.patch(conversationId, { bot_id: botId });
  try {
    await changeConversation(supabase, conversationId, { bot_id: botId });
  } catch (reason) {
    list.patch(conversationId, { bot_id: before });
    error.value = dataError(reason);
  }
}

/** What fails is shown. */
async function attempt({ error }: State, query: Promise<void>): Promise<void> {
  try {
    await query;
  } catch (reason) {
    error.value = dataError(reason);
  }
}
