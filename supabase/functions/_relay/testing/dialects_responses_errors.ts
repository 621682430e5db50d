/** How OpenAI's Responses say that something failed, as bytes: for tests. */

import { type Dialect, json } from "./dialects.ts";
import { error, KEY } from "./dialects_bodies.ts";
import { begun, dialect, type Event, last, ONCE } from "./dialects_responses.ts";

const failed = (code: string, message: string) => last("failed", { error: { code, message } });

/** After "Once ". */
const WITHIN: [name: string, event: Event, end: string][] = [
  [
    "an error as documented",
    ["error", { code: "ERR_SOMETHING", message: "It broke", param: null }],
    'provider_error: stream: "It broke',
  ],
  ["an error as it really comes", ["error", {
    error: { type: "server_error", code: null, message: "It broke", param: null },
  }], "provider_error: It broke"],
  ["an error of the rate", ["error", {
    error: { type: "tokens", code: "rate_limit_exceeded", message: "Rate limit reached" },
  }], "provider_rate_limited: Rate limit"],
  ["server_error", failed("server_error", "The model failed"), "provider_error: The model failed"],
  ["rate_limit_exceeded", failed("rate_limit_exceeded", "Slow down"), "provider_rate_limited: Slow down"],
  ["insufficient_quota", failed("insufficient_quota", "You exceeded your current quota"), "provider_refused: quota"],
  ["invalid_prompt", failed("invalid_prompt", "Invalid prompt: your prompt was flagged"), "provider_refused: flagged"],
  ["bio_policy", failed("bio_policy", "This cannot be answered"), "provider_refused: cannot be answered"],
  ["misalignment_policy_violation", failed("misalignment_policy_violation", "No"), "provider_refused: No"],
  ["data_residency_mismatch", failed("data_residency_mismatch", "Not there"), "provider_refused: Not there"],
  [
    "context_length_exceeded",
    failed("context_length_exceeded", "Your input exceeds the context window of this model."),
    "context_exceeded: context window",
  ],
  ["failed without an error", last("failed"), "provider_error: in the middle of the stream"],
  ["failed with the key in it", failed("server_error", `No ${KEY}`), 'provider_error: "No [key]"'],
  ["a key that is refused", failed("invalid_api_key", `Incorrect API key provided: ${KEY}`), "provider_auth"],
];

const REFUSALS: [name: string, status: number, body: unknown, end: string][] = [
  [
    "no such model",
    404,
    error("The model `gpt-0` does not exist", { type: "invalid_request_error", code: "model_not_found" }),
    "provider_refused: does not exist",
  ],
  [
    "a prompt that is refused",
    400,
    error("Invalid prompt: we have limited access to this content for safety reasons.", { code: "invalid_prompt" }),
    "provider_refused: safety",
  ],
  ["a server without this API", 404, { detail: "Not Found" }, "provider_refused: Not Found"],
];

/** Failures. */
export const RESPONSES_FAILURES: Dialect[] = [
  ...WITHIN.map(([name, event, end]) => dialect([`in the stream: ${name}`, begun(ONCE, event), "Once ", end])),
  ...WITHIN.slice(0, 5).map(([name, event, end]) =>
    dialect([`before the text: ${name}`, begun(event), "", end.replace('stream: "', "")])
  ),
  ...REFUSALS.map(([name, status, body, end]) => dialect([`status: ${name}`, json(body), "", end, { status }])),
];
