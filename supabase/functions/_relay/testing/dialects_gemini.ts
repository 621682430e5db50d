/** What Gemini's streamGenerateContent says, as bytes: for tests. */

import { COUNTS, type Dialect, each, json, type Row, SHOWN, THOUGHT } from "./dialects.ts";

/** Its lines end with CR LF. */
export const data = (value: unknown) => `data: ${json(value)}\r\n\r\n`;

const REST = { modelVersion: "gemini-2.5-flash", responseId: "tTCwacuEBMvnitYP06qsgQY" };
export const part = (text: unknown, rest = {}) => ({ text, ...rest });
const candidate = (parts: unknown, finishReason?: string, rest = {}) => ({
  candidates: [{ content: { parts, role: "model" }, ...(finishReason ? { finishReason } : {}), index: 0, ...rest }],
});
export const chunk = (parts: unknown, finishReason?: string, rest = {}) =>
  data({ ...candidate(parts, finishReason), ...REST, ...rest });
export const text = (said: string, rest = {}) => chunk([part(said)], undefined, rest);
const thought = (said: string) => chunk([part(said, { thought: true })]);
const ends = (reason: string, rest = {}) =>
  data({ candidates: [{ finishReason: reason, index: 0, ...rest }], ...REST });

export const PROMPT = {
  promptTokenCount: 3,
  totalTokenCount: 3,
  promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
};
const ALL = {
  ...PROMPT,
  candidatesTokenCount: 1,
  thoughtsTokenCount: 4,
  cachedContentTokenCount: 2,
  totalTokenCount: 8,
};
const counted = { usage: { ...COUNTS, cached_tokens: 2, reasoning_tokens: 4 } };
const plain = { usage: COUNTS };

export const ONCE = text("Once ");
export const MORE = text("more.");
export const STOP = chunk([part("")], "STOP");
const closes = "provider_bad_response: without a finish reason";

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
  [
    "counts of 0 are left out",
    ONCE + MORE +
    chunk([], "STOP", { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 } }),
    SHOWN,
    "stop",
    plain,
  ],
  [
    "tokens of a tool's results",
    ONCE + MORE +
    chunk([], "STOP", {
      usageMetadata: { promptTokenCount: 1, toolUsePromptTokenCount: 2, candidatesTokenCount: 5, totalTokenCount: 8 },
    }),
    SHOWN,
    "stop",
    plain,
  ],
  ...each([THOUGHT, "stop"], {
    "thoughts": thought("Hm. ") + ONCE + MORE + STOP,
    "thoughts and text in one chunk": chunk([part("Hm. ", { thought: true }), part(SHOWN)]) + STOP,
    "thoughts of many chunks": thought("H") + thought("m") + thought(". ") + ONCE + MORE + STOP,
    "<think> in the text": text("<think>Hm. </think>") + ONCE + MORE + STOP,
  }),
  [
    "escapes, and a pair of surrogates in two chunks",
    text('\\ "é" \ud83d') + text("\udc09") + STOP,
    '\\ "é" 🐉',
    "stop",
  ],
  [
    "the limit of tokens",
    ONCE + chunk([part("more.")], "MAX_TOKENS", { usageMetadata: ALL }),
    SHOWN,
    "length",
    counted,
  ],
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
    ): Row => [
      `${reason} within the text`,
      ONCE +
      ends(reason, { safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH", blocked: true }] }),
      "Once ",
      "content_filter",
    ],
  ),
  ["SAFETY before any text", ends("SAFETY"), "", "content_filter"],
  ...["OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"].map((
    reason,
  ): Row => [`${reason} is a failure`, ONCE + ends(reason), "Once ", `provider_error: stream: "${reason}"`]),
  [
    "a failure that is explained",
    ends("MALFORMED_FUNCTION_CALL", { finishMessage: "Malformed function call: x" }),
    "",
    'provider_error: error: "MALFORMED_FUNCTION_CALL: Malformed function call: x"',
  ],
  ["a reason of the future", ONCE + ends("NEW_REASON"), "Once ", "new_reason"],
  ["no finish", ONCE + MORE, SHOWN, closes],
  ["a finish that is unspecified", ONCE + MORE + ends("FINISH_REASON_UNSPECIFIED"), SHOWN, closes],
  ["nothing but counts", data({ usageMetadata: PROMPT }), "", closes],
];

const LIST = [candidate([part("Once ")]), candidate([part("more.")], "STOP"), { usageMetadata: ALL }];

const WHOLE: Row[] = [
  ...each([SHOWN, "stop", counted], {
    "a list of chunks": json(LIST),
    "a list over many lines": JSON.stringify(LIST, null, 2),
    "one answer": JSON.stringify({ ...candidate([part(SHOWN)], "STOP"), usageMetadata: ALL }, null, 2),
  }),
];

/** A dialect of this API. */
export const dialect = ([name, body, shown, end, more]: Row): Dialect => ({
  name: `Gemini's API: ${name}`,
  api: "gemini",
  body,
  shown,
  end,
  ...more,
});

/** Answers. */
export const GEMINI_STREAMS: Dialect[] = [
  ...STREAMS.map(dialect),
  ...WHOLE.map(([name, body, shown, end, more]) =>
    dialect([name, body, shown, end, { type: "application/json", ...more }])
  ),
];
