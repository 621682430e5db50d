/**
 * Reads a provider's report of a failure, in whatever shape it comes: its words, its codes, and the fields that it
 * names.
 */

/** A failure as the provider reports it. */
export interface Problem {
  /** The provider's words, most general first; may be empty. */
  said: string[];
  /** Codes, types and reasons: lower case. */
  codes: string[];
  /** The first code that is an HTTP status of a failure. */
  status: number | null;
  /** The fields of the request that it names. */
  parameters: string[];
}

const MAX_DEPTH = 6;
/** The most UTF-16 units of one text, and of all together, because they are searched for many phrases. */
const MAX_WORDS = 2_000;
const MAX_ALL_WORDS = 4_000;
/** The most codes, and the most parameters. */
const MAX_NAMES = 20;
/** The most UTF-16 units of JSON within a text. */
const MAX_INNER_JSON = 64 * 1024;

const WORDS = [
  "message",
  "msg",
  "detail",
  "error_message",
  "errorMessage",
  "error_description",
  "status_msg",
  "title",
  "error_msg",
  "Message",
  "faultstring",
];
const CODES = [
  ...["code", "type", "status", "error_code", "error_type", "status_code", "http_code", "reason", "__type"],
  ...["http_status_code", "statusCode"],
];
const INSIDE = [
  "error",
  "errors",
  "base_resp",
  "metadata",
  "details",
  "raw",
  "innererror",
  "data",
  "response",
  "Error",
  "fault",
];

/** Reads a body or an event: JSON, or else plain text. A page is not quoted. */
export function readProblem(body: string): Problem {
  const problem: Problem = { said: [], codes: [], status: null, parameters: [] };
  const text = dataOf(body);
  collect(problem, parsed(text) ?? (/^\s*</.test(body) ? "" : text), 0);
  return problem;
}

/** The data of an event, where a refusal is one: of its first line, or, if that is no JSON, all of it. */
function dataOf(body: string): string {
  const data = /^(?:(?:event|id|retry)?:.*\r?\n)*(?:data|error):\s*([^]*)$/.exec(body)?.[1];
  if (data === undefined) return body;
  const [line] = data.split(/\r?\n/, 1);
  return parsed(line) ? line : data;
}

/** The same for a parsed value. */
export function problemOf(value: unknown): Problem {
  const problem: Problem = { said: [], codes: [], status: null, parameters: [] };
  collect(problem, value, 0);
  return problem;
}

/** Whether a chunk reports a failure rather than a part of an answer. */
export function isProblem(chunk: Record<string, unknown>): boolean {
  const { error, object, choices, base_resp, type } = chunk;
  const hasChoices = Array.isArray(choices) && choices.length > 0;
  if (hasChoices && !error && !base_resp && object === "chat.completion.chunk") return false;
  if (isSet(error) || object === "error" || isSet(chunk.errors)) return true;
  if (typeof type === "string" && /(?:^|\.)(?:error|failed)$/.test(type)) return true;
  const code = (base_resp as { status_code?: unknown } | null | undefined)?.status_code;
  if (code !== undefined && code !== null && Number(code) !== 0) return true;
  if (hasChoices) return false;
  if (error || chunk.success === false) return true;
  // Some say of each chunk that it is a success.
  if (["0", "200"].includes(String(chunk.code))) return false;
  return WORDS.some((name) => name !== "title" && isSet(chunk[name]));
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "" || value === 0) return false;
  return typeof value !== "object" ||
    Object.values(value).some((inner) => inner !== "" && inner !== null && inner !== 0);
}

function parsed(text: string): unknown {
  if (!/^\s*[[{"]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A text that was cut is no valid JSON any more, and its beginning is no sentence.
    return /^\s*"/.test(text) ? undefined : "";
  }
}

function collect(problem: Problem, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH || value === null) return;
  if (typeof value === "string") return collectText(problem, value, depth);
  if (typeof value !== "object") return;
  if (Array.isArray(value)) return value.slice(0, 5).forEach((item) => collect(problem, item, depth + 1));
  const fields = value as Record<string, unknown>;
  for (const name of CODES) collectCode(problem, fields[name]);
  const { param, loc } = fields;
  const parameters = [param, ...Array.isArray(loc) ? loc.slice(0, MAX_NAMES) : []]
    .filter((part) => typeof part === "string" && part !== "body");
  problem.parameters.push(...parameters.slice(0, MAX_NAMES - problem.parameters.length));
  for (const name of [...WORDS, ...INSIDE]) collect(problem, fields[name], depth + 1);
}

function collectText(problem: Problem, text: string, depth: number): void {
  const inner = depth === 0 || text.length > MAX_INNER_JSON ? undefined : parsed(text);
  if (typeof inner === "object" && inner !== null) return collect(problem, inner, depth + 1);
  const left = MAX_ALL_WORDS - problem.said.reduce((sum, said) => sum + said.length, 0);
  const words = text.trim().slice(0, Math.min(MAX_WORDS, left));
  if (words !== "" && !problem.said.includes(words)) problem.said.push(words);
}

function collectCode(problem: Problem, code: unknown) {
  if (typeof code !== "string" && typeof code !== "number" || problem.codes.length >= MAX_NAMES) return;
  const name = String(code).toLowerCase().slice(0, 100);
  problem.codes.push(name);
  const status = Number(name);
  if (problem.status === null && Number.isInteger(status) && status >= 400 && status <= 599) problem.status = status;
}
