/** Texts for Auth's errors, and for a link in an email that did not work. */

import { dataError } from "./errors.ts";

const NO_ADDRESS = "This is not a valid email address.";
const HAS_ACCOUNT = "An account with this address already exists. Sign in instead.";
const SIGNED_OUT = "You are signed out. Sign in again.";
const WRONG_CODE = "This code is wrong or has expired. Enter the one of the last email.";

const COPY: Record<string, string> = {
  invalid_credentials: "The email or the password is wrong.",
  email_not_confirmed: "This address is not confirmed yet. Follow the link in the email.",
  user_already_exists: HAS_ACCOUNT,
  email_exists: HAS_ACCOUNT,
  validation_failed: NO_ADDRESS,
  email_address_invalid: NO_ADDRESS,
  email_address_not_authorized: "This project sends no email to this address: it has no mail server of its own.",
  signup_disabled: "This project does not accept new accounts.",
  email_provider_disabled: "This project does not accept an email address and a password.",
  user_banned: "This account is locked.",
  same_password: "This is the password that you have. Choose another one.",
  session_not_found: SIGNED_OUT,
  session_expired: SIGNED_OUT,
  refresh_token_not_found: SIGNED_OUT,
  reauthentication_needed: "Enter the code that we have sent to your address.",
  reauthentication_not_valid: WRONG_CODE,
  reauth_nonce_missing: WRONG_CODE,
  otp_expired: "The link has expired, or it was used before. Ask for a new one.",
  captcha_failed: "This project asks for a captcha, which this page does not have.",
  over_request_rate_limit: "Too many attempts. Wait a minute, then retry.",
  over_email_send_rate_limit: "Too many emails were sent. Wait a while, then retry.",
  request_timeout: "The server took too long. Retry in a moment.",
};

interface AuthFailure {
  code?: string;
  status?: number;
  message?: string;
  /** Why a password is weak. */
  reasons?: string[];
}

/** The text for an error of Auth. */
export function accountError(error: unknown): string {
  const failure = error as AuthFailure;
  const { code, status = 0, message } = failure;
  // supabase-js gives no code for such a response.
  if (status >= 500) return "The server failed. Retry in a moment.";
  if (code === "weak_password") return weakPassword(failure);
  return code !== undefined && Object.hasOwn(COPY, code) ? COPY[code] : dataError({ message });
}

/** The project sets the least length of a password, and only its message has the number. */
function weakPassword({ message = "", reasons = [] }: AuthFailure): string {
  if (reasons.includes("pwned")) return "This password is known from a leak. Choose another one.";
  const least = /at least (\d+) char/.exec(message)?.[1];
  if (reasons.includes("characters")) return "Use small and capital letters, digits and other signs in the password.";
  return `Choose a longer password${least ? `, with at least ${least} characters` : ""}.`;
}

/**
 * Whether a request for a new password failed only because there is an account: a second email within a minute, or an
 * address that the project may not write to. The page then says the same as for an address without an account.
 */
export function wouldTellOfAccount({ code }: AuthFailure): boolean {
  return code === "over_email_send_rate_limit" || code === "email_address_not_authorized";
}

/** The text for a link that brought an error in place of a session, or a session that is none. */
export function linkError(code: string | null, message: string | null): string {
  if (code === null || code === "bad_jwt") return COPY.otp_expired;
  return accountError({ code, message: message ?? undefined });
}
