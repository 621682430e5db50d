/// <reference lib="dom" />
/** A forgotten password, a changed one, and signing out everywhere. */

import { deepStrictEqual as equal, doesNotMatch, match, ok } from "node:assert/strict";
import type { Page, Route } from "playwright-core";
import { becomes } from "../../testkit/eventually.ts";
import { PASSWORD, signUp, type TestUser } from "../../testkit/people.ts";
import { hasNoAxeFindings } from "./axe.ts";
import { entryTest, pageTest, stack, windowTest } from "./setup.ts";
import { visitorOf } from "./visitor.ts";

const NEW = "a better horse battery staple";

/** The address that Auth redirects to: a session in the fragment. */
async function sessionOf({ email }: TestUser, password = PASSWORD): Promise<Record<string, string> | null> {
  const response = await fetch(`${stack.url}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: stack.publishable_key, "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const { access_token, refresh_token, expires_in, expires_at } = await response.json();
  if (!response.ok) return null;
  const rest = { expires_in: String(expires_in), expires_at: String(expires_at), token_type: "bearer" };
  return { access_token, refresh_token, ...rest };
}

const linkOf = (parameters: Record<string, string>) => `${stack.url}/#${new URLSearchParams(parameters)}`;

/** Answers as Auth does when it refuses: the code is in the body. */
function refuse(page: Page, path: string, status: number, code: string, message = "No") {
  return page.route(`**/auth/v1/${path}*`, (route: Route) => {
    if (route.request().method() === "OPTIONS") return route.continue();
    const headers = { "access-control-allow-origin": "*", "x-supabase-api-version": "2024-01-01" };
    return route.fulfill({ status, headers, json: { code, message } });
  });
}

entryTest("a request for a new password gets the same answer for every address", async ({ page, button, choose }) => {
  const user = await signUp(stack.target);
  const texts: string[] = [];
  const ask = async (email: string) => {
    await button("Forgot your password?").click();
    await page.getByRole("heading", { name: "Forgot your password?" }).waitFor();
    await page.waitForFunction(() => (document.activeElement as HTMLInputElement).name === "email");
    await page.getByLabel("Email").fill(email);
    const request = page.waitForRequest((request) => /\/recover/.test(request.url()) && request.method() === "POST");
    await page.keyboard.press("Enter");
    equal(new URL((await request).url()).searchParams.get("redirect_to"), `${stack.url}/`);
    const status = page.getByRole("status");
    texts.push((await status.innerText()).replace(email, "…"));
    await hasNoAxeFindings(page, "a link to a new password that was asked for");
    await button("Sign in").click();
  };
  await ask(user.email);
  await ask("unknown@test.example");
  // Auth refuses these only for an address with an account.
  await refuse(page, "recover", 429, "over_email_send_rate_limit");
  await ask(user.email);
  equal(new Set(texts).size, 1);
  match(texts[0], /^If … has an account here/);

  await page.unroute("**/auth/v1/recover*");
  await refuse(page, "recover", 429, "over_request_rate_limit");
  await choose("Forgot your password?", "Send a link");
  await page.getByRole("alert").getByText("Enter your email address.").waitFor();
  await page.getByLabel("Email").fill(user.email);
  await button("Send a link").click();
  await page.getByText("Too many attempts. Wait a minute").waitFor();
});

windowTest("the link of the email leads to a new password, and leaves no token behind", async (window) => {
  const user = await signUp(stack.target);
  const session = await sessionOf(user);
  const { page, button, composer } = visitorOf(await window.tab(linkOf({ ...session!, type: "recovery" })));
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await page.getByText(`For the account ${user.email}`).waitFor();
  await becomes(() => page.evaluate(() => (document.activeElement as HTMLInputElement).name), "password");
  equal([page.url(), await page.evaluate(() => history.length)], [`${stack.url}/`, 2]);
  await hasNoAxeFindings(page, "the choice of a new password");
  await button("Change password").click();
  await page.getByRole("alert").getByText("Enter a new password").waitFor();
  await page.getByLabel("New password").fill("short");
  await button("Change password").click();
  await page.getByRole("alert").getByText("Choose a longer password").waitFor();
  await page.getByLabel("New password").fill(PASSWORD);
  await button("Change password").click();
  await page.getByRole("alert").getByText("This is the password that you have").waitFor();
  await page.getByLabel("New password").fill(NEW);
  await button("Change password").click();
  await page.getByRole("heading", { name: "Your password is changed" }).waitFor();
  await becomes(() => page.evaluate(() => document.activeElement?.textContent), "Go to your stories");
  await page.keyboard.press("Enter");
  await composer.waitFor();
  await page.getByText("First, create a bot").waitFor();
  equal(await sessionOf(user), null);
  ok(await sessionOf(user, NEW));
});

windowTest("a link that has expired or carries a stranger's token says so, and signs no one in", async (window) => {
  const [user, other] = [await signUp(stack.target), await signUp(stack.target)];
  const expired = { error: "access_denied", error_code: "otp_expired", error_description: "Email link is invalid" };
  const first = visitorOf(await window.tab(linkOf(expired)));
  await first.page.getByRole("alert").getByText("The link has expired").waitFor();
  equal(first.page.url(), `${stack.url}/`);
  await hasNoAxeFindings(first.page, "a link that has expired");
  await first.signIn(user.email);

  // A user who is signed in stays so, and is not asked for a new password.
  const { access_token, refresh_token } = (await sessionOf(other))!;
  const forged = { access_token: access_token.slice(0, -9) + "AAAAAAAAA", refresh_token, type: "recovery" };
  const second = visitorOf(await window.tab(linkOf({ ...forged, expires_in: "3600", token_type: "bearer" })));
  await second.page.getByRole("button", { name: user.email }).waitFor();
  equal(await second.page.getByText("Choose a new password").count(), 0);
});

windowTest("a link leads on where the browser does not know the project yet", async (window) => {
  const user = await signUp(stack.target);
  const session = await sessionOf(user);
  await window.context.route("**/config.json", (route) => route.fulfill({ status: 404 }));
  const { page, button } = visitorOf(await window.tab(linkOf({ ...session!, type: "recovery" })));
  await page.getByLabel("Project URL").fill(stack.url);
  await page.getByLabel("Publishable key").fill(stack.publishable_key);
  await button("Continue").click();
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await button("Keep the old one").click();
  await page.getByText("First, create a bot").waitFor();
});

entryTest("an address that is not confirmed can have its email again", async ({ page, button }) => {
  await refuse(page, "token", 400, "email_not_confirmed");
  await page.getByLabel("Email").fill("new@test.example");
  await page.getByLabel("Password").fill(PASSWORD);
  await button("Sign in").click();
  await page.getByRole("alert").getByText("not confirmed yet").waitFor();
  await hasNoAxeFindings(page, "an address that is not confirmed");
  const sent: string[] = [];
  await page.route("**/auth/v1/resend*", (route) => {
    if (route.request().method() === "POST") sent.push(route.request().postData() ?? "");
    return route.fulfill({ headers: { "access-control-allow-origin": "*" }, json: {} });
  });
  await button("Send it again").click();
  await page.getByRole("alert").waitFor({ state: "detached" });
  equal(sent.map((body) => JSON.parse(body).email), ["new@test.example"]);
});

pageTest("a password is changed, with a code where the project wants one", async ({ page, button, user }) => {
  await page.getByRole("button", { name: user.email }).click();
  const dialog = page.getByRole("dialog", { name: "Account" });
  const field = dialog.getByLabel("New password");
  // Auth's response if the session is older than a day and the project has secure password changes.
  const bodies: Record<string, string>[] = [];
  await page.route("**/auth/v1/user*", async (route) => {
    if (route.request().method() !== "PUT") return route.continue();
    const body = JSON.parse(route.request().postData()!);
    bodies.push(body);
    const headers = { "access-control-allow-origin": "*", "x-supabase-api-version": "2024-01-01" };
    const refused = body.nonce === undefined
      ? { code: "reauthentication_needed", message: "Password update requires reauthentication" }
      : body.nonce === "000000"
      ? { code: "reauthentication_not_valid", message: "Nonce has expired or is invalid" }
      : null;
    if (refused) return route.fulfill({ status: 422, headers, json: refused });
    await route.continue({ postData: JSON.stringify({ password: body.password }) });
  });
  const mail = page.waitForRequest("**/auth/v1/reauthenticate");
  await field.fill(NEW);
  await button("Change password").click();
  await mail;
  const code = dialog.getByLabel("Code from the email");
  await code.waitFor();
  await becomes(() => code.evaluate((element) => document.activeElement === element), true);
  await hasNoAxeFindings(page, "the account with a code that is asked for");
  await code.fill("000000");
  await button("Change password").click();
  await dialog.getByRole("alert").getByText("This code is wrong or has expired").waitFor();
  await code.fill("123456");
  await button("Change password").click();
  await dialog.getByText("Your password is changed").waitFor();
  equal(bodies.map(({ nonce }) => nonce), [undefined, "000000", "123456"]);
  ok(await sessionOf(user, NEW));
  doesNotMatch(await page.content(), new RegExp(NEW));
});

pageTest(
  "a token that the server refuses is renewed, and while that fails no story is said to be gone",
  async (visit) => {
    const { visitor, page, button, exchange } = visit;
    await exchange("A story", "An answer");
    let isRenewed = false;
    page.on("request", (request) => isRenewed ||= request.url().includes("grant_type=refresh_token"));
    await page.route("**/rest/v1/**", (route) => {
      if (isRenewed || route.request().method() === "OPTIONS") return route.continue();
      const headers = { "access-control-allow-origin": "*" };
      return route.fulfill({ status: 401, headers, json: { code: "PGRST303", message: "JWT expired" } });
    });
    await page.reload();
    await visitor.shows("A story", "An answer");

    // It has expired, and Auth is away.
    await page.getByRole("link", { name: "New story" }).click();
    await page.route("**/auth/v1/token*", (route) => route.abort());
    await page.clock.install();
    await page.clock.fastForward(7_200_000);
    await page.getByRole("link", { name: "A story" }).click();
    const alert = page.getByRole("alert").getByText("Could not reach the server");
    await visitor.later("the page says so", async () => await alert.count() > 0);
    await page.unroute("**/auth/v1/token*");
    // Auth's client does not ask again at once.
    await page.clock.runFor(120_000);
    await button("Reload").click();
    await visitor.shows("A story", "An answer");

    // Another program has removed it.
    await page.evaluate(() => localStorage.clear());
    await page.getByRole("link", { name: "New story" }).click();
    await page.getByRole("link", { name: "A story" }).click();
    await page.getByRole("alert").getByText("You are signed out").waitFor();
  },
);

pageTest("signing out everywhere says when it fails, and ends the sessions of other devices", async (visit) => {
  const { page, button, composer, user } = visit;
  const { refresh_token } = (await sessionOf(user))!;
  await composer.fill("A thought");
  await page.getByRole("button", { name: user.email }).click();
  await refuse(page, "logout", 500, "unexpected_failure");
  await button("On all devices").click();
  await page.getByRole("alert").getByText("The server failed").waitFor();
  await page.unroute("**/auth/v1/logout*");
  // A user who is still signed in loses no text.
  await page.reload();
  await becomes(() => composer.inputValue(), "A thought");
  await page.getByRole("button", { name: user.email }).click();
  await button("On all devices").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const response = await fetch(`${stack.url}/auth/v1/token?grant_type=refresh_token`, {
    method: "POST",
    headers: { apikey: stack.publishable_key, "content-type": "application/json" },
    body: JSON.stringify({ refresh_token }),
  });
  equal(response.status, 400, await response.text());
});
