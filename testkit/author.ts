/** A user and what this user asks of the relay; an author has a bot, too, whose provider plays a script. */

import { insert, makeBot, rest, signUp, storedMessage, type Target, type TestUser } from "./people.ts";
import { answers, type ProviderCall, type Script, type ScriptedProvider, waits } from "./provider.ts";
import { type Ended, post, type Reader, readEvents, readToEnd } from "./reader.ts";

/** Which worker is asked, the first one unless another is named, and with which headers. */
export interface Asking {
  worker?: string;
  headers?: Record<string, string>;
  /** In place of the user's own. */
  token?: string | null;
}

/** How a reader resumes. */
export interface Resuming extends Asking {
  /** The offset, as Last-Event-ID. */
  from?: number | string;
  /** Names the offset in the query and not in the header. */
  inQuery?: boolean;
}

/** One user's requests. */
export interface Client {
  user: TestUser;
  /** POST /stream. */
  ask(body: unknown, asking?: Asking): Promise<Response>;
  /** POST /stream, and its stream. */
  open(body: unknown, asking?: Asking): Promise<Reader>;
  /** POST /stream, read to its end. */
  generate(body: unknown, asking?: Asking): Promise<Ended>;
  /** GET /stream/{stream_id}. */
  get(streamId: string, resuming?: Resuming): Promise<Response>;
  /** GET /stream/{stream_id}, and its stream. */
  watch(streamId: string, resuming?: Resuming): Promise<Reader>;
  /** GET /stream/{stream_id}, read to its end. */
  replay(streamId: string, resuming?: Resuming): Promise<Ended>;
  /** GET /stream?conversation_id=…: what runs in a conversation. */
  getRunning(conversationId: string, asking?: Asking): Promise<Response>;
  /** POST /cancel, on the last worker, which need not be the one that runs the generation. */
  cancel(streamId: string, asking?: Asking & { at?: number }): Promise<Response>;
  /** Asks the Data API as this user. */
  // deno-lint-ignore no-explicit-any
  rest(path: string, init?: { method?: string; body?: unknown }): Promise<any>;
  /** Inserts a row of this user's; gives its id. */
  insert(table: string, row?: Record<string, unknown>): Promise<string>;
  /** The messages of a conversation, by id. */
  // deno-lint-ignore no-explicit-any
  messages(conversationId: string): Promise<any[]>;
  // deno-lint-ignore no-explicit-any
  conversation(id: string): Promise<any>;
  /** The stored message of a generation. */
  // deno-lint-ignore no-explicit-any
  stored(streamId: string): Promise<any>;
}

/** A client with one bot. */
export interface Author extends Client {
  botId: string;
  /** Under which the provider knows the bot. */
  baseUrl: string;
  /** The provider's n-th request of this bot. */
  called(count?: number): Promise<ProviderCall>;
  calls(): ProviderCall[];
  /** How many of its answers are not over. */
  openCalls(): number;
}

/** Signs up. */
export async function newClient(target: Target, known?: TestUser): Promise<Client> {
  const user = known ?? await signUp(target);
  const [first] = target.workers;
  const ask: Client["ask"] = (body, { worker = first, headers, token = user.token } = {}) =>
    post(`${worker}/stream`, token, body, headers);
  const open: Client["open"] = async (body, asking) => readEvents(await ask(body, asking));
  const get: Client["get"] = (streamId, { worker = first, from, inQuery, headers, token = user.token } = {}) =>
    fetch(`${worker}/stream/${encodeURIComponent(streamId)}${inQuery ? `?last_event_id=${from}` : ""}`, {
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(from === undefined || inQuery ? {} : { "last-event-id": String(from) }),
        ...headers,
      },
    });
  const watch: Client["watch"] = async (streamId, resuming) => readEvents(await get(streamId, resuming));
  return {
    user,
    ask,
    open,
    generate: async (body, asking) => await readToEnd(await open(body, asking)),
    get,
    watch,
    replay: async (streamId, resuming) => await readToEnd(await watch(streamId, resuming), Number(resuming?.from ?? 0)),
    getRunning: (conversationId, { worker = first, headers, token = user.token } = {}) =>
      fetch(`${worker}/stream?conversation_id=${encodeURIComponent(conversationId)}`, {
        headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      }),
    cancel: (stream_id, { worker = target.workers.at(-1)!, headers, token = user.token, at } = {}) =>
      post(`${worker}/cancel`, token, { stream_id, at }, headers),
    rest: (path, init) => rest(target, user, path, init),
    insert: async (table, row) => (await insert(target, user, table, { user_id: user.id, ...row })).id,
    messages: (id) => rest(target, user, `messages?select=*&conversation_id=eq.${id}&order=id`),
    conversation: async (id) => (await rest(target, user, `conversations?select=*&id=eq.${id}`))[0],
    stored: (streamId) => storedMessage(target, user, streamId),
  };
}

/** Signs up and makes a bot whose provider plays the script. */
export async function newAuthor(
  target: Target,
  provider: ScriptedProvider,
  script: Script = answers("Once ", "upon a time."),
  bot: Record<string, unknown> = {},
): Promise<Author> {
  const client = await newClient(target);
  const baseUrl = provider.script(script);
  return {
    ...client,
    baseUrl,
    botId: await makeBot(target, client.user, baseUrl, bot),
    called: (count) => provider.called(baseUrl, count),
    calls: () => provider.calls(baseUrl),
    openCalls: () => provider.open(baseUrl),
  };
}

/** A generation in the middle of its text. */
export interface Running extends Author {
  stream_id: string;
  reader: Reader;
  call: ProviderCall;
}

/** Starts one that has said this, as its reader knows, and says nothing more. */
export async function newRunning(
  target: Target,
  provider: ScriptedProvider,
  { text = "Once", ...body }: { text?: string; [field: string]: unknown } = {},
  script: Script = waits,
): Promise<Running> {
  const author = await newAuthor(target, provider, script);
  const stream_id = String(body.stream_id ?? crypto.randomUUID());
  const reader = await author.open({ prompt: "x", ...body, stream_id });
  const call = await author.called();
  await call.token(text);
  await reader.untilText(text);
  return { ...author, stream_id, reader, call };
}

/** All that a client can see of an answer, but for what differs each time. */
export async function visible(response: Response) {
  const headers = Object.fromEntries(response.headers);
  for (const name of ["date", "x-request-id", "ratelimit-reset"]) delete headers[name];
  return { status: response.status, headers, body: await response.text() };
}
