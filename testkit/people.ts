/** Users, their bots and their rows, made as an application makes them; a browser can load this file, too. */

import { SignJWT } from "jose";

/** All that a scenario may know of the relay under test. */
export interface Target {
  /** The functions' base URLs, one for each worker; a scenario that needs one takes the first. */
  workers: string[];
  supabaseUrl: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** Which API bots are made for; absent: what a bot has by default. */
  api?: string;
  /** What the workers have logged so far, if the target gives it. */
  log?: () => string;
  /** Makes a user without signing up, which takes longer. */
  newUser?: () => Promise<TestUser>;
}

/** A signed-in user. */
export interface TestUser {
  id: string;
  email: string;
  token: string;
  /** What Auth gave; only of a user who signed up. */
  session?: { expires_in: number; expires_at?: number };
}

/** The key of every test's bot: the provider sees it, and nothing else may. */
export const BOT_KEY = "sk-this-key-must-never-be-seen-4711";

export const PASSWORD = "correct horse battery staple";

/** Signs a new user up. Limits count per user, so most scenarios take a user of their own. */
export async function signUp(target: Target): Promise<TestUser> {
  if (target.newUser) return await target.newUser();
  const email = `user-${crypto.randomUUID()}@example.com`;
  const response = await fetch(`${target.supabaseUrl}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: target.publishableKey, "content-type": "application/json" },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`Cannot sign up: status ${response.status}, ${JSON.stringify(body)}`);
  const session = body.session ?? body;
  return { id: body.user.id, email, token: session.access_token, session };
}

/** A token that the project's Auth would give this user, with other claims where they are given. */
export function mintToken(
  jwtSecret: string,
  userId: string | undefined,
  { expires = "2h", ...claims }: { expires?: string | number; [claim: string]: unknown } = {},
): Promise<string> {
  const payload = { sub: userId, aud: "authenticated", role: "authenticated", ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ: "JWT" }).setIssuedAt().setExpirationTime(expires)
    .sign(new TextEncoder().encode(jwtSecret));
}

/** Asks the Data API, as the user or as service_role; gives the parsed body. */
export async function rest(
  target: Target,
  as: TestUser | "service",
  path: string,
  init: { method?: string; body?: unknown; prefer?: string } = {},
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const { method = "GET", body, prefer } = init;
  const key = as === "service" ? target.secretKey : target.publishableKey;
  const response = await fetch(`${target.supabaseUrl}/rest/v1/${path}`, {
    method,
    headers: {
      apikey: key,
      authorization: `Bearer ${as === "service" ? key : as.token}`,
      "content-type": "application/json",
      ...(prefer ? { prefer } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: status ${response.status}, ${text}`);
  return text === "" ? null : JSON.parse(text);
}

/** Inserts one row through the Data API; gives it as the database has it. */
export async function insert(
  target: Target,
  as: TestUser | "service",
  table: string,
  row: Record<string, unknown>,
  select = "id",
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const init = { method: "POST", prefer: "return=representation", body: row };
  return (await rest(target, as, `${table}?select=${select}`, init))[0];
}

/** Makes a bot that calls this provider; gives its id. */
export async function makeBot(
  target: Target,
  owner: TestUser,
  accessPath: string,
  fields: Record<string, unknown> = {},
): Promise<string> {
  const bot = { name: "Storyteller", access_path: accessPath, access_key: BOT_KEY, model: "test-model" };
  const api = target.api === undefined ? {} : { api: target.api };
  return (await insert(target, owner, "bots", { user_id: owner.id, ...bot, ...api, ...fields })).id;
}

/** The stored message of a generation, as its owner sees it; undefined if there is none. */
export async function storedMessage(target: Target, user: TestUser, streamId: string) {
  const messages = await rest(target, user, `messages?select=*&stream_id=eq.${encodeURIComponent(streamId)}`);
  if (messages.length > 1) throw new Error(`There are ${messages.length} messages of ${streamId}`);
  return messages[0];
}
