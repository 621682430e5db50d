/** What scenarios are made of: somebody with a bot, a prompt, and the answer read to its end. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Script, ScriptedProvider } from "../../testkit/provider.ts";
import { post, readStory, type StoryEvent, type StoryStream, textOf } from "../../testkit/reader.ts";
import { makeBot, rest, signUp, type Target, type TestUser } from "../../testkit/target.ts";

/** One rule of the contract, shown on whatever relay it is given. */
export interface Scenario {
  title: string;
  /** True where there is nothing to see unless the target has a log. */
  needsLog?: boolean;
  run(target: Target, provider: ScriptedProvider): Promise<void>;
}

/** A new user with one bot, and the base URL under which the provider knows that bot. */
export interface Author {
  user: TestUser;
  botId: string;
  baseUrl: string;
}

/** Says these pieces and ends as a provider does. */
export function tells(...pieces: string[]): Script {
  return async (call) => {
    for (const piece of pieces) await call.token(piece);
    await call.finish();
  };
}

/** Says nothing by itself: the test plays the answer. */
export const waits: Script = (call) => call.closed;

/** Refuses the request as a provider does. */
export function refuses(status: number, body: unknown): Script {
  return () => Response.json(body, { status });
}

/** Signs up and makes a bot whose provider plays the script. */
export async function givenAuthor(
  target: Target,
  provider: ScriptedProvider,
  script: Script = tells("Once ", "upon a time."),
  bot: Record<string, unknown> = {},
): Promise<Author> {
  const user = await signUp(target);
  const baseUrl = provider.script(script);
  return { user, baseUrl, botId: await makeBot(target, user, baseUrl, bot) };
}

/** POST /stream, on the first worker. */
export function ask(
  target: Target,
  { token }: { token: string | null },
  body: unknown,
  headers?: Record<string, string>,
): Promise<Response> {
  return post(`${target.workers[0]}/stream`, token, body, headers);
}

/** POST /stream, and the answer as an open stream. */
export async function open(target: Target, user: TestUser, body: unknown): Promise<StoryStream> {
  return readStory(await ask(target, user, body));
}

/** POST /cancel on the last worker, which need not be the one that runs the generation. */
export function cancel(target: Target, { token }: { token: string | null }, streamId: string): Promise<Response> {
  return post(`${target.workers.at(-1)}/cancel`, token, { stream_id: streamId });
}

/** How a reader comes in: on which worker, behind which offset, and how it names that. */
export interface Reader {
  worker?: string;
  from?: number | string;
  /** Names the offset in the query and not in the header. */
  inQuery?: boolean;
  headers?: Record<string, string>;
}

/** GET /stream/{stream_id}, on the first worker unless another is named. */
export function get(
  target: Target,
  { token }: { token: string | null },
  streamId: string,
  { worker = target.workers[0], from, inQuery = false, headers }: Reader = {},
): Promise<Response> {
  const query = inQuery ? `?last_event_id=${from}` : "";
  return fetch(`${worker}/stream/${encodeURIComponent(streamId)}${query}`, {
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(from === undefined || inQuery ? {} : { "last-event-id": String(from) }),
      ...headers,
    },
  });
}

/** GET /stream/{stream_id}, and the answer as an open stream. */
export async function watch(
  target: Target,
  user: TestUser,
  streamId: string,
  reader: Reader = {},
): Promise<StoryStream> {
  return readStory(await get(target, user, streamId, reader));
}

/** What a reader got who came in later; without `start`, which is for those who come from the beginning. */
export interface Rest {
  events: StoryEvent[];
  text: string;
  end: string;
  // deno-lint-ignore no-explicit-any
  last: any;
}

/** Reads to the end what begins behind an offset, and checks that each id is the length of the text up to there. */
export async function readFrom(stream: StoryStream, from: number, seen: StoryEvent[] = []): Promise<Rest> {
  const events = [...seen, ...await stream.rest()].filter(({ event }) => event !== "ping");
  const names = events.map(({ event }) => event);
  const end = names.at(-1)!;
  ok(["done", "error"].includes(end), `The last event is ${end}`);
  equal(
    names.filter((name) => ["start", "done", "error"].includes(name)),
    from === 0 ? ["start", end] : [end],
    "There is one end, and a start for who comes from the beginning",
  );
  let length = from;
  for (const { event, id, data } of events) {
    if (event !== "token") continue;
    length += data.length;
    equal(id, String(length));
  }
  return { events, text: textOf(events), end, last: JSON.parse(events.at(-1)!.data) };
}

/** Reads until the stream has brought this text. */
export async function untilText(stream: StoryStream, text: string): Promise<StoryEvent[]> {
  const seen: StoryEvent[] = [];
  while (textOf(seen) !== text) {
    const event = await stream.next();
    if (event === undefined) {
      throw new Error(`The stream ended after ${JSON.stringify(seen)}`);
    }
    seen.push(event);
  }
  return seen;
}

/** An answer that was read to its end; pings may come at any time and are left out. */
export interface Story {
  response: Response;
  events: StoryEvent[];
  // deno-lint-ignore no-explicit-any
  start: any;
  text: string;
  /** The name of the last event, and its data. */
  end: string;
  // deno-lint-ignore no-explicit-any
  last: any;
}

/** POST /stream, read to the end. */
export async function tell(target: Target, user: TestUser, body: unknown): Promise<Story> {
  return await readToEnd(await open(target, user, body));
}

/** Reads what is still to come, behind what was read already. */
export async function readToEnd(stream: StoryStream, seen: StoryEvent[] = []): Promise<Story> {
  const events = [...seen, ...await stream.rest()].filter(({ event }) => event !== "ping");
  const names = events.map(({ event }) => event);
  equal(names[0], "start");
  const end = names.at(-1)!;
  ok(["done", "error"].includes(end), `The last event is ${end}`);
  equal(names.filter((name) => ["start", "done", "error"].includes(name)), [
    "start",
    end,
  ], "There is one start and one end");
  return {
    response: stream.response,
    events,
    start: JSON.parse(events[0].data),
    text: textOf(events),
    end,
    last: JSON.parse(events.at(-1)!.data),
  };
}

/** Checks that an answer is this refusal, and that it looks as all refusals do; answers the error. */
export async function refused(
  response: Response,
  status: number,
  code: string,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const text = await response.text();
  equal([response.status, response.headers.get("content-type")], [status, "application/json; charset=utf-8"], text);
  equal(response.headers.get("access-control-allow-origin"), "*");
  equal(response.headers.get("cache-control"), "no-store");
  const { error, ...others } = JSON.parse(text);
  equal(others, {});
  equal(error.code, code);
  ok(/^[A-Z].*[^.]$/s.test(error.message), error.message);
  equal(
    Object.keys(error).sort(),
    ["code", "message", ...(code === "invalid_request" ? ["issues"] : [])]
      .sort(),
  );
  return error;
}

/** All that a client can see of an answer, but for what differs each time. */
export async function visible(response: Response) {
  const headers = Object.fromEntries(response.headers);
  for (const name of ["date", "x-request-id", "ratelimit-reset"]) {
    delete headers[name];
  }
  return { status: response.status, headers, body: await response.text() };
}

/** The messages of a conversation by id, as their owner sees them. */
export async function messagesOf(
  target: Target,
  user: TestUser,
  conversationId: string,
  // deno-lint-ignore no-explicit-any
): Promise<any[]> {
  return await rest(target, user, `messages?select=*&conversation_id=eq.${conversationId}&order=id`);
}

/** The conversation, as its owner sees it. */
export async function conversationOf(target: Target, user: TestUser, conversationId: string) {
  const [conversation] = await rest(target, user, `conversations?select=*&id=eq.${conversationId}`);
  return conversation;
}
