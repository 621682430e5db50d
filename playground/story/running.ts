/**
 * Remembers which generation a story waits for, so that a reload and another tab find it. A record is written before
 * the relay is asked: a page that is closed in between asks again with the same `stream_id`, which never starts a
 * second generation.
 */

import type { StartRequest } from "../../client/types.ts";
import { names, onOtherTab, read, remove, write } from "../platform/storage.ts";

/** A generation that runs, as far as this browser knows. */
export interface Running {
  streamId: string;
  /** What the relay is asked for. Null once it has answered: from then on the generation is resumed. */
  request: StartRequest | null;
  /** When it was asked for, in milliseconds. */
  at: number;
}

/** Past this a request that was never answered is not repeated: nobody waits for its answer. */
const STALE_MS = 120_000;

const PREFIX = "running.";

/** Replaces what was known of the story. */
export function remember(storyId: string, running: Running): void {
  write(PREFIX + storyId, running);
}

/** Null where nothing runs in the story, as far as is known. */
export function running(storyId: string): Running | null {
  return read(PREFIX + storyId);
}

/** It has ended. */
export function forget(storyId: string): void {
  remove(PREFIX + storyId);
}

/** For a user who leaves: prompts do not stay behind in the browser. */
export function forgetAll(): void {
  names(PREFIX).forEach(remove);
}

/** The stories that are being written, as far as the relay has said so. */
export function runningStories(): string[] {
  return names(PREFIX).map((name) => name.slice(PREFIX.length)).filter((storyId) => running(storyId)?.request === null);
}

/** Whether it is too late to ask again. */
export function isStale({ request, at }: Running): boolean {
  return request !== null && Date.now() - at > STALE_MS;
}

/** Tells that another tab has started or ended a generation of a story. */
export function onRunningElsewhere(changed: (storyId: string) => void): void {
  onOtherTab((name) => {
    if (name.startsWith(PREFIX)) changed(name.slice(PREFIX.length));
  });
}
