/** What Gemini's streamGenerateContent says, as bytes: for tests. */

import {
  closes,
  COUNTS,
  type Dialect,
  dialects,
  each,
  error,
  type Failures,
  failures,
  json,
  KEY,
  refusals,
  type Row,
  SHOWN,
  THOUGHT,
} from "./dialects.ts";

/** Its lines end with CR LF. */
const data = (value: unknown) => `data: ${json(value)}\r\n\r\n`;

const REST = { modelVersion: "gemini-2.5-flash", responseId: "tTCwacuEBMvnitYP06qsgQY" };
const part = (text: unknown, rest = {}) => ({ text, ...rest });
const candidate = (parts: unknown, finishReason?: string, rest = {}) => ({
  candidates: [{ content: { parts, role: "model" }, ...(finishReason ? { finishReason } : {}), index: 0, ...rest }],
});
const chunk = (parts: unknown, finishReason?: string, rest = {}) =>
  data({ ...candidate(parts, finishReason), ...REST, ...rest });
const text = (said: string, rest = {}) => chunk([part(said)], undefined, rest);
const thought = (said: string) => chunk([part(said, { thought: true })]);
const ends = (reason: string, rest = {}) =>
  data({ candidates: [{ finishReason: reason, index: 0, ...rest }], ...REST });

const HIGH = { category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH", blocked: true };
const PROMPT = { promptTokenCount: 3, totalTokenCount: 3 };
const ANSWER = { candidatesTokenCount: 1, thoughtsTokenCount: 4 };
const ALL = { ...PROMPT, ...ANSWER, cachedContentTokenCount: 2, totalTokenCount: 8 };
const counted = { usage: { ...COUNTS, cached_tokens: 2, reasoning_tokens: 4 } };
const plain = { usage: COUNTS };
const counts = (usageMetadata: object) => ONCE + MORE + chunk([], "STOP", { usageMetadata });

const ONCE = text("Once ");
const MORE = text("more.");
const STOP = chunk([part("")], "STOP");

/** As the API really answers: counts of the prompt in each chunk, all of them in the last one. */
const REAL = text("Once ", { usageMetadata: PROMPT }) + text("mo", { usageMetadata: PROMPT }) +
  text("re.", { usageMetadata: { ...PROMPT, candidatesTokenCount: 4, totalTokenCount: 7 } }) +
  chunk([part("", { thoughtSignature: "AY89a18iOcFus5wr5bW5xN6zZ4aU" })], "STOP", { usageMetadata: ALL });

const STREAMS: Row[] = [
  ...each([SHOWN, "stop", counted], {
    "as it really answers": REAL,
    "LF alone": REAL.replaceAll("\r\n", "\n"),
    "spaces in the JSON": REAL.replaceAll(":", ": ").replaceAll("data: ", "data:"),
    "text with the finish": ONCE + chunk([part("more.")], "STOP", { usageMetadata: ALL }),
    "usage after the finish": ONCE + MORE + STOP + data({ usageMetadata: ALL, ...REST }),
  }),
  ...each([SHOWN, "stop"], {
    "no usage": ONCE + MORE + STOP,
    "a usage without counts": text("Once ", { usageMetadata: { trafficType: "ON_DEMAND" } }) + MORE + STOP,
    "parts of one chunk": chunk([part("Once "), part("more.")], "STOP"),
    "a thought that is false": chunk([part(SHOWN, { thought: false })]) + STOP,
    "parts that are no text":
      chunk([{ functionCall: { name: "f", args: {} } }, part(SHOWN), { executableCode: { code: "1" } }]) + STOP,
    "an index that is left out": data({ candidates: [{ content: { parts: [part(SHOWN)] }, finishReason: "STOP" }] }),
    "grounding and citations": ONCE + chunk([part("more.")], "STOP", { groundingMetadata: { searchEntryPoint: {} } }),
  }),
  ...each([SHOWN, "stop", plain], {
    "counts of 0 are left out": counts({ promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 }),
    "tokens of a tool's results": counts({
      promptTokenCount: 1,
      toolUsePromptTokenCount: 2,
      candidatesTokenCount: 5,
      totalTokenCount: 8,
    }),
  }),
  ...each([THOUGHT, "stop"], {
    "thoughts": thought("Hm. ") + ONCE + MORE + STOP,
    "thoughts and text in one chunk": chunk([part("Hm. ", { thought: true }), part(SHOWN)]) + STOP,
    "thoughts of many chunks": thought("H") + thought("m") + thought(". ") + ONCE + MORE + STOP,
    "<think> in the text": text("<think>Hm. </think>") + ONCE + MORE + STOP,
  }),
  ["escapes, and a pair in two chunks", text('\\ "é" \ud83d') + text("\udc09") + STOP, '\\ "é" 🐉', "stop"],
  ["the limit of tokens", ONCE + chunk([part("more.")], "MAX_TOKENS"), SHOWN, "length"],
  [
    "the limit of tokens while it thinks",
    data({
      candidates: [{ content: { role: "model" }, finishReason: "MAX_TOKENS", index: 0 }],
      usageMetadata: { promptTokenCount: 3, thoughtsTokenCount: 5, totalTokenCount: 8 },
    }),
    "",
    "length",
    { usage: { ...COUNTS, reasoning_tokens: 5 } },
  ],
  ...["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY", "MODEL_ARMOR"].map(
    (
      reason,
    ): Row => [`${reason} within the text`, ONCE + ends(reason, { safetyRatings: [HIGH] }), "Once ", "content_filter"],
  ),
  ["SAFETY before any text", ends("SAFETY"), "", "content_filter"],
  ...["OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"].map(
    (reason): Row => [`${reason} is a failure`, ONCE + ends(reason), "Once ", `provider_error: stream: "${reason}"`],
  ),
  ...each(["", 'provider_error: error: "OTHER: Malformed call: x"'], {
    "a failure that is explained": ends("OTHER", { finishMessage: "Malformed call: x" }),
  }),
  ["a reason of the future", ONCE + ends("NEW_REASON"), "Once ", "new_reason"],
  ...each([SHOWN, closes], {
    "no finish": ONCE + MORE,
    "a finish that is unspecified": ONCE + MORE + ends("FINISH_REASON_UNSPECIFIED"),
  }),
  ["nothing but counts", data({ usageMetadata: PROMPT }), "", closes],
  ...each([SHOWN, "stop"], {
    "a feedback that blocks nothing": text("Once ", { promptFeedback: { safetyRatings: [] } }) + MORE + STOP,
    "a block for no reason": data({ promptFeedback: { blockReason: "BLOCKED_REASON_UNSPECIFIED" } }) + ONCE + MORE +
      STOP,
  }),
];

const LIST = [candidate([part("Once ")]), candidate([part("more.")], "STOP"), { usageMetadata: ALL }];

const WHOLE: Row[] = [
  ...each([SHOWN, "stop", counted], {
    "a list of chunks": json(LIST),
    "a list over many lines": JSON.stringify(LIST, null, 2),
    "one answer": JSON.stringify({ ...candidate([part(SHOWN)], "STOP"), usageMetadata: ALL }, null, 2),
  }),
  ...each(["", "provider_refused: BLOCKLIST"], {
    "a blocked prompt in a list": json([{ promptFeedback: { blockReason: "BLOCKLIST" } }]),
  }),
];

const blocks = (blockReason: string, rest = {}) => data({ promptFeedback: { blockReason, ...rest } });
const google = (code: number, status: string, message: string, reason?: string) =>
  error(message, {
    ...{ code, status },
    ...(reason && { details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason }] }),
  });
const invalid = (message: string, reason?: string) => google(400, "INVALID_ARGUMENT", message, reason);
const OVERLOADED = google(503, "UNAVAILABLE", "The model is overloaded. Please try again later.");

/** In place of the first chunk. */
const PROMPTS: Failures<[sent: string]> = {
  provider_refused: {
    "a blocked prompt": ['would block it again: "PROHIBITED_CONTENT"', blocks("PROHIBITED_CONTENT")],
    "a blocked prompt with ratings": [
      'again: "SAFETY: HARM_CATEGORY_HARASSMENT is HIGH"',
      blocks("SAFETY", { safetyRatings: [HIGH, { ...HIGH, probability: "LOW", blocked: false }] }),
    ],
    "the key in why it is blocked": ['"OTHER: No [key]"', blocks("OTHER", { blockReasonMessage: `No ${KEY}` })],
  },
};

/** In place of the next chunk. */
const WITHIN: Failures<[sent: string]> = {
  provider_error: {
    "an error": ['"The model is overloaded', data(OVERLOADED)],
    "an error in a list": ['"The model is overloaded', data([OVERLOADED])],
    "an error over many lines, without data:": ['"The model is over', `${JSON.stringify(OVERLOADED, null, 2)}\n`],
    "a list over many lines, without data:": ['"The model is over', `${JSON.stringify([OVERLOADED], null, 2)}\r\n`],
    "a deadline": ["Deadline expired", data(google(504, "DEADLINE_EXCEEDED", "Deadline expired before it could"))],
    "an internal error with the key in it": ['"No [key]"', data(google(500, "INTERNAL", `No ${KEY}`))],
  },
  provider_rate_limited: { "a quota": ["quota", data(google(429, "RESOURCE_EXHAUSTED", "You exceeded your quota"))] },
  provider_auth: { "a key that has expired": ["", data(invalid(`API key expired: ${KEY}`, "API_KEY_INVALID"))] },
};

const REFUSALS: Failures<[status: number, body: unknown]> = {
  provider_auth: {
    "a wrong key": ["status 400", 400, invalid("API key not valid. Please pass a valid API key.", "API_KEY_INVALID")],
    "a leaked key": [
      "status 403",
      403,
      google(403, "PERMISSION_DENIED", `Your API key ${KEY} was reported as leaked.`),
    ],
  },
  provider_rate_limited: {
    "a quota": ["quota", 429, google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check")],
  },
  provider_refused: {
    "a field that is unknown": ["Cannot find field", 400, invalid('Unknown name "foo": Cannot find field.')],
    "instructions that a model does not take": ["instruction", 400, invalid("Developer instruction is not enabled")],
    "a prefill that a model does not take": ["model turn", 400, invalid("Requests ending with a model turn are not")],
    "the country": ["location", 400, google(400, "FAILED_PRECONDITION", "User location is not supported.")],
  },
  provider_error: {
    "the key in the address": ["key=[key]&alt", 500, error(`https://provider.test/v1?key=${KEY}&alt=sse failed`)],
  },
};

const named = (rows: Row[], kind = "", type?: string) =>
  dialects(rows, `Gemini's API: ${kind}`, { api: "gemini", ...(type && { type }) });
/** Rows of these, after so much of a text. */
const after = (table: Failures<[sent: string]>, before: string, shown: string): Row[] =>
  failures(table).map(({ name, end, said: [sent] }) => [name, before + sent, shown, end]);

/** Answers. */
export const GEMINI_STREAMS: Dialect[] = [...named(STREAMS), ...named(WHOLE, "", "application/json")];

/** Failures. */
export const GEMINI_FAILURES: Dialect[] = [
  ...named(after(PROMPTS, "", "")),
  ...named(after(WITHIN, ONCE, "Once "), "in the stream: "),
  ...named(after(WITHIN, "", ""), "before the text: "),
  ...named(refusals(REFUSALS), "status: "),
];
