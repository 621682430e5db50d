/** The bodies of POST /stream and POST /cancel, checked field by field. */

import { z } from "zod";
import { type Issue, RelayError } from "./errors.ts";
import type { Id } from "./events.ts";
import {
  MAX_CONTEXT_CHARACTERS,
  MAX_CONTEXT_MESSAGES,
  MAX_ID_CHARACTERS,
  MAX_ISSUES,
  MAX_PROMPT_CHARACTERS,
  MAX_STREAM_ID_CHARACTERS,
  MAX_SYSTEM_CHARACTERS,
} from "./limits.ts";
import { charactersIn } from "./sizes.ts";

/** Code points, as people count; the cheap bounds come first. */
function fits(text: string, limit: number): boolean {
  if (text.length <= limit || text.length > 2 * limit) return text.length <= limit;
  return charactersIn(text) <= limit;
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

/**
 * Takes any form of id that a database may have: an id that cannot exist there is not found, and no malformed request.
 */
export const id = z.custom<Id>(
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

const prompt = text(MAX_PROMPT_CHARACTERS).min(1, { error: "Must not be empty" });

const message = z.strictObject({ role: z.enum(["user", "assistant"]), content: text(MAX_CONTEXT_CHARACTERS) });

/**
 * Checks valid messages, which most are: the schema, which has the texts of issues, takes three times as long for each.
 */
function isPlain(item: unknown): item is z.infer<typeof message> {
  if (!isObject(item)) return false;
  let fields = 0;
  for (const _ in item) fields++;
  const { role, content } = item;
  return fields === 2 && (role === "user" || role === "assistant") && typeof content === "string" &&
    content.length <= MAX_CONTEXT_CHARACTERS && content.isWellFormed() && !content.includes("\0");
}

/**
 * The context in place of the stored path; empty messages are left out of both. Each is checked by itself, so that the
 * check ends with as many issues as an answer names: 10,000 of them would hold up the worker.
 */
const messages = z.array(z.unknown()).max(MAX_CONTEXT_MESSAGES, {
  error: `Must have at most ${MAX_CONTEXT_MESSAGES} messages`,
  abort: true,
}).transform((list, context) => {
  const found: z.infer<typeof message>[] = [];
  let wrong = 0;
  for (const [index, item] of list.entries()) {
    if (isPlain(item)) {
      found.push(item);
      continue;
    }
    const { data, error } = message.safeParse(isObject(item) ? few(item) : item);
    if (data) found.push(data);
    for (const issue of error?.issues ?? []) {
      context.addIssue({ ...issue, path: [index, ...issue.path] } as z.core.$ZodRawIssue);
      wrong++;
    }
    if (wrong >= MAX_ISSUES) break;
  }
  if (wrong === 0 && !fits(found.map(({ content }) => content).join(""), MAX_CONTEXT_CHARACTERS)) {
    context.addIssue(`Must have at most ${MAX_CONTEXT_CHARACTERS} characters in all`);
  }
  return found;
});

/** The fields that name a message in place of a prompt, and with it the place of the answer. */
const PLACES = ["reroll_of", "continue_of", "answer_to"] as const;

/** What a start begins with: exactly one of them. */
const STARTS = ["prompt", "messages", ...PLACES] as const;

const testRequest = z.strictObject({ bot_id: id });

const streamRequest = z.strictObject({
  prompt: prompt.optional(),
  messages: messages.optional(),
  reroll_of: id.optional(),
  continue_of: id.optional(),
  answer_to: id.optional(),
  conversation_id: id.optional(),
  bot_id: id.optional(),
  system: text(MAX_SYSTEM_CHARACTERS).optional(),
  parent_id: id.nullable().optional(),
  stream_id: streamId.optional(),
  preview: z.boolean().optional(),
  on_disconnect: z.enum(["stop", "continue"]).default("stop"),
}).superRefine((value, context) => {
  const given = STARTS.filter((name) => value[name] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none was given" : `${given.join(" and ")} were given`;
    context.addIssue({
      code: "custom",
      path: [given.at(-1) ?? "prompt"],
      message: `Provide one of ${STARTS.slice(0, -1).join(", ")} and ${STARTS.at(-1)}; ${found}`,
    });
  }
  const last = value.messages?.at(-1);
  if (value.messages !== undefined && last?.role !== "user") {
    context.addIssue({
      code: "custom",
      path: ["messages"],
      message: "Must end with a message of the user, which is the prompt",
    });
  } else if (last !== undefined) {
    for (const { message } of prompt.safeParse(last.content).error?.issues ?? []) {
      context.addIssue({ code: "custom", path: ["messages", value.messages!.length - 1, "content"], message });
    }
  }
  const place = PLACES.find((name) => value[name] !== undefined);
  if (place !== undefined && value.parent_id !== undefined) {
    context.addIssue({
      code: "custom",
      path: ["parent_id"],
      message: `Must be left out with ${place}, which names the place already`,
    });
  }
});

/** A checked body of POST /stream. With `messages`, the last of them is `prompt`, too. */
export type StreamRequest = z.infer<typeof streamRequest>;

/** These alone say "absent" with an empty string: there are clients of the FastAPI relay that send one. */
const IDS = ["bot_id", "conversation_id", "stream_id"];

/** Fields that clients of the FastAPI relay alone send. */
const FASTAPI_FIELDS = ["alternative_id", "is_alternative", "mode"];

/** Throws `invalid_request` with every field that is wrong. */
export function parseStreamRequest(body: unknown): StreamRequest {
  if (!isObject(body)) return parse(streamRequest, body);
  // A client that has only changed its base URL to …/functions calls the same path as a new client.
  if (FASTAPI_FIELDS.some((name) => Object.hasOwn(body, name))) return parseFastapiRequest(body);
  // A parent_id of null is a place: a new root.
  return complete(
    pick(
      body,
      streamRequest.shape,
      (name, value) => value === null ? name === "parent_id" : value !== "" || !IDS.includes(name),
    ),
  );
}

/** The same for a client of the FastAPI relay: what is null, empty or unknown counts as absent. */
export function parseFastapiRequest(body: unknown): StreamRequest {
  if (!isObject(body)) return parse(streamRequest, body);
  const known = pick(
    body,
    streamRequest.shape,
    (name, value) => Object.hasOwn(streamRequest.shape, name) && value !== null && value !== "",
  );
  return complete(Array.isArray(known.messages) ? withInstructions(known, known.messages) : known);
}

function complete(body: Record<string, unknown>): StreamRequest {
  const request = parse(streamRequest, body);
  if (request.messages === undefined) return request;
  const messages = request.messages.filter(({ content }) => content !== "");
  return { ...request, messages, prompt: messages.at(-1)!.content };
}

/** That client puts instructions at the head of its messages, and may add fields to each. */
function withInstructions(body: Record<string, unknown>, messages: unknown[]): Record<string, unknown> {
  // A list that is too long is refused for its length, so it is not read here.
  if (messages.length > MAX_CONTEXT_MESSAGES) return body;
  const list = messages.map((item) =>
    isObject(item) ? pick(item, message.shape, (name) => Object.hasOwn(message.shape, name)) : item
  );
  const isInstruction = (item: unknown) => isObject(item) && item.role === "system";
  const end = list.findIndex((item) => !isInstruction(item));
  const head = list.splice(0, end === -1 ? list.length : end) as Record<string, unknown>[];
  const system = [body.system ?? "", ...head.map(({ content }) => content)];
  // A value that is no text stays, so that the check names it.
  const isText = system.every((text) => typeof text === "string");
  return { ...body, messages: list, system: isText ? system.filter((text) => text !== "").join("\n\n") : system };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Most messages have two fields and need no copy. */
function few(item: Record<string, unknown>): Record<string, unknown> {
  return Object.keys(item).length > MAX_ISSUES ? pick(item, message.shape) : item;
}

/** Keeps only as many unknown fields as an answer names: checking 10,000 of them would hold up the worker. */
function pick(
  from: Record<string, unknown>,
  known: Record<string, unknown>,
  wanted: (name: string, value: unknown) => boolean = () => true,
): Record<string, unknown> {
  let unknown = 0;
  const names = Object.keys(from).filter((name) =>
    wanted(name, from[name]) && (Object.hasOwn(known, name) || unknown++ < MAX_ISSUES)
  );
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}

/** As many digits as the id of an event may have. */
const offset = z.custom<number>((value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 1e9, {
  error: "Must be an offset, an integer of at most 9 digits",
});

const cancelRequest = z.strictObject({ stream_id: streamId, at: offset.nullish() });

/** A body of POST /cancel, or what its path and query say. */
export type CancelRequest = z.infer<typeof cancelRequest>;

/** Throws `invalid_request`. */
export function parseTestRequest(body: unknown): z.infer<typeof testRequest> {
  return parse(testRequest, body);
}

/** Throws `invalid_request`. */
export function parseCancelRequest(body: unknown): CancelRequest {
  return parse(cancelRequest, body);
}

/** `at` of a query; null: it has none. Throws `invalid_request`. */
export function parseCancelOffset(query: URLSearchParams): number | null {
  const at = query.get("at");
  if (at === null || at === "") return null;
  return parse(z.object({ at: offset }), { at: /^\d{1,9}$/.test(at) ? Number(at) : at }).at;
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
    return issue.keys.slice(0, MAX_ISSUES).map((key) => ({
      path: [...issue.path, key.slice(0, 100)].join("."),
      message: "Unknown field",
    }));
  }
  return [{ path: issue.path.join("."), message: issue.message }];
}
