/** `deno task bot`: makes a bot in a Supabase project, for one user or for all, through Auth and the Data API. */

import type { Environment } from "../supabase/functions/_relay/platform/configuration.ts";
import { flagsOrExit, parseFlags } from "./flags.ts";
import { fail, note, print } from "./process.ts";

/** For people; lists every flag. */
export const HELP = `deno task bot --user you@example.com --model gpt-4o-mini [flags]

Makes a bot that belongs to this user. The last updated bot of a user answers where nothing else is chosen.

  --user EMAIL|ID      whose bot it is; the owner may change it, and set its key
  --model NAME         the model's name at its provider
  --all                every user may use it, and it answers all who have chosen no other; without --model the bot
                       is the one of --bot. Run it again for users who came later, or see docs/operations.md
  --bot ID             share this bot with --all, make none
  --name NAME          for people; the model's name unless it is given
  --api NAME           the API that it speaks: chat_completions unless it is given, anthropic_messages,
                       openai_responses, gemini
  --provider URL       the provider's base URL; that of the API's inventor unless it is given
  --instructions TEXT  the bot's instructions, its system prompt
  --key-from NAME      the variable that has the provider's key; OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY
                       unless it is given. An empty one: no key

SUPABASE_URL names the project; SUPABASE_SECRET_KEY, or SUPABASE_SERVICE_ROLE_KEY, opens it.
`;

const ACTION = "Cannot make the bot";

/** Where each API was invented, and how its keys are called. */
const APIS: Record<string, { provider: string; keyFrom: string }> = {
  chat_completions: { provider: "https://api.openai.com/v1", keyFrom: "OPENAI_API_KEY" },
  anthropic_messages: { provider: "https://api.anthropic.com/v1", keyFrom: "ANTHROPIC_API_KEY" },
  openai_responses: { provider: "https://api.openai.com/v1", keyFrom: "OPENAI_API_KEY" },
  gemini: { provider: "https://generativelanguage.googleapis.com/v1beta", keyFrom: "GEMINI_API_KEY" },
};

/** What was asked for. */
export interface BotOrder {
  url: string;
  secretKey: string;
  user: string | undefined;
  bot: string | undefined;
  all: boolean;
  fields: Record<string, string>;
}

/** Throws a TypeError that names what is wrong or missing; never repeats a key. */
export function parseBotFlags(args: string[], environment: Environment): BotOrder {
  const { user, model, all, bot, name, api, provider, instructions, ...flags } = parseFlags(ACTION, args, {
    user: { type: "string" },
    model: { type: "string" },
    all: { type: "boolean" },
    bot: { type: "string" },
    name: { type: "string" },
    api: { type: "string", default: "chat_completions" },
    provider: { type: "string" },
    instructions: { type: "string" },
    "key-from": { type: "string" },
  });
  const refuse = (text: string) => new TypeError(`${ACTION}: ${text}`);
  const url = environment("SUPABASE_URL")?.replace(/\/+$/, "");
  const secretKey = environment("SUPABASE_SECRET_KEY") || environment("SUPABASE_SERVICE_ROLE_KEY");
  if (!url) throw refuse("SUPABASE_URL is not set, expected the project's URL");
  if (!secretKey) throw refuse("SUPABASE_SECRET_KEY is not set, expected the project's secret key");
  if (bot !== undefined) {
    if (!all || user !== undefined || model !== undefined) throw refuse("--bot goes with --all alone");
    return { url, secretKey, user, bot, all, fields: {} };
  }
  if (user === undefined) throw refuse("--user is missing, expected the owner's email or id");
  if (model === undefined) throw refuse("--model is missing, expected the model's name at its provider");
  if (!Object.hasOwn(APIS, api)) throw refuse(`--api is "${api}", expected ${Object.keys(APIS).join(", ")}`);
  const keyFrom = flags["key-from"] ?? APIS[api].keyFrom;
  const key = environment(keyFrom);
  if (key === undefined) {
    throw refuse(`${keyFrom} is not set, expected the provider's key, or empty where it needs none`);
  }
  const fields = {
    name: name ?? model,
    model,
    api,
    access_path: provider ?? APIS[api].provider,
    ...(key === "" ? {} : { access_key: key }),
    ...(instructions === undefined ? {} : { system_prompt: instructions }),
  };
  return { url, secretKey, user, bot, all, fields };
}

/** Makes or shares it; gives its id, and how many users may use it now, its owner included. */
export async function makeBot(order: BotOrder): Promise<{ id: string | number; users: number }> {
  const ask = createAsk(order);
  const users = order.all || order.user?.includes("@") ? await listUsers(ask) : [];
  const bot = order.bot === undefined
    ? await insertBot(ask, order.fields, ownerOf(order.user!, users))
    : await findBot(ask, order.bot);
  if (!order.all) return { id: bot.id, users: 1 };
  const ids = users.map(({ id }) => id);
  for (let from = 0; from < ids.length; from += ROWS_A_REQUEST) {
    const some = ids.slice(from, from + ROWS_A_REQUEST);
    const insert = (table: string, key: string, rows: unknown[]) =>
      ask("POST", `rest/v1/${table}?on_conflict=${key}`, rows, "return=minimal,resolution=ignore-duplicates");
    const shares = some.filter((id) => id !== bot.user_id).map((user_id) => ({ user_id, bot_id: bot.id }));
    if (shares.length > 0) await insert("bot_shares", "bot_id,user_id", shares);
    // A share alone makes no bot answer: a user's fallback is a bot of their own, or what they chose.
    await insert("user_settings", "user_id", some.map((user_id) => ({ user_id, default_bot_id: bot.id })));
  }
  await ask("PATCH", "rest/v1/user_settings?default_bot_id=is.null", { default_bot_id: bot.id }, "return=minimal");
  return { id: bot.id, users: ids.length };
}

const ROWS_A_REQUEST = 1000;

interface Bot {
  id: string | number;
  user_id: string;
}

async function insertBot(ask: Ask, fields: BotOrder["fields"], user_id: string): Promise<Bot> {
  const [bot] = await ask("POST", "rest/v1/bots?select=id,user_id", { ...fields, user_id }, "return=representation");
  return bot;
}

async function findBot(ask: Ask, id: string): Promise<Bot> {
  const [bot] = await ask("GET", `rest/v1/bots?select=id,user_id&id=eq.${encodeURIComponent(id)}`);
  if (bot) return bot;
  throw new Error(`${ACTION}: there is no bot "${id}" to share`);
}

interface User {
  id: string;
  email?: string;
}

/** Sends one request with the secret key; gives the parsed answer. */
// deno-lint-ignore no-explicit-any
type Ask = (method: string, path: string, body?: unknown, prefer?: string) => Promise<any>;

function createAsk({ url, secretKey }: BotOrder): Ask {
  return async (method, path, body, prefer) => {
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: {
        apikey: secretKey,
        authorization: `Bearer ${secretKey}`,
        "content-type": "application/json",
        ...(prefer ? { prefer } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    }).catch((cause) => {
      throw new Error(`${ACTION}: ${url} does not answer`, { cause });
    });
    const text = await response.text();
    if (response.ok) return text === "" ? undefined : JSON.parse(text);
    const [place] = path.split("?");
    throw new Error(`${ACTION}: ${place} answers ${response.status}${explain(place, response.status, text)}`);
  };
}

/** The Data API names what is wrong; a page of a proxy is of no use to anyone. */
function explain(place: string, status: number, text: string): string {
  if (status === 401 || status === 403) {
    const hint = place === USERS ? "; deno task dev lists no users: there name one by id, and leave out --all" : "";
    return `, SUPABASE_SECRET_KEY is not this project's secret key${hint}`;
  }
  let body: { code?: string; message?: string; msg?: string };
  try {
    body = JSON.parse(text);
  } catch {
    return "";
  }
  if (body.code === "PGRST205" || body.code === "42P01") return ", the relay's migrations are not pushed";
  if (body.code === "23503") return ", there is no such user";
  if (body.code === "22P02") return ", that is no id";
  return `: ${body.message ?? body.msg ?? body.code ?? ""}`;
}

const USERS = "auth/v1/admin/users";

async function listUsers(ask: Ask): Promise<User[]> {
  const users: User[] = [];
  for (let page = 1;; page++) {
    const { users: more } = await ask("GET", `${USERS}?page=${page}&per_page=${ROWS_A_REQUEST}`);
    users.push(...more);
    if (more.length < ROWS_A_REQUEST) return users;
  }
}

function ownerOf(user: string, users: User[]): string {
  if (!user.includes("@")) return user;
  const found = users.find(({ email }) => email?.toLowerCase() === user.toLowerCase());
  if (found) return found.id;
  throw new Error(`${ACTION}: no user of this project has the email "${user}", sign up first`);
}

if (import.meta.main) {
  const order = flagsOrExit(HELP, (args) => parseBotFlags(args, (name) => Deno.env.get(name)));
  try {
    const { id, users } = await makeBot(order);
    print(`${id}\n`);
    note(`${order.bot === undefined ? "Made the bot" : "The bot"} ${id}${order.all ? `, for ${users} users` : ""}`);
  } catch (error) {
    fail(error, 1);
  }
}
