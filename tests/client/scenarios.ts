/** The client's suite: the same scenarios run in Deno, in Node and in a browser. */

import { createClient } from "@supabase/supabase-js";
import { createRelayClient, type Generation, type Result } from "../../client/client.ts";
import type { ClientOptions } from "../../client/types.ts";
import { makeBot, PASSWORD, rest, signUp, storedMessage, type Target } from "../../testkit/people.ts";
import type { Order } from "../../testkit/ordered.ts";

/** Where the suite runs; goes to other runtimes as JSON. */
export interface Setup {
  target: Target;
  /** The functions' URL behind a proxy that cuts connections. */
  cutUrl: string;
  /** Of a provider that plays what the prompt orders. */
  providerUrl: string;
}

/** The prompt that orders an answer. */
export const order = (order: Order) => JSON.stringify(order);

/** Throws unless both are the same JSON: a page has no node:assert. */
function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`Expected ${b}\nbut found ${a}`);
}

/** Signs a user up, and gives this user a bot. */
export async function signUpWithBot({ target, providerUrl }: Pick<Setup, "target" | "providerUrl">) {
  const user = await signUp(target);
  await makeBot(target, user, providerUrl);
  return user;
}

/** Signs a user up, and makes a client that is this user's. */
async function newUser(setup: Setup, options: ClientOptions & { url?: string } = {}) {
  const { target } = setup;
  const user = await signUpWithBot(setup);
  const client = createRelayClient({ url: target.workers[0], token: () => user.token, ...options });

  /** The stored message, once there is one; the worker may store it after the client has gone. */
  async function stored({ streamId }: Generation) {
    for (let looks = 0; looks < 200; looks++) {
      const message = await storedMessage(target, user, streamId);
      if (message) return message;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`No message of the stream ${streamId} was stored`);
  }

  /** The stored message, after the end, which must be this one and have the message's text and id. */
  async function endOf(generation: Generation, ending: Result["outcome"]) {
    const { outcome, text, messageId, error } = await generation.done;
    const message = await stored(generation);
    equal([outcome, text, messageId, error?.code], [ending, message.content, message.id, undefined]);
    return message;
  }

  /** How many messages the user has, questions included. */
  const count = async () => (await rest(target, user, "messages?select=id")).length;

  return { user, client, stored, endOf, count };
}

/** A client behind the proxy that cuts connections. */
const newCutUser = (setup: Setup) =>
  newUser(setup, { url: setup.cutUrl, retry: { attempts: 20, baseMs: 10, capMs: 50 } });

/** Until the first text has come. */
async function begun({ tokens }: Generation) {
  for await (const _ of tokens) break;
}

/** Each rule with what shows it, which rejects if it does not hold. */
export const SCENARIOS: Record<string, (setup: Setup) => Promise<void>> = {
  async "the text of tokens, callbacks and result is the stored message"(setup) {
    const { client, endOf } = await newUser(setup);
    let heard = "";
    const prompt = order({ seed: 11, chunks: 60 });
    const generation = client.start({ prompt }, { onToken: (text) => heard += text });
    let read = "";
    for await (const text of generation.tokens) read += text;
    const { content, conversation_id } = await endOf(generation, "completed");
    equal([read, heard, generation.start!.conversation_id], [content, content, conversation_id]);
  },

  async "connections that are cut at random cost no character and no second generation"(setup) {
    const { client, endOf, count } = await newCutUser(setup);
    let retries = 0;
    const onRetry = () => retries++;
    const generations = [21, 22, 23].map((seed) =>
      client.start({ prompt: order({ seed, chunks: 250 }), on_disconnect: "continue" }, { onRetry })
    );
    for (const generation of generations) await endOf(generation, "completed");
    if (retries < 3) throw new Error(`There were only ${retries} retries`);
    equal(await count(), 6);
  },

  async 'a client that is cut off under "stop" learns that the relay stopped, and what was stored'(setup) {
    const { client, stored } = await newCutUser(setup);
    // A generation that is cut before its first text is not stored, and shows nothing.
    for (let text = ""; text === "";) {
      const generation = client.start({ prompt: order({ chunks: 5_000, end: "wait" }) });
      const result = await generation.done;
      equal([result.outcome, result.finishReason], ["disconnected", "disconnected"]);
      text = result.text;
      if (result.messageId === null) continue;
      const message = await stored(generation);
      equal([text, message.is_complete], [message.content, false]);
    }
  },

  async "cancel stops the generation, and its end says what was stored"(setup) {
    const { client, endOf } = await newUser(setup);
    const generation = client.start({ prompt: order({ chunks: 20, end: "wait" }) });
    await begun(generation);
    equal(await generation.cancel(), await generation.done);
    equal((await endOf(generation, "cancelled")).finish_reason, "cancelled");
    equal(await client.cancel(generation.streamId), "cancelled");
  },

  async "a reader that left can resume where it was, and from the beginning"(setup) {
    const { client, stored } = await newUser(setup);
    const first = client.start({ prompt: order({ seed: 31, chunks: 80 }), on_disconnect: "continue" });
    await begun(first);
    first.detach();
    const { outcome, text } = await first.done;
    equal(outcome, "detached");
    const [after, whole] = [client.resume(first.streamId, { from: text.length }), client.resume(first.streamId)];
    await Promise.all([after.done, whole.done]);
    const { content } = await stored(first);
    equal([text + after.text, whole.text], [content, content]);
    equal(whole.start!.stream_id, first.streamId);
    const replay = await client.resume(first.streamId).done;
    equal([replay.outcome, replay.text], ["completed", content]);
  },

  async "a signal that aborts detaches, which stops the generation by default"(setup) {
    const { client, stored } = await newUser(setup);
    const controller = new AbortController();
    const prompt = order({ chunks: 20, end: "wait" });
    const options = { signal: controller.signal, onToken: () => controller.abort("left") };
    const generation = client.start({ prompt }, options);
    equal((await generation.done).outcome, "detached");
    equal((await stored(generation)).finish_reason, "disconnected");
    equal((await client.resume(generation.streamId).done).outcome, "disconnected");
  },

  async "what runs in a conversation is found by its id, and nothing once it has ended"(setup) {
    const { client, stored } = await newUser(setup);
    const first = client.start({ prompt: order({ chunks: 20, end: "wait" }), on_disconnect: "continue" });
    await begun(first);
    const { conversation_id } = first.start!;
    const found = client.resume((await client.running(conversation_id))!);
    await begun(found);
    equal(found.streamId, first.streamId);
    const { text } = await found.cancel();
    await first.done;
    // What the other reader was sent is not cut.
    const { finish_reason, content } = await stored(found);
    equal([finish_reason, content.startsWith(text)], ["cancelled", true]);
    equal([await client.running(conversation_id), await client.running(crypto.randomUUID())], [null, null]);
  },

  async "an answer that was stopped is continued as one message, which begins with what was shown"(setup) {
    const { client, endOf } = await newUser(setup);
    const first = client.start({ prompt: order({ chunks: 20, end: "wait" }) });
    await begun(first);
    await first.cancel();
    const old = await endOf(first, "cancelled");
    const second = client.start({ continue_of: old.id });
    await second.done;
    const whole = await endOf(second, "completed");
    equal([whole.content.startsWith(old.content), whole.parent_id], [true, old.parent_id]);
  },

  async "a prompt is refused while the answer before it is written, and says what to wait for"(setup) {
    const { client, count, endOf } = await newUser(setup);
    const first = client.start({ prompt: order({ chunks: 20, end: "wait" }), on_disconnect: "continue" });
    await begun(first);
    const { conversation_id } = first.start!;
    const { error } = await client.start({ prompt: "And then?", conversation_id }).done;
    equal([error!.code, error!.streamId, error!.retryable], ["conversation_busy", first.streamId, true]);
    equal(await count(), 1);
    await first.cancel();
    await endOf(first, "cancelled");
    await endOf(client.start({ prompt: "And then?", conversation_id }), "completed");
  },

  async "a preview says what would be sent, and stores nothing"(setup) {
    const { client, count } = await newUser(setup);
    const { bot_reason, messages, left_out, fits } = await client.preview({ prompt: "Once upon a time" });
    const sizes = messages.map(({ role, characters }) => [role, characters]);
    equal([bot_reason, sizes, left_out, fits], ["latest", [["user", 16]], 0, true]);
    equal(await count(), 0);
  },

  async "a failure of the provider is a typed error, with the message that was stored"(setup) {
    const { client, stored } = await newUser(setup);
    const generation = client.start({ prompt: order({ chunks: 10, end: "break" }) });
    const { outcome, text, error } = await generation.done;
    const { id, content } = await stored(generation);
    equal([outcome, error!.code, error!.retryable], ["failed", "provider_bad_response", true]);
    equal([error!.messageId, text], [id, content]);
  },

  async "a SupabaseClient is all that a client needs"(setup) {
    const { supabaseUrl, publishableKey } = setup.target;
    const { user, endOf } = await newUser(setup);
    const supabase = createClient(supabaseUrl, publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
      // Node 20 has none, and supabase-js then needs one even if it is not used.
      ...("WebSocket" in globalThis ? {} : { realtime: { transport: class {} as unknown as typeof WebSocket } }),
    });
    const { error } = await supabase.auth.signInWithPassword({ email: user.email, password: PASSWORD });
    if (error) throw error;
    await endOf(createRelayClient({ supabase }).start({ prompt: order({ chunks: 5 }) }), "completed");
  },
};
