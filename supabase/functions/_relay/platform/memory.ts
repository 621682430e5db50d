/** Shares out a worker's memory: what users and providers will fill is counted before it is used. */

import { RelayError } from "../protocol/errors.ts";
import {
  LARGE_MEMORY_BYTES,
  MAX_CONTEXT_CHARACTERS,
  MAX_LARGE_MEMORY_PERCENT,
  MAX_MESSAGE_UNITS,
  MAX_USER_MEMORY_PERCENT,
} from "../protocol/limits.ts";

/**
 * What a generation holds without its texts. In the benchmark of 1,000 streams each took 51 KB of resident memory; 20
 * KB of it were alive after a collection.
 */
export const GENERATION_BYTES = 48 * 1024;

/** What a reader holds if its client keeps up; a part of the same 51 KB. */
export const READER_BYTES = 16 * 1024;

/** An event that waits for its client, without its bytes: 250 bytes of heap and 42 of buffers, for one of 40 bytes. */
export const QUEUED_EVENT_BYTES = 300;

/** The shortest event, `event: ping` with its data. It bounds how many events a number of bytes can hold. */
export const MIN_EVENT_BYTES = 22;

/**
 * A UTF-16 unit of a generation's text: two bytes as a unit of the transcript, and two more while it is joined to be
 * stored or read.
 */
export const TEXT_UNIT_BYTES = 4;

/**
 * A UTF-16 unit of a context from its admission until the provider has answered, at most: two bytes of the message, two
 * where neighbours of one role are joined, and two of each character of the request's JSON. Its bytes are there twice, as
 * the request is put together or waits in the connection: three where it is one character of three, two for half a pair,
 * and two where JSON has an escape of two. Resident memory grows by 8 to 10 bytes for a character where all are Latin,
 * and by 23 where none is, with what the answer of the database leaves to collect.
 */
export const CONTEXT_CHARACTER_BYTES = 12;

/** What any other control character costs in addition: JSON has six characters for it, which are six bytes. */
export const CONTROL_CHARACTER_BYTES = 16;

/** A message without its text: its objects, and its braces, names and quotes in the request. */
export const CONTEXT_MESSAGE_BYTES = 256;

/** A character of a bot's params, as JSON: three are enough for an empty object, which takes 64 bytes. */
export const PARAMS_CHARACTER_BYTES = 32;

/**
 * A byte of a body: its text, which has two bytes a unit once one character is not Latin, and the values that are
 * parsed.
 */
export const BODY_BYTE_BYTES = 6;

/** Memory is held in steps, so that a text that grows by tokens is counted a few times, not with each token. */
export const MEMORY_STEP_BYTES = 16 * 1024;

/** The budget of one worker. */
export interface Memory {
  /** The most that one user may hold. */
  readonly userBytes: number;
  /** The bytes that are held now. */
  readonly heldBytes: number;
  /** Throws what `Hold.cover` throws. */
  open(userId: string, bytes: number): Hold;
}

/**
 * Shares out `budgetBytes`. Large holds may fill only a part of it, so that long stories leave room for ordinary
 * starts. A user who holds nothing costs nothing.
 */
export function createMemory(budgetBytes: number): Memory {
  const userBytes = percentOf(budgetBytes, MAX_USER_MEMORY_PERCENT);
  const largeBytes = percentOf(budgetBytes, MAX_LARGE_MEMORY_PERCENT);
  const users = new Map<string, number>();

  function refusalOf(userId: string, more: number): RelayError | null {
    if ((users.get(userId) ?? 0) + more > userBytes) return shareIsFull();
    return memory.heldBytes + more > (more > LARGE_MEMORY_BYTES ? largeBytes : budgetBytes) ? workerIsFull() : null;
  }

  function add(userId: string, more: number) {
    memory.heldBytes += more;
    const held = (users.get(userId) ?? 0) + more;
    if (held === 0) users.delete(userId);
    else users.set(userId, held);
  }

  const memory = {
    userBytes,
    heldBytes: 0,
    open(userId: string, bytes: number) {
      const hold = new Hold((more) => refusalOf(userId, more), (more) => add(userId, more));
      hold.cover(bytes);
      return hold;
    },
  };
  return memory;
}

/** What one start, generation or reader holds. */
export class Hold {
  #held = 0;
  #ended = false;

  constructor(private refusalOf: (more: number) => RelayError | null, private add: (more: number) => void) {}

  /** Holds this much from now on, more or less than before. False if too little is left; then nothing has changed. */
  fits(bytes: number): boolean {
    return this.#change(bytes) === null;
  }

  /** The same, but throws `too_many_streams` if the user's share is full, and `overloaded` if the worker is full. */
  cover(bytes: number) {
    const refusal = this.#change(bytes);
    if (refusal !== null) throw refusal;
  }

  /** Gives everything back, once; later calls of any method do nothing. */
  end() {
    this.#change(0);
    this.#ended = true;
  }

  /** Null: it is held. */
  #change(bytes: number): RelayError | null {
    const held = this.#held;
    // Each token comes here: two comparisons.
    if (bytes <= held && bytes > held - MEMORY_STEP_BYTES || this.#ended) return null;
    const wanted = Math.ceil(bytes / MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES;
    const refusal = wanted > held ? this.refusalOf(wanted - held) : null;
    if (refusal !== null) return refusal;
    this.add(wanted - held);
    this.#held = wanted;
    return null;
  }
}

// deno-lint-ignore no-control-regex -- Those that JSON has no escape of two characters for.
const CONTROL = /[\x00-\x07\x0b\x0e-\x1f]/;

/** What messages hold until the provider has answered. Texts without a control character, nearly all, are not counted. */
export function contextBytes(messages: { content: string }[]): number {
  let bytes = messages.length * CONTEXT_MESSAGE_BYTES;
  for (const { content } of messages) {
    bytes += content.length * CONTEXT_CHARACTER_BYTES;
    if (CONTROL.test(content)) bytes += controlsIn(content) * CONTROL_CHARACTER_BYTES;
  }
  return bytes;
}

/**
 * What a start holds for a stored path of so many characters, before it is read; what is continued is the generation's
 * own text, too.
 */
export function pathBytes(characters: number, isContinued: boolean): number {
  const text = isContinued ? Math.min(characters, MAX_MESSAGE_UNITS) * TEXT_UNIT_BYTES : 0;
  return GENERATION_BYTES + characters * CONTEXT_CHARACTER_BYTES + text;
}

/** The longest path for which `pathBytes` keeps to a user's share; a longer one is cut for its model's window. */
export function maxRoomOf({ userBytes }: Memory, isContinued: boolean): number {
  const bytes = userBytes - GENERATION_BYTES;
  const room = isContinued
    ? Math.max(
      bytes / (CONTEXT_CHARACTER_BYTES + TEXT_UNIT_BYTES),
      (bytes - MAX_MESSAGE_UNITS * TEXT_UNIT_BYTES) / CONTEXT_CHARACTER_BYTES,
    )
    : bytes / CONTEXT_CHARACTER_BYTES;
  return Math.min(MAX_CONTEXT_CHARACTERS, Math.floor(room));
}

/** \b, \t, \n, \f and \r have short escapes. */
function controlsIn(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 && (unit < 0x08 || unit === 0x0b || unit > 0x0d)) count++;
  }
  return count;
}

function percentOf(bytes: number, percent: number): number {
  return Math.floor(bytes * percent / 100);
}

function shareIsFull(): RelayError {
  return new RelayError(
    "too_many_streams",
    "Cannot open one more stream: the user's streams fill their share of this worker's memory",
    { retryAfter: 5 },
  );
}

function workerIsFull(): RelayError {
  return new RelayError("overloaded", "Cannot open one more stream: the memory of this worker is full", {
    retryAfter: 5,
  });
}
