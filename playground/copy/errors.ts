/** Texts for errors: what went wrong, and what the user can do. */

import type { ClientErrorCode, RelayClientError } from "../../client/errors.ts";

/** The button that an error offers. */
export type ErrorAction = "retry" | "retry-or-bot" | "bot" | "sign-in" | "reload" | "none";

/** An error as the page shows it. */
export interface ErrorNotice {
  title: string;
  advice: string;
  action: ErrorAction;
  /** The provider's own message, or the relay's, where it may help. */
  detail?: string;
  /** Milliseconds since 1970 before which a retry is refused. */
  notBefore?: number;
  /** Nothing has failed. */
  isCalm?: true;
}

type Copy = [title: string, advice: string, action: ErrorAction];

const VERSION_MISMATCH: Copy = [
  "This page does not match the relay.",
  "The relay is probably a different version.",
  "reload",
];

const REGENERATE = "The text so far is saved. You can continue from there, or regenerate the answer.";

/** The type keeps this complete: one entry for each code of the relay and of the client. */
const COPY: Record<ClientErrorCode, Copy> = {
  invalid_request: [
    "The relay rejected this request.",
    "The text may be too long. The limit is 32,000 characters.",
    "none",
  ],
  unauthenticated: ["You are signed out.", "Sign in again. Your stories are saved.", "sign-in"],
  budget_exceeded: [
    "A budget of this relay has too little left for an answer.",
    "Wait until it begins again, or choose another bot.",
    "none",
  ],
  forbidden: ["This account cannot start stories.", "Sign in with an email address and a password.", "sign-in"],
  not_admitted: ["This story cannot go on right now.", "The operator of this relay does not allow it.", "none"],
  provider_not_allowed: [
    "The relay does not allow this bot’s base URL.",
    "It must begin with https:// and lead to a public server. Change it in the bot’s settings.",
    "bot",
  ],
  bot_not_found: ["This story has no bot.", "Create a bot, or choose another one above.", "bot"],
  conversation_not_found: ["This story no longer exists.", "It may have been deleted in another window.", "reload"],
  message_not_found: ["This message no longer exists.", "It may have been deleted in another window.", "reload"],
  not_found: VERSION_MISMATCH,
  stream_not_found: ["This answer is no longer being written.", "Retry to regenerate it.", "retry"],
  method_not_allowed: VERSION_MISMATCH,
  stream_id_taken: ["The relay already has another request with this id.", "Retry to use a new one.", "retry"],
  stream_id_required: VERSION_MISMATCH,
  conversation_busy: [
    "The answer before this is still being written.",
    "It may be on another device. Wait until it is finished, or stop it.",
    "retry",
  ],
  payload_too_large: ["This is too long to send.", "Shorten the text, or start a new story.", "none"],
  context_exceeded: [
    "This story is too long for the bot’s model.",
    "Answer an earlier message, start a new story, or choose a model that can read more.",
    "bot",
  ],
  unsupported_media_type: VERSION_MISMATCH,
  rate_limited: ["Too many requests.", "You have reached the limit of answers per minute.", "retry"],
  too_many_streams: [
    "Too many stories are being written at once.",
    "Wait until one of them is finished, or stop one.",
    "retry",
  ],
  internal: ["The relay had an internal error.", "A retry may help.", "retry"],
  provider_auth: [
    "The provider rejected this bot’s key.",
    "It may be mistyped, expired or for another provider. Set a new key in the bot’s settings.",
    "bot",
  ],
  provider_bad_response: [
    "The provider’s answer was invalid or incomplete.",
    "Retry. If it happens again, check the bot’s base URL and model.",
    "retry-or-bot",
  ],
  provider_error: [
    "The provider reported an error.",
    "Retry. If it happens again, check the bot’s model and base URL.",
    "retry-or-bot",
  ],
  provider_rate_limited: [
    "The provider’s limit is reached.",
    "Too many requests were sent, or the account of the bot’s key has no credit left. Wait a little, then retry.",
    "retry",
  ],
  provider_refused: [
    "The provider refused this request.",
    "Check the bot’s model, its base URL, and the account of its key. The provider may also refuse what was written.",
    "bot",
  ],
  interrupted: ["The answer was interrupted.", REGENERATE, "retry"],
  unavailable: ["The relay is not available right now.", "Your story is saved. Retry in a moment.", "retry"],
  overloaded: ["The relay has too much to do right now.", "Your story is saved. Retry in a moment.", "retry"],
  provider_timeout: ["The provider stopped responding.", REGENERATE, "retry"],
  timeout: ["The answer took too long.", "The text so far is saved. You can continue from there.", "retry"],
  unreachable: [
    "Could not reach the relay.",
    "Check your network, then retry. The story continues without you.",
    "retry",
  ],
  unexpected_response: [
    "Something other than the relay answered.",
    "Check the project’s URL, and that the relay’s functions are deployed there.",
    "retry",
  ],
};

/** The relay has the text, but the database does not have it yet. */
export const NOT_STORED: ErrorNotice = {
  title: "This answer is not saved yet.",
  advice: "The relay keeps trying. Reload in a moment.",
  action: "reload",
};

/** What was answered is not there any more, so that the answer has no place. */
export const PLACE_DELETED: ErrorNotice = {
  title: "This answer is not saved.",
  advice: "The message before it was deleted elsewhere. Copy what you want to keep, then reload.",
  action: "reload",
};

/** A prompt came while the answer before it is being written: the page shows that, and keeps the prompt. */
export const ANSWER_FIRST: ErrorNotice = {
  title: "Another answer is being written.",
  advice: "It was asked for on another device. Your message waits below: send it when this is finished, or stop this.",
  action: "none",
  isCalm: true,
};

/** An answer was continued, and the model had nothing to add. */
export const NOTHING_ADDED: ErrorNotice = {
  title: "Nothing was added.",
  advice: "The model has ended this answer where it stands. Write what happens next.",
  action: "none",
  isCalm: true,
};

const WITH_PROVIDER_MESSAGE: ClientErrorCode[] = [
  "budget_exceeded",
  "provider_error",
  "provider_bad_response",
  "provider_refused",
];

/** What went wrong, in a sentence. */
export function errorTitle(code: ClientErrorCode): string {
  return Object.hasOwn(COPY, code) ? COPY[code][0] : COPY.internal[0];
}

/** The notice for an error of a generation, or of a request to the relay. */
export function errorNotice(error: RelayClientError, now: number): ErrorNotice {
  const [title, advice, action] = Object.hasOwn(COPY, error.code) ? COPY[error.code] : COPY.internal;
  const reason = error.code === "not_admitted" ? error.message : error.issues[0]?.message;
  return {
    title,
    advice: reason || advice,
    action,
    detail: WITH_PROVIDER_MESSAGE.includes(error.code) ? error.message : undefined,
    notBefore: error.retryAfter === undefined ? undefined : now + error.retryAfter * 1000,
  };
}

/** The text for a query of conversations or bots that failed. */
export function dataError(error: unknown): string {
  const { code, message = "" } = error as { code?: string; message?: string };
  if (/fetch|network/i.test(message)) return "Could not reach the server. Check your network and retry.";
  if (code === "PGRST301" || code === "PGRST303" || /jwt/i.test(message)) return "You are signed out. Sign in again.";
  if (code === "42501") return "You are not allowed to change this.";
  if (code === "23514") return "One of the values is not allowed.";
  if (code === "57014") return "This took the database too long. Retry, or search for rarer words.";
  if (code === "55P03") return "Something else is changing this. Retry.";
  if (code === "PGRST116" || code === "P0002") return "This no longer exists. It may have been deleted elsewhere.";
  return `The request failed: ${message || "the server gave no reason"}`;
}

/** Turns what the Data API refuses into an Error with a message for the user. */
export async function readable<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw new Error(dataError(error), { cause: error });
  }
}

/** Whether an answer ended before its end, so that it can be continued. */
export function isCutShort(finishReason: string | null, isComplete: boolean): boolean {
  return !isComplete || finishReason === "length";
}

/** The note below an answer that did not end by itself; null for one that did. */
export function endingNote(finishReason: string | null, isComplete: boolean): string | null {
  if (finishReason === "length") return "Reached the length limit";
  if (finishReason === "content_filter") return "Stopped by the provider’s filter";
  if (isComplete) return null;
  if (finishReason === "cancelled") return "Stopped";
  if (finishReason === "disconnected") return "Stopped: the client disconnected";
  if (finishReason === "timeout") return "Stopped: it took too long";
  return "Interrupted";
}
