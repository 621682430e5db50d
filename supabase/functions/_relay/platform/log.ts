/** One JSON line for each event of note; there is no field for prompts, keys or tokens of users. */

import { MAX_LOG_FIELD_UNITS } from "../protocol/limits.ts";

/** How much an operator should care. */
export type Level = "info" | "warn" | "error";

/** The fields of a line after timestamp, level and event; a closed list, so that there is none for a secret. */
export interface LogFields {
  request_id?: string;
  worker_id?: string;
  version?: string;
  user_id?: string | null;
  bot_id?: string | number | null;
  conversation_id?: string | number | null;
  stream_id?: string;
  model?: string;
  kind?: string;
  latency_ms?: number;
  first_token_ms?: number | null;
  prompt_tokens?: number | null;
  completion_tokens?: number | null;
  total_tokens?: number | null;
  cached_tokens?: number;
  reasoning_tokens?: number;
  cost?: number;
  outcome?: string;
  finish_reason?: string | null;
  code?: string;
  method?: string;
  path?: string;
  status?: number;
  attempts?: number;
  tries?: number;
  skipped?: number;
  generations?: number;
  connections?: number;
  reason?: string;
  cause?: unknown;
}

/** Writes one line. */
export type Log = (level: Level, event: string, fields?: LogFields) => void;

/** A cause is what can be long. */
const MAX_CAUSE_CHARACTERS = 2_000;

/** Logs to the runtime's console, which the platform collects; `write` is replaced by tests. */
export function createLog(
  write: (line: string) => void = (line) => console.error(line),
  now: () => Date = () => new Date(),
  errorLines?: ErrorLines,
): Log {
  return (level, event, fields = {}) => {
    const { cause, ...rest } = fields;
    const line = { timestamp: now().toISOString(), level, event, ...rest };
    write(JSON.stringify(bounded(cause === undefined ? line : { ...line, cause: describe(cause) })));
    if (level === "error") errorLines?.written(event);
  };
}

/** Counts the lines of the level error. It is set later, because the log exists before everything else. */
export interface ErrorLines {
  written(event: string): void;
}

/** Until this is called, lines are not counted. */
export const createErrorLines = (): ErrorLines => ({ written: () => {} });

/** The hosted platform takes lines of at most 10,000 characters, and users, owners of bots and providers choose fields. */
function bounded(line: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(line)) {
    if (typeof value !== "string" || name === "cause" || value.length <= MAX_LOG_FIELD_UNITS) continue;
    line[name] = `${value.slice(0, MAX_LOG_FIELD_UNITS - 1)}…`;
  }
  return line;
}

/** Names an error and its causes, without the stack of what is expected; bounded. */
function describe(cause: unknown): string {
  const parts: string[] = [];
  for (let error = cause; error !== undefined && error !== null && parts.length < 5;) {
    parts.push(
      error instanceof Error ? `${error.name}: ${error.message}` : typeof error === "string" ? error : typeof error,
    );
    error = error instanceof Error ? error.cause : undefined;
  }
  return parts.join("; caused by ").slice(0, MAX_CAUSE_CHARACTERS);
}
