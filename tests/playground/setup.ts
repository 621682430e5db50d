/// <reference lib="dom" />
/** What the tests of the page share: the stack, the browser, and a signed-in user with a bot. */

import type { Browser, BrowserContextOptions } from "playwright-core";
import { hasChromium, startChromium, type Window, withWindow } from "../../testkit/browser.ts";
import { within } from "../../testkit/eventually.ts";
import { makeBot, signUp, type TestUser } from "../../testkit/people.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { type ProviderCall, type Script, waits } from "../../testkit/provider.ts";
import { skip } from "../../testkit/skipped.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";
import { type Visitor, visitorOf } from "./visitor.ts";

/** Set while the tests run. */
export let stack: Stack;
let chromium: Browser;

/** On PGlite, as `deno task demo` has it, for the tests of the entry; where there is no Postgres, `stack` is this one. */
export let embedded: Stack;

if (hasChromium()) {
  Deno.test.beforeAll(async () => {
    const demo: Script = (call) => call.finish();
    [embedded, stack, chromium] = await Promise.all([
      startStack({ demo }),
      HAS_SERVER ? startStack({ demo, postgres: true }) : undefined,
      startChromium(),
    ]).then(([embedded, stack = embedded, chromium]) => [embedded, stack, chromium]);
    // Tests sign in on the page, and need users with a password.
    delete stack.target.newUser;
  });
  Deno.test.afterAll(async () => {
    await chromium.close();
    await Promise.all([embedded.stop(), stack.stop()]);
  });
} else skip("the playground in a browser: there is no Chromium");

/** Opens the page for a user who is signed in: only the tests of signing in need the form. */
async function openAs(window: Window, { session }: TestUser, url: string): Promise<Visitor> {
  const kept = { ...session, expires_at: session!.expires_at ?? Date.now() / 1000 + session!.expires_in };
  const { origin, hostname } = new URL(stack.url);
  await window.context.addInitScript(({ origin, key, text }) => {
    // Once for each tab: a user who signs out stays signed out.
    if (location.origin !== origin || document.defaultView!.name === "signed in") return;
    document.defaultView!.name = "signed in";
    localStorage.setItem(key, text);
  }, { origin, key: `sb-${hostname.split(".")[0]}-auth-token`, text: JSON.stringify(kept) });
  const visitor = visitorOf(await window.tab(url));
  await visitor.composer.waitFor();
  return visitor;
}

/** A base URL whose answers the test plays. */
export function newProvider({ provider } = stack) {
  const baseUrl = provider.script(waits);
  /** The n-th request, counted from 1. */
  const call = (count: number): Promise<ProviderCall> =>
    within(`request ${count} reaches the provider`, provider.called(baseUrl, count));
  /** Answers the n-th request with this text, to the end. */
  async function answer(count: number, text: string) {
    const request = await call(count);
    await request.token(text);
    await request.finish();
  }
  return { baseUrl, call, answer };
}

/** A signed-in user on the page, and the provider of the user's one bot. */
export interface Visit extends Pick<Visitor, "page" | "button" | "choose" | "save" | "composer"> {
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
  user: TestUser,
  use: (other: Visitor) => Promise<void>,
  options: BrowserContextOptions = {},
) {
  return withWindow(chromium, options, async (window) => {
    await use(await openAs(window, user, visitor.page.url()));
  });
}

/** A test with a window of its own. */
export function windowTest(rule: string, run: (window: Window) => Promise<void>, options: BrowserContextOptions = {}) {
  if (hasChromium()) Deno.test(`the playground: ${rule}`, () => withWindow(chromium, options, run));
}

/** A test of who has not signed in, at this address. */
export function entryTest(
  rule: string,
  run: (visitor: Visitor, window: Window) => Promise<void>,
  { url = () => stack.url, ...options }: BrowserContextOptions & { url?: () => string } = {},
) {
  windowTest(rule, async (window) => await run(visitorOf(await window.tab(url())), window), options);
}

/** A test that has a signed-in user with a bot. */
export function pageTest(rule: string, run: (visit: Visit) => Promise<void>, options: BrowserContextOptions = {}) {
  windowTest(rule, async (window) => {
    const { baseUrl, call, answer } = newProvider();
    const user = await signUp(stack.target);
    await makeBot(stack.target, user, baseUrl);
    const calls = () => stack.provider.calls(baseUrl);
    const visitor = await openAs(window, user, stack.url);
    const answerAll = async (count: number, text: string) => {
      await answer(count, text);
      await visitor.idle();
    };
    const exchange = async (prompt: string, text: string) => {
      const count = calls().length + 1;
      await visitor.send(prompt);
      await answerAll(count, text);
    };
    try {
      await run({ ...visitor, window, visitor, user, call, answer: answerAll, exchange });
    } finally {
      calls().forEach((call) => call.end());
    }
  }, options);
}
