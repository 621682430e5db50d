/** What each test of the playground stands in: the embedded stack, a provider in its hands, and a window. */

import type { Browser as Chromium, BrowserContextOptions } from "playwright-core";
import { createClient } from "@supabase/supabase-js";
import { type DevStack, startDevStack } from "../../testkit/stack.ts";
import { type ProviderCall, type ScriptedProvider, startScriptedProvider } from "../../testkit/provider.ts";
import { makeBot, type Target, type TestUser } from "../../testkit/target.ts";
import { soon, startChromium, type Window, withWindow } from "./browser.ts";
import { PASSWORD, type Reader, readerOf } from "./reader.ts";

/** What the tests of one file share. */
export interface House {
  stack: DevStack;
  target: Target;
  provider: ScriptedProvider;
  chromium: Chromium;
  close(): Promise<void>;
}

/** Starts the stack, with the default limits, and the browser. */
export async function openHouse(): Promise<House> {
  const provider = startScriptedProvider();
  const demo = provider.script((call) => call.finish());
  const [stack, chromium] = await Promise.all([startDevStack(["--provider", demo]), startChromium()]);
  return {
    stack,
    target: {
      workers: [stack.functions_url],
      supabaseUrl: stack.url,
      publishableKey: stack.publishable_key,
      secretKey: stack.secret_key,
      jwtSecret: stack.jwt_secret,
    },
    provider,
    chromium,
    async close() {
      await chromium.close();
      await stack.stop();
      await provider.close();
    },
  };
}

/** A provider that says what the test says. */
export interface Teller {
  baseUrl: string;
  /** Its n-th request, counted from 1. */
  call(count: number): Promise<ProviderCall>;
  /** Has the n-th request answered with this text, to its end. */
  tell(count: number, text: string): Promise<void>;
  /** Ends what is still open. */
  hush(): void;
}

/** A provider at an address of its own. */
export function newTeller(provider: ScriptedProvider): Teller {
  const baseUrl = provider.script(() => Promise.resolve());
  const call = (count: number) => soon(`request ${count} reaches the provider`, provider.called(baseUrl, count));
  return {
    baseUrl,
    call,
    async tell(count, text) {
      const answer = await call(count);
      await answer.token(text);
      await answer.finish();
    },
    hush() {
      for (const call of provider.calls(baseUrl)) call.end();
    },
  };
}

/** A user at the page, signed in, whose one bot the teller speaks for. */
export interface Lab extends Teller {
  window: Window;
  reader: Reader;
  user: TestUser;
}

/** What the tests are registered with; the house is open only while they run. */
export interface Tools {
  house: () => House;
  pageTest(rule: string, run: (lab: Lab) => Promise<void>, options?: BrowserContextOptions): void;
}

/** Signs somebody up, and keeps what a browser would then remember. */
async function newcomer({ supabaseUrl, publishableKey }: Target) {
  const memory = new Map<string, string>();
  const { auth } = createClient(supabaseUrl, publishableKey, {
    auth: {
      autoRefreshToken: false,
      storage: {
        getItem: (name) => memory.get(name) ?? null,
        setItem: (name, value) => void memory.set(name, value),
        removeItem: (name) => void memory.delete(name),
      },
    },
  });
  const email = `${crypto.randomUUID()}@test.example`;
  const { data, error } = await auth.signUp({ email, password: PASSWORD });
  if (error) throw error;
  const { id } = data.user!;
  const user: TestUser = { id, email, token: data.session!.access_token };
  const remembered = [...memory].map(([name, value]) => ({ name, value }));
  return { user, remembered };
}

/** Runs with a user and a window of their own. */
export async function withLab(
  { target, provider, chromium }: House,
  options: BrowserContextOptions,
  run: (lab: Lab) => Promise<void>,
): Promise<void> {
  const teller = newTeller(provider);
  const { user, remembered } = await newcomer(target);
  await makeBot(target, user, teller.baseUrl);
  const storageState = { cookies: [], origins: [{ origin: target.supabaseUrl, localStorage: remembered }] };
  try {
    await withWindow(chromium, { storageState, ...options }, async (window) => {
      const reader = readerOf(await window.tab(target.supabaseUrl));
      await reader.composer.waitFor();
      await run({ ...teller, window, reader, user });
    });
  } finally {
    teller.hush();
  }
}
