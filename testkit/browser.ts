/** Chromium for tests: starts it, opens windows that share nothing, and fails a test for what a page throws. */

import {
  type Browser as Chromium,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";

/** The first one that is there. The other one draws a browser's own windows, too, which costs twice as much. */
const CHROMIUM = ["/usr/lib/chromium/chromium-headless-shell", "/usr/bin/chromium"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** A page that takes longer than this for one step is broken. */
const PATIENCE_MS = 10_000;

/** Whether this machine has a browser. */
export function hasChromium(): boolean {
  return CHROMIUM !== undefined;
}

/** Holds back requests of this method to these addresses; `asked` is the first one, `release` lets all of them go. */
export async function holdRequests(page: Page, url: string, method = "POST") {
  const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await page.route(url, async (route) => {
    if (route.request().method() === method) {
      asked.resolve();
      await held.promise;
    }
    await route.continue();
  });
  return { asked: asked.promise, release: held.resolve };
}

/** Starts Chromium with a profile of its own, which is removed with it. */
export function startChromium(): Promise<Chromium> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--in-process-gpu",
      "--disable-smooth-scrolling",
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
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  try {
    const result = await use({
      context,
      async tab(url) {
        const page = await context.newPage();
        await page.goto(url);
        return page;
      },
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
