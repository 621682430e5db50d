/** Chromium for tests: starts it, opens windows that share nothing, and fails a test for what a page throws. */

import {
  type Browser as Chromium,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** A page that takes longer than this for one step is broken. */
const PATIENCE_MS = 10_000;

/** Whether this machine has a browser. */
export function hasChromium(): boolean {
  try {
    return Deno.statSync(CHROMIUM).isFile;
  } catch {
    return false;
  }
}

/** Starts Chromium with a profile of its own, which is removed with it. */
export function startChromium(): Promise<Chromium> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A window whose tabs share cookies and storage with each other, and with no other window. */
export interface Window {
  context: BrowserContext;
  /** Opens one more tab. */
  tab(url: string): Promise<Page>;
  /** The bodies of all answers that have ended so far, event streams included. */
  answers: readonly string[];
}

/** Runs with a new window; what a page throws, or its security policy refuses, fails the test. */
export async function withWindow<T>(
  browser: Chromium,
  options: BrowserContextOptions,
  use: (window: Window) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const answers: string[] = [];
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  context.on("requestfinished", async (request) => {
    try {
      answers.push(await (await request.response())?.text() ?? "");
    } catch {
      // The tab closed first.
    }
  });
  try {
    const result = await use({
      context,
      async tab(url) {
        const page = await context.newPage();
        await page.goto(url);
        return page;
      },
      answers,
    });
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
    return result;
  } catch (error) {
    for (const page of context.pages()) {
      const text = await page.locator("body").innerText().catch(() => "");
      console.error(`A tab showed:\n${text}\n${complaints.join("\n")}`);
    }
    throw error;
  } finally {
    await context.close();
  }
}

/** The promise, or an error if it does not settle in time. */
export async function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It never came to this: ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
