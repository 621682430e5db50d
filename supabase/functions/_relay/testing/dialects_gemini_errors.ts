/** How Gemini says that something failed, or that a prompt is blocked, as bytes: for tests. */

import { type Dialect, json, type Row, SHOWN } from "./dialects.ts";
import { error, KEY } from "./dialects_bodies.ts";
import { data, dialect, MORE, ONCE, PROMPT, STOP, text } from "./dialects_gemini.ts";

const PROMPTS: Row[] = [
  [
    "a blocked prompt",
    data({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, usageMetadata: PROMPT }),
    "",
    'provider_refused: blocked the prompt, and would block it again: "PROHIBITED_CONTENT"',
  ],
  [
    "a blocked prompt with ratings",
    data({
      promptFeedback: {
        blockReason: "SAFETY",
        safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH", blocked: true }, {
          category: "HARM_CATEGORY_HATE_SPEECH",
          probability: "LOW",
        }],
      },
    }),
    "",
    'provider_refused: again: "SAFETY: HARM_CATEGORY_HARASSMENT is HIGH"',
  ],
  [
    "a blocked prompt with words, and the key in them",
    data({ promptFeedback: { blockReason: "OTHER", blockReasonMessage: `No ${KEY}` } }),
    "",
    'provider_refused: "OTHER: No [key]"',
  ],
  [
    "a blocked prompt in a list",
    json([{ promptFeedback: { blockReason: "BLOCKLIST" } }]),
    "",
    "provider_refused: BLOCKLIST",
    { type: "application/json" },
  ],
  [
    "a feedback that blocks nothing",
    text("Once ", { promptFeedback: { safetyRatings: [] } }) + MORE + STOP,
    SHOWN,
    "stop",
  ],
  [
    "a reason that is unspecified",
    data({ promptFeedback: { blockReason: "BLOCKED_REASON_UNSPECIFIED" } }) + ONCE + MORE + STOP,
    SHOWN,
    "stop",
  ],
];

const google = (code: number, status: string, message: string, reason?: string) =>
  error(message, {
    code,
    status,
    ...(reason === undefined ? {} : {
      details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com" }],
    }),
  });
const OVERLOADED = google(503, "UNAVAILABLE", "The model is overloaded. Please try again later.");

/** What comes in place of the next chunk. */
const WITHIN: [name: string, sent: string, end: string][] = [
  ["an error", data(OVERLOADED), 'provider_error: "The model is overloaded'],
  ["an error in a list", data([OVERLOADED]), 'provider_error: "The model is overloaded'],
  [
    "an error over many lines, without data:",
    `${JSON.stringify(OVERLOADED, null, 2)}\n`,
    'provider_error: "The model is overloaded',
  ],
  [
    "a list over many lines, without data:",
    `${JSON.stringify([OVERLOADED], null, 2)}\r\n`,
    'provider_error: "The model is overloaded',
  ],
  [
    "a quota",
    data(google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota")),
    "provider_rate_limited: quota",
  ],
  [
    "a deadline",
    data(google(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.")),
    "provider_error: Deadline expired",
  ],
  ["an internal error with the key in it", data(google(500, "INTERNAL", `No ${KEY}`)), 'provider_error: "No [key]"'],
  [
    "a key that has expired",
    data(google(400, "INVALID_ARGUMENT", `API key expired: ${KEY}`, "API_KEY_INVALID")),
    "provider_auth",
  ],
];

const REFUSALS: [name: string, status: number, body: unknown, end: string][] = [
  [
    "a wrong key",
    400,
    google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
    "provider_auth: status 400",
  ],
  [
    "a leaked key",
    403,
    google(403, "PERMISSION_DENIED", `Your API key ${KEY} was reported as leaked.`),
    "provider_auth: status 403",
  ],
  [
    "a quota",
    429,
    google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan"),
    "provider_rate_limited: quota",
  ],
  [
    "a field that is unknown",
    400,
    google(400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "foo": Cannot find field.'),
    "provider_refused: Cannot find field",
  ],
  [
    "instructions that a model does not take",
    400,
    google(400, "INVALID_ARGUMENT", "Developer instruction is not enabled for models/gemma-3-27b-it"),
    "provider_refused: Developer instruction",
  ],
  [
    "a prefill that a model does not take",
    400,
    google(400, "INVALID_ARGUMENT", "Requests ending with a model turn are not supported."),
    "provider_refused: model turn",
  ],
  [
    "the country",
    400,
    google(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
    "provider_refused: location",
  ],
  [
    "500 with the key in the address",
    500,
    error(`https://provider.test/v1?key=${KEY}&alt=sse failed`),
    "provider_error: key=[key]&alt=sse",
  ],
];

/** Failures. */
export const GEMINI_FAILURES: Dialect[] = [
  ...PROMPTS.map(dialect),
  ...WITHIN.flatMap(([name, sent, end]) => [
    dialect([`in the stream: ${name}`, ONCE + sent, "Once ", end]),
    dialect([`before the text: ${name}`, sent, "", end]),
  ]),
  ...REFUSALS.map(([name, status, body, end]) => dialect([`status: ${name}`, json(body), "", end, { status }])),
];
