/** How providers fail under status 200, as bytes: for tests. */

import type { Dialect } from "./dialects.ts";

/** The key of the bot in these rows. */
export const KEY = "sk-proj-Aq7xWz";

/** The shape that most errors have. */
export const error = (message: unknown, rest = {}) => ({ error: { message, ...rest } });

/** Bodies under status 200 that are no answer. */
const UNDER_200: [name: string, body: unknown, end: string][] = [
  [
    "MiniMax: no balance",
    { base_resp: { status_code: 1008, status_msg: "insufficient balance" } },
    "provider_refused: insufficient balance",
  ],
  [
    "MiniMax: rate limit",
    { base_resp: { status_code: 1002, status_msg: "rate limit" }, choices: null },
    "provider_rate_limited: rate limit",
  ],
  [
    "MiniMax: the key",
    { base_resp: { status_code: 1004, status_msg: "login fail: Please carry the API secret key" } },
    "provider_auth: refused the key",
  ],
  ["an error object", error("It broke", { code: 500 }), 'provider_error: "It broke"'],
  ["code and msg", { code: 1113, msg: "Insufficient balance" }, "provider_refused: Insufficient balance"],
  ["in data", { data: error("It broke", { code: 500 }) }, 'provider_error: "It broke"'],
  ["success: false", { success: false, message: "Rate limit reached" }, "provider_rate_limited: Rate limit"],
  ["Responses: response.failed", { type: "response.failed", response: error("It broke") }, "provider_error: It broke"],
  ["Gemini's list", [error("Overloaded", { code: 503 })], "provider_error: Overloaded"],
];

/** Bodies of plain text under status 200. */
const PLAIN: [name: string, body: string, end: string][] = [
  ["no healthy upstream", "no healthy upstream", 'provider_error: no answer: "no healthy upstream"'],
  ["too many requests", "Too many requests, slow down\n", "provider_rate_limited: Too many requests"],
  ["the key", `Incorrect API key provided: ${KEY}`, "provider_auth"],
];

/** What is no text is JSON. */
export const text = (body: unknown) => typeof body === "string" ? body : JSON.stringify(body);

/** Bodies, and single events with the same. */
export const BODIES: Dialect[] = [
  ...PLAIN.map(([name, body, end]) => ({
    name: `plain text under 200: ${name}`,
    body,
    shown: "",
    end,
    type: "text/plain",
  })),
  ...UNDER_200.flatMap(([name, body, end]) => [
    { name: `under 200: ${name}`, body: text(body), shown: "", end, type: "application/json" },
    { name: `as an event: ${name}`, body: `data: ${text(body)}\n\n`, shown: "", end },
  ]),
];
