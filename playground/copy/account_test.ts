/// <reference lib="deno.ns" />
import { equal, match, ok } from "node:assert/strict";
import { accountError, linkError, wouldTellOfAccount } from "./account.ts";

Deno.test("accountError() distinguishes the network from a refusal", () => {
  match(accountError({ code: "invalid_credentials" }), /is wrong/);
  match(accountError({ message: "Failed to fetch" }), /^Could not reach/);
  match(accountError({ status: 500, message: "Error sending recovery email" }), /^The server failed/);
  match(accountError({ code: "not_known_yet", message: "No" }), /^The request failed: No$/);
});

Deno.test("accountError() says why a password is weak, with the length that the project wants", () => {
  const weak = (reasons: string[], message = "") => accountError({ code: "weak_password", reasons, message });
  match(weak(["length"], "Password should be at least 12 characters."), /at least 12 characters\.$/);
  equal(weak([]), "Choose a longer password.");
  match(weak(["characters"]), /digits/);
  match(weak(["length", "pwned"]), /leak/);
});

Deno.test("wouldTellOfAccount() is true for what Auth refuses for an address that has an account alone", () => {
  ok(wouldTellOfAccount({ code: "over_email_send_rate_limit" }));
  ok(wouldTellOfAccount({ code: "email_address_not_authorized" }));
  ok(!wouldTellOfAccount({ code: "over_request_rate_limit" }));
  ok(!wouldTellOfAccount({ message: "Failed to fetch" }));
});

Deno.test("linkError() says what to do about a link that leads nowhere", () => {
  match(linkError("otp_expired", "Email link is invalid or has expired"), /Ask for a new one/);
  match(linkError(null, null), /Ask for a new one/);
  match(linkError("user_banned", "User is banned"), /locked/);
});
