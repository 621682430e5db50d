/** What the client's tests run on: a stack, and other runtimes, which get code as one bundle. */

import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { startChromium, withWindow } from "../../testkit/browser.ts";
import { ordered } from "../../testkit/ordered.ts";
import type { Target } from "../../testkit/people.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let setup: { target: Target; providerUrl: string } | undefined;
let browser: Browser | undefined;
let isBrowserUsed = false;

/** Starts one stack for all tests, and a provider that plays what the prompt orders. */
export function useStack(): { target: Target; providerUrl: string } {
  if (setup) return setup;
  const common = setup = {} as ReturnType<typeof useStack>;
  let stack: Stack;
  Deno.test.beforeAll(async () => {
    stack = await startStack({ postgres: HAS_SERVER, env: { ...SCENARIO_ENV, RELAY_RATE_LIMIT_PER_MINUTE: "100" } });
    // Some users sign in with their password.
    delete stack.target.newUser;
    Object.assign(common, { target: stack.target, providerUrl: stack.provider.script(ordered) });
  });
  Deno.test.afterAll(() => stack.stop());
  return setup;
}

/** Starts one Chromium for all tests. */
export function useChromium(): () => Browser {
  if (!isBrowserUsed) {
    isBrowserUsed = true;
    Deno.test.beforeAll(async () => void (browser = await startChromium()));
    Deno.test.afterAll(() => browser!.close());
  }
  return () => browser!;
}

/** Gives what a command writes to stdout; throws with all that it wrote if it fails. */
export async function run(
  command: string,
  args: string[],
  stdin = "",
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(command, { args, cwd: ROOT, ...options, ...pipes }).spawn();
  const [, { success, stdout, stderr }] = await Promise.all([
    new Blob([stdin]).stream().pipeTo(child.stdin),
    child.output(),
  ]);
  const [written, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (success) return written;
  throw new Error(`Cannot run ${command} ${args[0]}: ${complained}${written}`);
}

/** Runs this Deno with the repository's configuration. */
export function deno(command: string, ...args: string[]): Promise<string> {
  return run(Deno.execPath(), [command, "--quiet", "--no-lock", "--config=deno.json", ...args]);
}

/** The code of an entry with everything that it imports, as one ES module. */
export function bundle(entry: string, ...flags: string[]): Promise<string> {
  return deno("bundle", "--platform=browser", ...flags, entry);
}

/** Whether there is a Node that the client supports: 20 or later. */
export async function hasNode(): Promise<boolean> {
  const version = await run("node", ["--version"]).catch(() => "");
  return Number(/^v(\d+)/.exec(version)?.[1]) >= 20;
}

/**
 * Opens a page that has nothing but the script and #root. It is an answer of the relay's, because Chromium lets no other
 * page call a loopback address.
 */
export function withPage<T>(script: string, use: (page: Page) => Promise<T>): Promise<T> {
  return withWindow(browser!, {}, async ({ tab }) => {
    const page = await tab(`${setup!.target.workers[0]}/healthz`);
    await prepare(page, script);
    return await use(page);
  });
}

/** Loads the page again. */
export async function reload(page: Page, script: string): Promise<void> {
  await page.reload();
  await prepare(page, script);
}

async function prepare(page: Page, script: string): Promise<void> {
  await page.evaluate(`document.body.innerHTML = '<div id="root"></div>'`);
  await page.addScriptTag({ type: "module", content: `${script}\nglobalThis.prepared = true;` });
  await page.waitForFunction("globalThis.prepared");
}
