/** Where scenarios run: any relay with a Supabase beside it, reached over HTTP alone. */

/** Everything that a scenario may know of what it tests. */
export interface Target {
  /** The functions' base URLs, one for each worker; scenarios that need one take the first. */
  workers: string[];
  supabaseUrl: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** What the workers have logged so far, where that can be known. */
  log?: () => string;
}

/** What a scrape of /metrics shows to the workers that tests start. */
export const METRICS_TOKEN = "a-token-for-scrapes-alone-0815";

/** A user who has signed up. */
export interface TestUser {
  id: string;
  email: string;
  token: string;
}

let users = 0;

/** Signs a new user up: the limits are for each user, so most scenarios take one of their own. */
export async function signUp(target: Target): Promise<TestUser> {
  const email = `user-${++users}-${crypto.randomUUID()}@example.com`;
  const response = await fetch(`${target.supabaseUrl}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: target.publishableKey, "content-type": "application/json" },
    body: JSON.stringify({ email, password: "correct horse battery staple" }),
  });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(`Cannot sign up: status ${response.status}, ${JSON.stringify(body)}`);
  }
  const session = body.session ?? body;
  return { id: body.user.id, email, token: session.access_token };
}

/** Asks the Data API: as the user, or with "service" as service_role. Answers the parsed body. */
export async function rest(
  target: Target,
  as: TestUser | "service",
  path: string,
  init: { method?: string; body?: unknown; prefer?: string } = {},
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const key = as === "service" ? target.secretKey : target.publishableKey;
  const response = await fetch(`${target.supabaseUrl}/rest/v1/${path}`, {
    method: init.method ?? "GET",
    headers: {
      apikey: key,
      authorization: `Bearer ${as === "service" ? key : as.token}`,
      "content-type": "application/json",
      ...(init.prefer ? { prefer: init.prefer } : {}),
    },
    body: init.body === undefined ? undefined : JSON.stringify(init.body),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${init.method ?? "GET"} ${path}: status ${response.status}, ${text}`);
  }
  return text === "" ? null : JSON.parse(text);
}

/** Makes a bot as its owner would, through the Data API; answers its id. */
export async function makeBot(
  target: Target,
  owner: TestUser,
  accessPath: string,
  fields: Record<string, unknown> = {},
): Promise<string> {
  const [bot] = await rest(target, owner, "bots?select=id", {
    method: "POST",
    prefer: "return=representation",
    body: {
      user_id: owner.id,
      name: "Storyteller",
      access_path: accessPath,
      access_key: BOT_KEY,
      model: "test-model",
      ...fields,
    },
  });
  return bot.id;
}

/** The key of every test's bot: it must show up at the provider and nowhere else. */
export const BOT_KEY = "sk-this-key-must-never-be-seen-4711";

/** The stored message of a generation, as its owner sees it; undefined where there is none. */
export async function storedMessage(target: Target, user: TestUser, streamId: string) {
  const messages = await rest(target, user, `messages?select=*&stream_id=eq.${encodeURIComponent(streamId)}`);
  if (messages.length > 1) {
    throw new Error(`There are ${messages.length} messages of ${streamId}`);
  }
  return messages[0];
}
