/** What a scenario of the client's suite gets: nothing that a browser does not have. */

import { type Address, type ClientOptions, createRelayClient, type RelayClient } from "../../client/client.ts";
import { makeBot, rest, signUp, storedMessage, type Target, type TestUser } from "../../testkit/target.ts";

/** Where the suite runs; goes to a browser as JSON. */
export interface World {
  target: Target;
  /** The functions' URL behind a proxy that cuts connections. */
  chaosUrl: string;
  providerUrl: string;
}

/** How the provider tells its story; the prompt is this as JSON. */
export interface Order {
  /** Chooses the words. */
  seed?: number;
  chunks: number;
  /** Between two chunks. */
  pauseMs?: number;
  /** After the last chunk; `wait` says nothing more until the relay goes away. */
  end?: "finish" | "wait" | "break";
}

/** A user with a bot, and a client that is this user's. */
export interface Storyteller {
  user: TestUser;
  client: RelayClient;
}

/** Signs up, makes a bot. */
export async function newStoryteller(
  { target, providerUrl }: World,
  options: Partial<Address & ClientOptions> = {},
): Promise<Storyteller> {
  const user = await signUp(target);
  await makeBot(target, user, providerUrl);
  const client = createRelayClient(
    { url: target.workers[0], token: () => user.token, ...options } as
      & Address
      & ClientOptions,
  );
  return { user, client };
}

/** The prompt that orders a story. */
export function order(order: Order): string {
  return JSON.stringify(order);
}

/** The stored message, once there is one; the worker may store it after the client has gone. */
export async function stored({ target }: World, { user }: Storyteller, streamId: string) {
  for (let looks = 0; looks < 200; looks++) {
    const message = await storedMessage(target, user, streamId);
    if (message) return message;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`No message of the stream ${streamId} was stored`);
}

/** How many messages of the user's there are, questions among them. */
export async function countOfMessages({ target }: World, { user }: Storyteller): Promise<number> {
  return (await rest(target, user, "messages?select=id")).length;
}

/** Throws unless both are the same JSON. */
export function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`Expected ${b}\nbut found ${a}`);
}
