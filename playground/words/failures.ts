/** Says what went wrong, and what to do about it, in words for people. */

import type { ClientErrorCode, RelayClientError } from "../../client/errors.ts";

/** What a person can do from where the failure is shown. */
export type Remedy =
  | "retry"
  | "retry-or-bot"
  | "bot"
  | "sign-in"
  | "reload"
  | "none";

/** A failure as it is shown. */
export interface Failure {
  title: string;
  advice: string;
  remedy: Remedy;
  /** What the provider itself said, where that may help. */
  detail?: string;
  /** Milliseconds since 1970 before which trying again is in vain. */
  notBefore?: number;
}

const INTERRUPTED: [string, string, Remedy] = [
  "The story was cut short.",
  "What was written until then is kept. You can have this part told again.",
  "retry",
];

/** Each code of the relay's and the client's; a test keeps it complete by its type. */
const WORDS: Record<ClientErrorCode, [string, string, Remedy]> = {
  invalid_request: [
    "The relay could not take this.",
    "Perhaps the text is too long: 32,000 characters is the most.",
    "none",
  ],
  unauthenticated: ["You are no longer signed in.", "Sign in again; your stories are all still there.", "sign-in"],
  forbidden: ["This account may not have stories told.", "Sign in with an email address and a password.", "sign-in"],
  provider_not_allowed: [
    "The relay does not call this bot’s address.",
    "Its base URL must begin with https:// and lead to a public server. Change it in the bot’s settings.",
    "bot",
  ],
  bot_not_found: ["There is no bot to tell this story.", "Make one, or choose another one above.", "bot"],
  conversation_not_found: ["This story is gone.", "It may have been deleted in another window.", "reload"],
  message_not_found: ["This part of the story is gone.", "It may have been deleted in another window.", "reload"],
  not_found: [
    "This page and the relay do not understand each other.",
    "The relay is probably of another version.",
    "reload",
  ],
  stream_not_found: ["Nothing is being written any more.", "Have this part told again.", "retry"],
  method_not_allowed: [
    "This page and the relay do not understand each other.",
    "The relay is probably of another version.",
    "reload",
  ],
  stream_id_taken: ["The relay mistook this for another story.", "Trying again will do.", "retry"],
  payload_too_large: ["This is too long to send.", "Shorten what you wrote, or begin a new story.", "none"],
  unsupported_media_type: [
    "This page and the relay do not understand each other.",
    "The relay is probably of another version.",
    "reload",
  ],
  rate_limited: [
    "That was a lot at once.",
    "You have reached the number of parts that can be started in a minute.",
    "retry",
  ],
  too_many_streams: [
    "Several stories are being written for you already.",
    "Wait until one of them is finished, or stop one.",
    "retry",
  ],
  internal: ["Something went wrong inside the relay.", "It is not your doing. Trying again may help.", "retry"],
  provider_auth: [
    "The provider did not accept this bot’s key.",
    "It may be mistyped, expired or meant for another provider. Set a new key in the bot’s settings.",
    "bot",
  ],
  provider_bad_response: [
    "The provider’s answer did not come through.",
    "Try again. If it stays so, check the bot’s base URL and model.",
    "retry-or-bot",
  ],
  provider_error: [
    "The provider could not tell this part.",
    "Try again. If it stays so, check the bot’s model and base URL.",
    "retry-or-bot",
  ],
  provider_rate_limited: [
    "The provider wants a break.",
    "Its own limit is reached, or the account behind the bot’s key is used up. Wait a little, then try again.",
    "retry",
  ],
  interrupted: INTERRUPTED,
  unavailable: ["The relay cannot be reached right now.", "It should be back soon; your story is safe.", "retry"],
  provider_timeout: [
    "The provider fell silent.",
    "What was written until then is kept. You can have this part told again.",
    "retry",
  ],
  timeout: ["This part took too long.", "What was written until then is kept. You can go on from there.", "retry"],
  unreachable: [
    "The connection is gone.",
    "Check your network. The story goes on without you, and you can come back to it.",
    "retry",
  ],
  unexpected_response: [
    "Something else answered in the relay’s place.",
    "Check the project’s URL, and that the relay’s functions are deployed there.",
    "retry",
  ],
};

/** The relay has the text and the database does not, yet. */
export const UNSTORED: Failure = {
  title: "This part is not stored yet.",
  advice: "The relay goes on trying. Look again in a moment.",
  remedy: "reload",
};

const QUOTING: ClientErrorCode[] = ["provider_error", "provider_bad_response"];

/** Of a generation or a request to the relay. */
export function failureOf(error: RelayClientError, now: number): Failure {
  const [title, advice, remedy] = WORDS[error.code] ?? WORDS.internal;
  return {
    title,
    advice: error.issues[0]?.message ?? advice,
    remedy,
    detail: QUOTING.includes(error.code) ? error.message : undefined,
    notBefore: error.retryAfter === undefined ? undefined : now + error.retryAfter * 1000,
  };
}

/** Of reading or writing stories and bots. */
export function dataFailure(error: unknown): string {
  const { code, message = "" } = error as { code?: string; message?: string };
  if (/fetch|network/i.test(message)) {
    return "The server cannot be reached. Check your network and try again.";
  }
  if (code === "PGRST301" || code === "PGRST303" || /jwt/i.test(message)) {
    return "You are no longer signed in. Sign in again.";
  }
  if (code === "42501") return "You may not change this.";
  if (code === "23514") return "One of the values is not allowed.";
  if (code === "PGRST116") {
    return "It is gone; perhaps it was deleted elsewhere.";
  }
  return `That did not work: ${message || "the server did not say why"}`;
}

const ACCOUNT: Record<string, string> = {
  invalid_credentials: "Email and password do not fit together.",
  email_not_confirmed: "This address is not confirmed yet. Follow the link in the email.",
  user_already_exists: "There is an account with this address. Sign in instead.",
  email_exists: "There is an account with this address. Sign in instead.",
  weak_password: "Take a longer password, of at least six characters.",
  validation_failed: "This does not look like an email address.",
  email_address_invalid: "This does not look like an email address.",
  signup_disabled: "New accounts are switched off in this project.",
  over_request_rate_limit: "Too many attempts. Wait a minute.",
  over_email_send_rate_limit: "Too many emails were sent. Wait a while.",
};

/** Of signing in and up. */
export function accountFailure(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return ACCOUNT[code ?? ""] ?? dataFailure({ message });
}

/** What is told below a part that did not come to its own end; null for one that did. */
export function endingOf(reason: string | null, isComplete: boolean): string | null {
  if (reason === "length") return "Ended at the bot’s length limit";
  if (reason === "content_filter") return "Ended by the provider’s filter";
  if (isComplete) return null;
  if (reason === "cancelled") return "Stopped by you";
  if (reason === "disconnected") return "Stopped when its reader left";
  if (reason === "timeout") return "Stopped because it took too long";
  return "Cut short";
}
