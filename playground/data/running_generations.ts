/**
 * Remembers in the browser which generation runs in a conversation, so that a reload and other tabs find it. The record
 * is written before the relay is asked: a page that was closed before the answer sends the same request with the same
 * `stream_id` again, which never starts a second generation.
 */

import type { StartRequest } from "../../client/types.ts";
import { names, onOtherTab, read, remove, write } from "../platform/storage.ts";

/** A generation that runs, as far as this browser knows. */
export interface RunningGeneration {
  streamId: string;
  /** The request to send. Null once the relay has answered it: from then on the stream is resumed. */
  request: StartRequest | null;
  /** When the record was written, in milliseconds since 1970. */
  at: number;
}

/** A request that got no answer is not repeated after this time: the user has gone on to something else. */
const STALE_MS = 120_000;

const PREFIX = "running.";

/** Replaces the record of the conversation. */
export function saveRunning(conversationId: string, running: RunningGeneration): void {
  write(PREFIX + conversationId, running);
}

/** Null where no generation is known to run in the conversation. */
export function readRunning(conversationId: string): RunningGeneration | null {
  return read(PREFIX + conversationId);
}

/** The generation has ended. */
export function removeRunning(conversationId: string): void {
  remove(PREFIX + conversationId);
}

/** For signing out: no prompt stays in the browser. */
export function removeAllRunning(): void {
  names(PREFIX).forEach(remove);
}

/** The conversations whose generation the relay has confirmed. */
export function runningConversations(): string[] {
  return names(PREFIX).map((name) => name.slice(PREFIX.length)).filter((id) => readRunning(id)?.request === null);
}

/** Whether it is too late to repeat the request. */
export function isStale({ request, at }: RunningGeneration): boolean {
  return request !== null && Date.now() - at > STALE_MS;
}

/** Calls back when another tab starts or ends a generation of a conversation. */
export function onRunningInOtherTab(changed: (conversationId: string) => void): void {
  onOtherTab((name) => {
    if (name.startsWith(PREFIX)) changed(name.slice(PREFIX.length));
  });
}
