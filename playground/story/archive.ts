/** Stories as files: writes Markdown of what is shown and JSON of the whole tree, and reads the JSON again. Pure. */

import { counted, MAX_MESSAGE_CHARACTERS } from "../copy/context.ts";
import type { ImportedRows } from "../data/conversations.ts";
import type { Bot, Conversation, Message } from "../data/rows.ts";

const FORMAT = "storytellr-story";
const VERSION = 1;

/** The bounds of `import_conversation`. */
const MAX_MESSAGES = 10_000;
const MAX_CHARACTERS = 10_000_000;
const MAX_TITLE_CHARACTERS = 500;

/** Bytes of a file that is read: the characters, their escapes, and what surrounds them. */
export const MAX_FILE_BYTES = 40_000_000;

/** Who answers, without key and headers: no page knows these. */
interface ArchivedBot {
  id: string;
  name: string;
  model: string;
}

/** A message as a file has it. Siblings by the same author are versions, the oldest first. */
interface ArchivedMessage {
  id: string;
  /** An earlier message of the file; null: a first message. */
  parent_id: string | null;
  author: "user" | "bot";
  /** Null for the user's messages, and where it is not known. */
  bot: ArchivedBot | null;
  content: string;
  is_complete: boolean;
  finish_reason: string | null;
  created_at: string;
  /** What is sent in place of the story up to and with this message; absent, or null: nothing is. */
  memory: string | null;
}

/** A whole story as a file. */
export interface Archive {
  format: typeof FORMAT;
  version: typeof VERSION;
  title: string;
  bot: ArchivedBot | null;
  active_message_id: string | null;
  /** Each after its parent. */
  messages: ArchivedMessage[];
}

/** The messages are given in the order in which they were stored. */
export function archiveOf(
  { title, bot_id, active_message_id }: Conversation,
  messages: readonly Message[],
  bots: readonly Bot[],
): Archive {
  const botOf = (id: string | null): ArchivedBot | null => {
    const bot = bots.find((bot) => bot.id === id);
    return bot === undefined ? null : { id: bot.id, name: bot.name, model: bot.model };
  };
  return {
    format: FORMAT,
    version: VERSION,
    title,
    bot: botOf(bot_id),
    active_message_id,
    messages: parentsFirst(messages).map((message) => ({
      id: message.id,
      parent_id: message.parent_id,
      author: message.is_user_author ? "user" : "bot",
      bot: botOf(message.bot_id),
      content: message.content,
      is_complete: message.is_complete,
      finish_reason: message.finish_reason,
      created_at: message.created_at,
      memory: message.memory,
    })),
  };
}

/** Parents come first. A prompt that its client stored may be older than its parent. */
function parentsFirst(messages: readonly Message[]): Message[] {
  const children = Map.groupBy(messages, ({ parent_id }) => parent_id);
  const sorted: Message[] = [];
  const open = children.get(null)?.toReversed() ?? [];
  for (let next = open.pop(); next; next = open.pop()) {
    sorted.push(next);
    open.push(...children.get(next.id)?.toReversed() ?? []);
  }
  return sorted;
}

/** The messages that are shown, prompts as quotations. */
export function markdownOf(title: string, path: readonly Message[]): string {
  const parts = path.map(({ content, is_user_author }) => {
    const text = content.trim();
    return is_user_author ? text.replace(/^/gm, "> ").replace(/^> $/gm, ">") : text;
  });
  return [`# ${title.replace(/\s+/g, " ").trim() || "Untitled story"}`, ...parts].join("\n\n") + "\n";
}

/** A name for a file, from a title of any language. */
export function fileNameOf(title: string, ending: string): string {
  const name = title.normalize("NFC").replace(/[^\p{L}\p{M}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  return `${[...name].slice(0, 60).join("") || "story"}.${ending}`;
}

/** Reads a file; throws an Error with a message for the user that names the field. */
export function readArchive(text: string): Archive {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON. Choose one that was exported as JSON.");
  }
  const story = objectAt(value, "The file");
  if (story.format !== FORMAT) throw wrong("format", `must be "${FORMAT}"`);
  if (story.version !== VERSION) throw wrong("version", `must be ${VERSION}`);
  const title = textAt(story.title, "title", MAX_TITLE_CHARACTERS);
  const bot = botAt(story.bot, "bot");
  if (!Array.isArray(story.messages)) throw wrong("messages", "must be a list");
  if (story.messages.length > MAX_MESSAGES) {
    throw wrong("messages", `may have at most ${counted(MAX_MESSAGES)} entries`);
  }
  const ids = new Set<string>();
  const messages = story.messages.map((message, index) => {
    const read = messageAt(message, `messages[${index}]`, ids);
    ids.add(read.id);
    return read;
  });
  if (messages.reduce((sum, { content, memory }) => sum + content.length + (memory?.length ?? 0), 0) > MAX_CHARACTERS) {
    throw wrong("messages", `may have at most ${counted(MAX_CHARACTERS)} characters in all`);
  }
  const active = nullOr(story.active_message_id, (id) => textAt(id, "active_message_id", 200));
  if (active !== null && !ids.has(active)) throw wrong("active_message_id", "must be the id of a message, or null");
  return { format: FORMAT, version: VERSION, title, bot, active_message_id: active, messages };
}

/** Finds the user's bot with that id, or else the first one with that name. */
export function rowsToImport(archive: Archive, bots: readonly Bot[]): ImportedRows {
  const { title, messages, active_message_id } = archive;
  const botIdOf = (archived: ArchivedBot | null) =>
    archived &&
    ((bots.find(({ id }) => id === archived.id) ?? bots.find(({ name }) => name === archived.name))?.id ?? null);
  const places = new Map(messages.map(({ id }, index) => [id, index + 1]));
  const placeOf = (id: string | null) => id === null ? null : places.get(id) ?? null;
  return {
    title,
    bot_id: botIdOf(archive.bot),
    parents: messages.map(({ parent_id }) => placeOf(parent_id)),
    contents: messages.map(({ content }) => content),
    authors: messages.map(({ author }) => author),
    bot_ids: messages.map(({ bot }) => botIdOf(bot)),
    finish_reasons: messages.map(({ finish_reason }) => finish_reason),
    incomplete: messages.flatMap(({ is_complete }, index) => is_complete ? [] : index + 1),
    created_at: messages.map(({ created_at }) => created_at),
    memories: messages.map(({ memory }) => memory),
    active: placeOf(active_message_id),
  };
}

/** The reasons that end a text early, so that it cannot be complete. */
const EARLY_ENDS = ["cancelled", "disconnected", "timeout", "interrupted", "error"];

function messageAt(value: unknown, field: string, ids: ReadonlySet<string>): ArchivedMessage {
  const message = objectAt(value, field);
  const id = textAt(message.id, `${field}.id`, 200);
  if (!id || ids.has(id)) throw wrong(`${field}.id`, "must be there, and no other message’s");
  const parent = nullOr(message.parent_id, (parent) => textAt(parent, `${field}.parent_id`, 200));
  if (parent !== null && !ids.has(parent)) throw wrong(`${field}.parent_id`, "must be the id of an earlier message");
  const { author, is_complete } = message;
  if (author !== "user" && author !== "bot") throw wrong(`${field}.author`, 'must be "user" or "bot"');
  if (typeof is_complete !== "boolean") throw wrong(`${field}.is_complete`, "must be true or false");
  const reason = nullOr(message.finish_reason, (reason) => textAt(reason, `${field}.finish_reason`, 100));
  if (author === "user" && reason !== null) throw wrong(`${field}.finish_reason`, "must be null for what a user wrote");
  if (is_complete && EARLY_ENDS.includes(reason ?? "")) {
    throw wrong(`${field}.is_complete`, `must be false where finish_reason is "${reason}"`);
  }
  const created_at = textAt(message.created_at, `${field}.created_at`, 40);
  // A form that the database takes, too: 2026-11-27T10:00:00.123456+00:00.
  if (
    !/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$/.test(created_at) ||
    isNaN(Date.parse(created_at))
  ) {
    throw wrong(`${field}.created_at`, "must be a date with a time and a zone");
  }
  return {
    id,
    parent_id: parent,
    author,
    bot: author === "user" ? null : botAt(message.bot, `${field}.bot`),
    content: textAt(message.content, `${field}.content`, MAX_MESSAGE_CHARACTERS),
    is_complete,
    finish_reason: reason,
    created_at,
    memory: nullOr(message.memory, (memory) => memoryAt(memory, `${field}.memory`)),
  };
}

function memoryAt(value: unknown, field: string): string {
  const memory = textAt(value, field, MAX_MESSAGE_CHARACTERS);
  // The database counts U+0085 as a space, too.
  if (!/[^\s\u0085]/.test(memory)) throw wrong(field, "must not be blank");
  return memory;
}

function botAt(value: unknown, field: string): ArchivedBot | null {
  return nullOr(value, (value) => {
    const { id, name, model } = objectAt(value, field);
    return {
      id: textAt(id, `${field}.id`, 200),
      name: textAt(name, `${field}.name`, 200),
      model: textAt(model, `${field}.model`, 200),
    };
  });
}

function objectAt(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(field, "must be an object");
}

function textAt(value: unknown, field: string, most: number): string {
  if (typeof value !== "string") throw wrong(field, "must be a text");
  if (value.length > most) throw wrong(field, `may have at most ${counted(most)} characters`);
  // The database cannot store these.
  if (value.includes("\0") || !value.isWellFormed()) throw wrong(field, "has characters that cannot be stored");
  return value;
}

function nullOr<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null || value === undefined ? null : read(value);
}

function wrong(field: string, rule: string): Error {
  return new Error(`This file cannot be imported: ${field} ${rule}.`);
}
