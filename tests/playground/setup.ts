/** What the tests of the page share: the embedded stack, the browser, and a signed-in user with a bot. */

import type { Browser, BrowserContextOptions } from "playwright-core";
import { startChromium, type Window, withWindow } from "../../testkit/browser.ts";
import { within } from "../../testkit/eventually.ts";
import { makeBot, signUp, type TestUser } from "../../testkit/people.ts";
import { type ProviderCall, waits } from "../../testkit/provider.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { type Visitor, visitorOf } from "./visitor.ts";

/** Set while the tests run. */
export let stack: Stack;
export let chromium: Browser;

/** Starts the stack, with the default limits, and the browser. */
export async function start(): Promise<void> {
  [stack, chromium] = await Promise.all([startStack({ demo: (call) => call.finish() }), startChromium()]);
}

/** Stops both. */
export async function stop(): Promise<void> {
  await chromium.close();
  await stack.stop();
}

/** A base URL whose answers the test plays. */
export function newProvider() {
  const baseUrl = stack.provider.script(waits);
  /** The n-th request, counted from 1. */
  const call = (count: number): Promise<ProviderCall> =>
    within(`request ${count} reaches the provider`, stack.provider.called(baseUrl, count));
  /** Answers the n-th request with this text, to the end. */
  async function answer(count: number, text: string) {
    const request = await call(count);
    await request.token(text);
    await request.finish();
  }
  return { baseUrl, call, answer };
}

/** A signed-in user on the page, and the provider of the user's one bot. */
export interface Visit {
  window: Window;
  visitor: Visitor;
  user: TestUser;
  call(count: number): Promise<ProviderCall>;
  /** Answers the n-th request, and waits until the page is idle. */
  answer(count: number, text: string): Promise<void>;
  /** Sends a prompt, answers it, and waits until the page is idle. */
  exchange(prompt: string, text: string): Promise<void>;
}

/** The same story on a device that shares nothing with the first one. */
export function onOtherDevice(
  visitor: Visitor,
  { email }: TestUser,
  use: (other: Visitor) => Promise<void>,
  options: BrowserContextOptions = {},
) {
  return withWindow(chromium, options, async (window) => {
    const other = visitorOf(await window.tab(visitor.page.url()));
    await other.signIn(email);
    await use(other);
  });
}

/** Registers a test that has a user and a window of its own. */
export function pageTest(rule: string, run: (visit: Visit) => Promise<void>, options: BrowserContextOptions = {}) {
  Deno.test(`the playground: ${rule}`, async () => {
    const { baseUrl, call, answer } = newProvider();
    const user = await signUp(stack.target);
    await makeBot(stack.target, user, baseUrl);
    const calls = () => stack.provider.calls(baseUrl);
    try {
      await withWindow(chromium, options, async (window) => {
        const visitor = visitorOf(await window.tab(stack.url));
        await visitor.signIn(user.email);
        const answerAll = async (count: number, text: string) => {
          await answer(count, text);
          await visitor.idle();
        };
        const exchange = async (prompt: string, text: string) => {
          const count = calls().length + 1;
          await visitor.send(prompt);
          await answerAll(count, text);
        };
        await run({ window, visitor, user, call, answer: answerAll, exchange });
      });
    } finally {
      calls().forEach((call) => call.end());
    }
  });
}
