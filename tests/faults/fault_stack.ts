/** The stack that faults are tested on: one worker for each configuration that they need, and how a generation must end. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { type Client, newClient } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { BOT_KEY, makeBot } from "../../testkit/people.ts";
import { answers, type Script } from "../../testkit/provider.ts";
import { type FaultProxy, startProxy } from "../../testkit/proxy.ts";
import { type Reader, readEvents, readToEnd } from "../../testkit/reader.ts";
import { NO_USER_LIMITS, type Stack } from "../../testkit/stack.ts";
import type { Runtime, Worker } from "../../testkit/workers.ts";

/** One thing that goes wrong. */
export interface Scenario {
  title: string;
  run(on: FaultStack): Promise<void>;
}

/** The workers of one runtime, and a user whom no limit stops. */
export interface FaultStack {
  stack: Stack;
  runtime: Runtime;
  client: Client;
  /** Of the client's, and well. */
  botId: string;
  /** Between `main` and the stack. */
  proxy: FaultProxy;
  main: Worker;
  /** Waits 1 s for a first token and half a second for each further one. */
  hasty: Worker;
  /** Lets a generation run for two seconds. */
  brief: Worker;
  /** Calls public providers alone, and has no metrics. */
  strict: Worker;
  /** Calls the providers of one host alone. */
  choosy: Worker;
  /** One more worker without limits. */
  worker(env?: Record<string, string>): Promise<Worker>;
}

/** Starts the workers of one runtime. */
export async function openFaultStack(stack: Stack, runtime: Runtime): Promise<FaultStack> {
  const proxy = startProxy(stack.url);
  const worker = (env: Record<string, string> = {}, supabaseUrl = stack.url) =>
    stack.worker({ ...NO_USER_LIMITS, ...env }, { runtime, supabaseUrl });
  const [client, main, hasty, brief, strict, choosy] = await Promise.all([
    newClient(stack.target),
    worker({ RELAY_BEAT_MS: "200" }, proxy.url),
    worker({ RELAY_FIRST_TOKEN_TIMEOUT_MS: "1000", RELAY_IDLE_TIMEOUT_MS: "500" }),
    worker({ RELAY_TIMEOUT_MS: "2000" }),
    worker({ RELAY_ALLOW_PRIVATE_PROVIDERS: "false", RELAY_METRICS_TOKEN: "" }),
    worker({ RELAY_PROVIDER_HOSTS: "127.0.0.1" }),
  ]);
  const botId = await makeBot(stack.target, client.user, stack.provider.script(answers()));
  return { stack, runtime, client, botId, proxy, main, hasty, brief, strict, choosy, worker: (env) => worker(env) };
}

/** A word of every prompt and answer here, so that logs can be searched for it. */
const MARK = "heron";
export const PROMPT = `Tell me of the ${MARK}`;
/** What providers send here before they fail. */
export const PARTIAL = `  The ${MARK}\n\nwaits `;

/** A generation as its client has it. */
export interface Begun {
  /** Of its provider. */
  url: string;
  worker: Worker;
  streamId: string;
  reader: Reader;
}

/** Makes a bot of the user's that calls this provider. */
export function botAt({ stack, client }: FaultStack, url: string): Promise<string> {
  return makeBot(stack.target, client.user, url);
}

/** POST /stream for a bot whose provider plays the script, or is at this URL. */
export async function ask(
  on: FaultStack,
  script: Script | string,
  { worker = on.main, client = on.client, body = {} }: {
    worker?: Worker;
    client?: Client;
    body?: Record<string, unknown>;
  } = {},
) {
  const url = typeof script === "string" ? script : on.stack.provider.script(script);
  const bot_id = await makeBot(on.stack.target, client.user, url);
  return { url, worker, response: await client.ask({ prompt: PROMPT, bot_id, ...body }, { worker: worker.url }) };
}

/** The same, and its stream. */
export async function begin(...args: Parameters<typeof ask>): Promise<Begun> {
  const { response, ...rest } = await ask(...args);
  return { ...rest, streamId: response.headers.get("x-stream-id")!, reader: readEvents(response) };
}

/** How a generation is to end. */
export interface Expected {
  /** The text that is streamed and stored; if it is absent, whatever was streamed. */
  text?: string;
  error?: { code: string; message: RegExp; retryable: boolean };
  /** Of a generation that ends without an error. */
  usage?: unknown;
  /** Of the stored row; "error", or "stop" without an error. */
  finishReason?: string;
  /** "failed", or "completed" without an error. */
  status?: string;
}

/** Reads the stream to its end, and checks all that is left of the generation. */
export async function expectEnd(on: FaultStack, { url, worker, streamId, reader }: Begun, expected: Expected) {
  const { client } = on;
  const { text, start, end, last } = await readToEnd(reader);
  if (expected.text !== undefined) equal(text, expected.text);
  const stored = await client.stored(streamId);
  const { error, finishReason = error ? "error" : "stop", usage = null } = expected;
  const finish = { is_complete: error === undefined, finish_reason: finishReason, usage };
  const identity = { stream_id: streamId, message_id: stored?.id ?? null };
  if (error) match(last.message, error.message);
  const { message } = last;
  equal(
    [end, last],
    error
      ? ["error", { ...error, message, ...identity }]
      : ["done", { ...identity, bot_id: start.bot_id, model: start.model, ...finish }],
  );
  if (text === "") {
    equal(stored, undefined);
  } else {
    const { content, parent_id, is_complete, finish_reason, usage } = stored;
    equal({ is_complete, finish_reason, usage }, finish);
    equal([content, parent_id], [text, start.user_message_id]);
  }
  await eventually("the provider has no open answer", () => on.stack.provider.open(url) === 0);
  equal(on.stack.provider.calls(url).length, 1);
  const status = expected.status ?? (error ? "failed" : "completed");
  const finished = await eventually("the log says that the generation finished", () => {
    const lines = worker.lines().filter((line) => line.event === "generation_finished" && line.stream_id === streamId);
    return lines.length > 0 && lines;
  });
  equal(finished.map(({ outcome }) => outcome), [status]);
  // A cancel of what has ended says how it did; this worker may have ended, too.
  const cancelled = await client.cancel(streamId, { worker: on.stack.functions_url });
  equal([cancelled.status, await cancelled.json()], [200, { stream_id: streamId, status }]);
  expectQuiet(on, worker, reader);
  if (worker.alive) await expectAlive(on, worker);
}

/** Neither the answer nor the log holds a key or a token, and the log holds nothing of the conversation. */
export function expectQuiet({ stack, client }: FaultStack, worker: Worker, reader?: Reader): void {
  const secrets = [BOT_KEY, stack.secret_key, stack.jwt_secret, client.user.token];
  for (const secret of [...secrets, MARK]) ok(!worker.log().includes(secret), "The log holds what it must not");
  if (!reader) return;
  const answer = JSON.stringify([[...reader.response.headers], reader.events]);
  for (const secret of secrets) ok(!answer.includes(secret), "The answer holds a secret");
}

/** The worker still does its work. */
export async function expectAlive(on: FaultStack, worker: Worker): Promise<void> {
  const body = { prompt: PROMPT, bot_id: on.botId };
  equal((await on.client.generate(body, { worker: worker.url })).last.finish_reason, "stop");
}

/** The base URL of a provider that does not listen. */
export function closedPort(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}/v1`;
}
