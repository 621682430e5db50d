/** What the pen shows and does. */

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Failure } from "../words/failures.ts";
import type { Tree } from "./tree.ts";

/** How far a generation is, for this page. */
export type Stage =
  | "idle"
  | "starting"
  | "thinking"
  | "writing"
  | "reconnecting"
  | "stopping";

/** What the page shows of a generation, and what a reader can do with it. */
export interface Pen {
  stage: ReadonlySignal<Stage>;
  writing: ReadonlySignal<boolean>;
  /** The message that the new text hangs below; null: it begins the story; undefined: not known, or nothing is new. */
  place: ReadonlySignal<string | null | undefined>;
  /** What the user said and the database does not show yet. */
  prompt: ReadonlySignal<string | null>;
  text: ReadonlySignal<string>;
  reasoning: ReadonlySignal<string>;
  /** What the bot thought before it wrote a message, as long as the page is open. */
  thoughts: ReadonlyMap<string, string>;
  failure: ReadonlySignal<Failure | null>;
  /** How the last generation ended, for those who do not see it. */
  news: ReadonlySignal<string>;
  /** What stands in the box; what could not be sent comes back to it. */
  draft: Signal<string>;
  /** Says something below a message; null: as a new beginning. */
  say(prompt: string, parentId: string | null): void;
  /** Has another version of a message written, or an answer to a user's. */
  retell(messageId: string): void;
  /** Once more what failed. */
  retry(): void;
  stop(): Promise<void>;
  dismiss(): void;
  /** Goes on watching what this browser has started in the story. */
  join(): void;
  /** Stops watching; the story is written on. */
  leave(): void;
}

/** What the pen needs to know of the story. */
export interface PenTools {
  storyId: ReadonlySignal<string | null>;
  tree: ReadonlySignal<Tree>;
  /** A generation begins on this page. */
  begin(): void;
  /** Reads the story again, down to this message; false where that failed. */
  reload(leafId?: string): Promise<boolean>;
}
