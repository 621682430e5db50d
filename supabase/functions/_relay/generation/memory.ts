/**
 * Writes in the background: memories, before a story outgrows the model's window, and a title for a story without one.
 */

import type { BackgroundKind } from "../database/begin_memory.ts";
import type { Database } from "../database/database.ts";
import { GENERATION_BYTES, type Hold, maxRoomOf, pathBytes } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { RelayError } from "../protocol/errors.ts";
import type { Id } from "../protocol/events.ts";
import { FIRST_CONTEXT_CHARACTERS, MAX_CONTEXT_CHARACTERS, MAX_TITLE_TEXT_CHARACTERS } from "../protocol/limits.ts";
import { type AdmittedRequest, logFields } from "./generation.ts";

/**
 * The last turn of the request. Its other messages equal those of an answer's request, which providers have in caches.
 */
export const MEMORY_TASK =
  "Pause the story here. Write down what has happened in it up to now, for a writer who has to go on with it and has " +
  "not read it: who is who and where, what they want and know of each other, what was decided or promised, and what is " +
  "still open. Keep of the summary at the beginning, if there is one, what still matters. Use the language of the story, " +
  "at most 300 words, and write nothing but the summary.";

/** Asks for a title. The database keeps one line of it, at most `MAX_TITLE_CHARACTERS`. */
export const TITLE_TASK =
  "Pause the story here. Give it a title of at most eight words, in the language of the story. Write nothing but the " +
  "title, on one line and without quotation marks.";

const TASKS: Record<BackgroundKind, string> = { memory: MEMORY_TASK, title: TITLE_TASK };

const REQUEST = { on_disconnect: "continue" } as const;

/** What is known about the answer after which something is due; its text is not kept for that. */
export type Answered = Pick<AdmittedRequest, "streamId" | "userId" | "requestId" | "admission">;

/** Begins in the background; if it cannot begin, it is due again after the next answer. */
type Write = (kind: BackgroundKind, answered: Answered, baseUrl: URL | null, messageId: Id) => void;

/** `run` runs what was admitted, and gives back what it holds; `abandon` ends what may have been admitted. */
export function createMemories(
  platform: Platform,
  database: Pick<Database, "beginMemory">,
  run: (admitted: AdmittedRequest, baseUrl: URL | null) => Promise<void>,
  abandon: (streamId: string, fence: string) => void,
): Write {
  const { clock, keepAlive, log, memory, shutdown } = platform;

  /** Null: nothing is to be written. */
  async function admit(kind: BackgroundKind, answered: Answered, messageId: Id, hold: Hold) {
    const [streamId, fence] = [crypto.randomUUID(), crypto.randomUUID()];
    const { userId, admission: { bot_id: botId } } = answered;
    const maxRoom = maxRoomOf(memory, false);
    const start = { userId, streamId, fence, botId, messageId, kind, task: TASKS[kind], maxRoom };
    const ask = async (maxContext: number) => {
      hold.cover(pathBytes(maxContext, false));
      try {
        return await database.beginMemory({ ...start, maxContext });
      } catch (error) {
        abandon(streamId, fence);
        throw error;
      }
    };
    let answer = await ask(kind === "title" ? MAX_TITLE_TEXT_CHARACTERS : FIRST_CONTEXT_CHARACTERS);
    if (answer !== null && "characters" in answer && answer.characters <= MAX_CONTEXT_CHARACTERS) {
      answer = await ask(answer.characters);
    }
    if (answer === null || "characters" in answer) return null;
    // Without fallbacks: the answer has dropped them, and no user waits for a memory.
    const own = { ...answer.admission, fence, user_message_id: null, continued: null };
    const admission = { ...answered.admission, ...own };
    const startedAt = clock.now();
    return { ...answered, streamId, request: REQUEST, admission, startedAt, memory: hold, kind, task: TASKS[kind] };
  }

  async function begin(kind: BackgroundKind, answered: Answered, messageId: Id): Promise<AdmittedRequest | null> {
    let hold: Hold | null = null;
    try {
      hold = memory.open(answered.userId, GENERATION_BYTES);
      const admitted = await admit(kind, answered, messageId, hold);
      if (admitted === null) hold.end();
      return admitted;
    } catch (cause) {
      hold?.end();
      if (isBug(cause)) throw cause;
      log("warn", "memory_not_begun", { ...logFields({ ...answered, kind }), cause });
      return null;
    }
  }

  return (kind, answered, baseUrl, messageId) => {
    if (shutdown.signal.aborted) return;
    keepAlive.run(kind, async () => {
      const admitted = await begin(kind, answered, messageId);
      if (admitted !== null) await run(admitted, baseUrl);
    });
  };
}

/** A failure, such as a refusal of the database, is logged as an error of background work, and so counted. */
function isBug(cause: unknown): boolean {
  return !(cause instanceof RelayError) || cause.code === "internal";
}
