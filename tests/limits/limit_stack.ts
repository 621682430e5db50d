/** The stack that limits are tested on. */

import { type Client, newClient } from "../../testkit/author.ts";
import { makeBot } from "../../testkit/people.ts";
import type { Script } from "../../testkit/provider.ts";
import { type FaultProxy, startProxy } from "../../testkit/proxy.ts";
import { type Reader, readEvents } from "../../testkit/reader.ts";
import { NO_USER_LIMITS, type Stack } from "../../testkit/stack.ts";
import type { Worker } from "../../testkit/workers.ts";

/** A limit that is reached: just below it nothing happens, above it what docs/limits.md says. */
export interface Limit {
  title: string;
  run(on: LimitStack): Promise<void>;
}

/** A worker with the default limits, but for a user's. */
export interface LimitStack {
  stack: Stack;
  client: Client;
  worker: Worker;
  /** Between the workers and the stack. */
  proxy: FaultProxy;
}

/** Starts the worker. */
export async function openLimitStack(stack: Stack): Promise<LimitStack> {
  const proxy = startProxy(stack.url);
  const worker = await stack.worker(NO_USER_LIMITS, { supabaseUrl: proxy.url });
  const client = await newClient({ ...stack.target, workers: [worker.url] });
  return { stack, client, worker, proxy };
}

/** A body for POST /stream, for a bot whose provider plays the script. */
export async function bodyFor({ stack, client }: LimitStack, script: Script) {
  const bot_id = await makeBot(stack.target, client.user, stack.provider.script(script));
  return { prompt: "Once", bot_id, stream_id: crypto.randomUUID() };
}

/** Starts a generation whose provider plays the script. */
export async function begin(on: LimitStack, script: Script): Promise<Reader & { streamId: string }> {
  const body = await bodyFor(on, script);
  return Object.assign(readEvents(await on.client.ask(body)), { streamId: body.stream_id });
}

/**
 * A provider that sends this text in parts, as fast as its client reads up to `readable`: a faster one would lose the
 * client. No part may end inside a character, for the client gets that with the next one.
 */
export async function generateSlowly(on: LimitStack, text: string, part: number, readable = text.length) {
  let length = 0;
  let read = Promise.withResolvers<void>();
  const reader = await begin(on, async (call) => {
    for (let at = 0; at < text.length; at += part) {
      await call.token(text.slice(at, at + part));
      while (length < Math.min(at + part, readable)) await read.promise;
    }
    await call.finish();
  });
  for (let event = await reader.next(); event !== undefined; event = await reader.next()) {
    if (event.event === "token") length += event.data.length;
    read.resolve();
    read = Promise.withResolvers();
  }
  return reader;
}
