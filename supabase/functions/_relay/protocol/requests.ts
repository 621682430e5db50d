/** The bodies of POST /stream and POST /cancel, checked field by field. */

import { z } from "zod";
import { type Issue, RelayError } from "./errors.ts";
import type { Id } from "./events.ts";
import {
  MAX_ID_CHARACTERS,
  MAX_ISSUES,
  MAX_PROMPT_CHARACTERS,
  MAX_STREAM_ID_CHARACTERS,
  MAX_SYSTEM_CHARACTERS,
} from "./limits.ts";

/** Code points, as people count; the cheap bound comes first. */
function fits(text: string, limit: number): boolean {
  return text.length <= limit ||
    (text.length <= 2 * limit && [...text].length <= limit);
}

/** Neither U+0000 nor a lone surrogate can be stored; a client that sends one has a bug and should see it. */
function text(limit: number) {
  return z.string().refine((value) => fits(value, limit), {
    error: `Must have at most ${limit} characters`,
    abort: true,
  }).refine((value) => value.isWellFormed() && !value.includes("\0"), {
    error: "Must be Unicode text without U+0000 and without lone surrogates",
  });
}

/** Whatever the database has for one: what is no id there is not found, and no malformed request. */
const id = z.custom<Id>(
  (value) =>
    typeof value === "string"
      // deno-lint-ignore no-control-regex
      ? value !== "" && fits(value, MAX_ID_CHARACTERS) && value.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(value)
      : Number.isSafeInteger(value),
  { error: `Must be an id: an integer, or 1 to ${MAX_ID_CHARACTERS} characters without control characters` },
);

/** Names a generation; also the idempotency key. */
export const streamId = z.string().regex(
  new RegExp(`^[A-Za-z0-9._:-]{1,${MAX_STREAM_ID_CHARACTERS}}$`),
  { error: `Must have 1 to ${MAX_STREAM_ID_CHARACTERS} characters of A-Z a-z 0-9 . _ : -` },
);

const streamRequest = z.strictObject({
  prompt: text(MAX_PROMPT_CHARACTERS).min(1, { error: "Must not be empty" })
    .optional(),
  reroll_of: id.optional(),
  conversation_id: id.optional(),
  bot_id: id.optional(),
  system: text(MAX_SYSTEM_CHARACTERS).optional(),
  parent_id: id.nullable().optional(),
  stream_id: streamId.optional(),
  on_disconnect: z.enum(["stop", "continue"]).default("stop"),
}).superRefine((value, context) => {
  if ((value.prompt === undefined) === (value.reroll_of === undefined)) {
    const found = value.prompt === undefined ? "neither was given" : "both were given";
    context.addIssue({
      code: "custom",
      path: [value.prompt === undefined ? "prompt" : "reroll_of"],
      message: `Provide either prompt or reroll_of; ${found}`,
    });
  }
  if (value.reroll_of !== undefined && value.parent_id !== undefined) {
    context.addIssue({
      code: "custom",
      path: ["parent_id"],
      message: "Must be left out with reroll_of, which names the place already",
    });
  }
});

/** A checked body of POST /stream. */
export type StreamRequest = z.infer<typeof streamRequest>;

const cancelRequest = z.strictObject({ stream_id: streamId });

/** Throws `invalid_request` with every field that is wrong. */
export function parseStreamRequest(body: unknown): StreamRequest {
  return parse(streamRequest, body);
}

/** Throws `invalid_request`; gives the stream_id. */
export function parseCancelRequest(body: unknown): string {
  return parse(cancelRequest, body).stream_id;
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(toIssues).slice(0, MAX_ISSUES);
  const fields = issues.map((issue) => issue.path || "the body").join(", ");
  throw new RelayError("invalid_request", `Cannot accept the request: see issues for ${fields}`, { issues });
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...issue.path, key.slice(0, 100)].join("."), message: "Unknown field" }));
  }
  return [{ path: issue.path.join("."), message: issue.message }];
}
