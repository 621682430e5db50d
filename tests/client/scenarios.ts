/** The client's suite: the same scenarios run in Deno, in Node and in a browser. */

import { createClient } from "@supabase/supabase-js";
import { createRelayClient } from "../../client/client.ts";
import { countOfMessages, equal, newStoryteller, order, stored, type World } from "./world.ts";

/** A rule, and what shows it: rejects where it does not hold. */
export type Scenario = [rule: string, run: (world: World) => Promise<void>];

export const SCENARIOS: Scenario[] = [[
  "the text of tokens, callbacks and result is the stored message",
  async (world) => {
    const teller = await newStoryteller(world);
    let heard = "";
    const generation = teller.client.start({
      prompt: order({ seed: 11, chunks: 60 }),
    }, { onToken: (text) => heard += text });
    let read = "";
    for await (const text of generation.tokens) read += text;
    const { outcome, text, messageId } = await generation.done;
    const message = await stored(world, teller, generation.streamId);
    equal([outcome, messageId], ["completed", message.id]);
    equal([text, read, heard], Array(3).fill(message.content));
    equal(generation.start!.conversation_id, message.conversation_id);
  },
], [
  "connections that are cut at random cost no character and no second generation",
  async (world) => {
    const teller = await newStoryteller(world, { url: world.chaosUrl, retry: { attempts: 20, baseMs: 10, capMs: 50 } });
    let retries = 0;
    const generations = [21, 22, 23].map((seed) =>
      teller.client.start({
        prompt: order({ seed, chunks: 250 }),
        on_disconnect: "continue",
      }, { onRetry: () => retries++ })
    );
    for (const generation of generations) {
      const { outcome, text, messageId, error } = await generation.done;
      if (error) throw error;
      const message = await stored(world, teller, generation.streamId);
      equal([outcome, messageId], ["completed", message.id]);
      equal(text, message.content);
    }
    if (retries < 3) throw new Error(`There were only ${retries} retries`);
    equal(await countOfMessages(world, teller), 6);
  },
], [
  'a client that is cut off under "stop" learns that the relay stopped, and what was stored',
  async (world) => {
    const teller = await newStoryteller(world, { url: world.chaosUrl, retry: { attempts: 20, baseMs: 10, capMs: 50 } });
    // Cut before its first word it is not stored, and shows nothing.
    for (let text = ""; text === "";) {
      const generation = teller.client.start({ prompt: order({ chunks: 5_000, end: "wait" }) });
      const result = await generation.done;
      equal([result.outcome, result.finishReason], ["disconnected", "disconnected"]);
      text = result.text;
      if (result.messageId === null) continue;
      const message = await stored(world, teller, generation.streamId);
      equal([text, message.is_complete], [message.content, false]);
    }
  },
], [
  "cancel stops the generation, and its end tells what was stored",
  async (world) => {
    const teller = await newStoryteller(world);
    const generation = teller.client.start({ prompt: order({ chunks: 20, end: "wait" }) });
    for await (const _ of generation.tokens) break;
    const { outcome, text, messageId } = await generation.cancel();
    const message = await stored(world, teller, generation.streamId);
    equal([outcome, messageId], ["cancelled", message.id]);
    equal([text, message.finish_reason], [message.content, "cancelled"]);
    equal(await teller.client.cancel(generation.streamId), "cancelled");
  },
], [
  "a reader that left can come back to where it was, and to the beginning",
  async (world) => {
    const teller = await newStoryteller(world);
    const first = teller.client.start({ prompt: order({ seed: 31, chunks: 80 }), on_disconnect: "continue" });
    for await (const _ of first.tokens) break;
    first.detach();
    const { outcome, text } = await first.done;
    equal(outcome, "detached");
    const second = teller.client.resume(first.streamId, { from: text.length });
    const third = teller.client.resume(first.streamId);
    const [behind, whole] = await Promise.all([second.done, third.done]);
    const { content } = await stored(world, teller, first.streamId);
    equal([text + behind.text, whole.text], [content, content]);
    equal(third.start!.stream_id, first.streamId);
    const replay = await teller.client.resume(first.streamId).done;
    equal([replay.outcome, replay.text], ["completed", content]);
  },
], [
  "a signal that aborts detaches, which stops the generation by default",
  async (world) => {
    const teller = await newStoryteller(world);
    const controller = new AbortController();
    const generation = teller.client.start({
      prompt: order({ chunks: 20, end: "wait" }),
    }, { signal: controller.signal, onToken: () => controller.abort("left") });
    equal((await generation.done).outcome, "detached");
    const message = await stored(world, teller, generation.streamId);
    equal(message.finish_reason, "disconnected");
    const { outcome } = await teller.client.resume(generation.streamId).done;
    equal(outcome, "disconnected");
  },
], [
  "a start that is repeated gives the same message, not a second one",
  async (world) => {
    const teller = await newStoryteller(world);
    const request = { prompt: order({ seed: 41, chunks: 30 }), stream_id: crypto.randomUUID() };
    const results = await Promise.all([teller.client.start(request).done, teller.client.start(request).done]);
    results.push(await teller.client.start(request).done);
    const message = await stored(world, teller, request.stream_id);
    for (const { outcome, text, messageId } of results) {
      equal([outcome, messageId], ["completed", message.id]);
      equal(text, message.content);
    }
    equal(await countOfMessages(world, teller), 2);
  },
], [
  "a failure of the provider is a typed error, with the message that was stored",
  async (world) => {
    const teller = await newStoryteller(world);
    const generation = teller.client.start({ prompt: order({ chunks: 10, end: "break" }) });
    const { outcome, text, error } = await generation.done;
    const message = await stored(world, teller, generation.streamId);
    equal([outcome, error!.code, error!.retryable], ["failed", "provider_bad_response", true]);
    equal([error!.messageId, text], [message.id, message.content]);
  },
], [
  "more generations at once than allowed are refused with the time to wait",
  async (world) => {
    const teller = await newStoryteller(world);
    const running = [1, 2, 3].map(() => teller.client.start({ prompt: order({ chunks: 1, end: "wait" }) }));
    for (const { tokens } of running) for await (const _ of tokens) break;
    const refused = teller.client.start({ prompt: order({ chunks: 1 }) });
    const { outcome, error } = await refused.done;
    equal([outcome, error!.code, error!.status, error!.retryable], ["failed", "too_many_streams", 429, true]);
    equal(error!.retryAfter! > 0, true);
    await Promise.all(running.map((generation) => generation.cancel()));
  },
], ["a token that the relay refuses is renewed once", async (world) => {
  const tokens = ["not.a.token"];
  const teller = await newStoryteller(world, { token: () => tokens.pop() ?? teller.user.token });
  const { outcome } = await teller.client.start({ prompt: order({ chunks: 2 }) }).done;
  equal([outcome, tokens.length], ["completed", 0]);
  const stranger = await newStoryteller(world, { token: () => "not.a.token" });
  const { error } = await stranger.client.resume("nothing").done;
  equal([error!.code, error!.status], ["unauthenticated", 401]);
}], ["what is another user's stream is not found", async (world) => {
  const [owner, stranger] = await Promise.all([newStoryteller(world), newStoryteller(world)]);
  const generation = owner.client.start({ prompt: order({ chunks: 2 }) });
  await generation.done;
  const { error } = await stranger.client.resume(generation.streamId).done;
  equal([error!.code, error!.status], ["stream_not_found", 404]);
}], ["a SupabaseClient is all that a client needs", async (world) => {
  const { supabaseUrl, publishableKey } = world.target;
  const teller = await newStoryteller(world);
  const supabase = createClient(supabaseUrl, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
    // Node 20 has none, and supabase-js then wants one given, also where it is not used.
    ...("WebSocket" in globalThis ? {} : { realtime: { transport: class {} as unknown as typeof WebSocket } }),
  });
  const { error } = await supabase.auth.signInWithPassword({
    email: teller.user.email,
    password: "correct horse battery staple",
  });
  if (error) throw error;
  const client = createRelayClient({ supabase });
  const generation = client.start({ prompt: order({ chunks: 5 }) });
  const { outcome, text } = await generation.done;
  const { content } = await stored(world, teller, generation.streamId);
  equal([outcome, text], ["completed", content]);
}]];
