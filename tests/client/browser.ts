/** Opens pages in Chromium. */

import { chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** Whether this machine has a browser. */
export function hasChromium(): boolean {
  try {
    return Deno.statSync(CHROMIUM).isFile;
  } catch {
    return false;
  }
}

/** A running browser. */
export interface Browser {
  /**
   * Opens, for a visitor of its own, a page of the origin that has nothing but this script and #root; what it fails with
   * is printed. The page is a real answer of that server, for Chromium lets none that a test made up call a loopback
   * address.
   */
  withPage<T>(origin: string, script: string, use: (page: Page) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Starts Chromium with a profile that is thrown away. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
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
  return {
    async withPage(origin, script, use) {
      const visitor = await browser.newContext();
      try {
        const page = await visitor.newPage();
        page.on("pageerror", (error) => console.error("page:", error));
        await page.goto(`${origin}/functions/v1/healthz`);
        await prepare(page, script);
        return await use(page);
      } finally {
        await visitor.close();
      }
    },
    close: () => browser.close(),
  };
}

/** Empties the page but for #root, and runs the script on it; also after a reload. */
export async function prepare(page: Page, script: string): Promise<void> {
  await page.evaluate(`document.body.innerHTML = '<div id="root"></div>'`);
  await page.addScriptTag({ type: "module", content: `${script}\nglobalThis.prepared = true;` });
  await page.waitForFunction("globalThis.prepared");
}
