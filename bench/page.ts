/// <reference lib="dom" />
/**
 * Measures the page as Lighthouse does, in Chromium with its two devices, and a story of 100 KB while it is written:
 * `deno run -A bench/page.ts` prints a table, `--write` puts it into docs/playground.md.
 */

import type { CDPSession, Page } from "playwright-core";
import { buildPlayground, type Page as Files } from "../dev/playground.ts";
import { startChromium, withWindow } from "../testkit/browser.ts";
import { describeMachine, tableOf, writeFigures } from "../testkit/page.ts";
import { PASSWORD, signUp } from "../testkit/people.ts";
import { makeBot } from "../testkit/people.ts";
import type { Script } from "../testkit/provider.ts";
import { type Stack, startStack } from "../testkit/stack.ts";

/** Lighthouse's devices: a phone has a quarter of the computer's speed, and a slow 4G network. */
const DEVICES = {
  desktop: { screen: { width: 1350, height: 940 }, slowdown: 1, rttMs: 40, bytesPerSecond: 10_240 * 128 },
  phone: { screen: { width: 412, height: 823 }, slowdown: 4, rttMs: 150, bytesPerSecond: 1_638 * 128 },
};

const STORY_BYTES = 100_000;
const WORDS_PER_CHUNK = 5;
const CHUNK_MS = 10;

/** The part of a long task beyond this counts as blocking, as in Lighthouse. */
const SHORT_TASK_MS = 50;

/** How long the page has to be quiet before a measurement ends. */
const QUIET_MS = 2_000;

/** What the page's own observers have seen. */
interface Seen {
  lcp: number;
  cls: number;
  tasks: number[];
}

/** Runs in the page before everything else. */
function observe() {
  const seen: Seen = { lcp: 0, cls: 0, tasks: [] };
  Object.assign(globalThis, { seen });
  const on = (type: string, entry: (entry: PerformanceEntry) => void) =>
    new PerformanceObserver((list) => list.getEntries().forEach(entry)).observe({ type, buffered: true });
  on("largest-contentful-paint", ({ startTime }) => seen.lcp = startTime);
  on("longtask", ({ duration }) => seen.tasks.push(duration));
  on("layout-shift", (entry) => {
    const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
    if (!hadRecentInput) seen.cls += value;
  });
}

const seenBy = (page: Page): Promise<Seen> =>
  page.evaluate(() => structuredClone((globalThis as unknown as { seen: Seen }).seen));

const story: Script = async (call) => {
  let bytes = 0;
  for (let count = 1; bytes < STORY_BYTES; count++) {
    const words = "keeper " + "light ".repeat(WORDS_PER_CHUNK - 2) + (count % 12 === 0 ? "sea.\n\n" : "wave ");
    bytes += words.length;
    await call.token(words);
    await new Promise((resolve) => setTimeout(resolve, CHUNK_MS));
  }
  await call.finish();
};

/** A static host that compresses, as most do, in front of the stack. */
function host(files: Files, { url, publishable_key }: Stack) {
  const all: Files = { ...files, "config.json": JSON.stringify({ supabase_url: url, publishable_key }) };
  const types: Record<string, string> = { html: "text/html", js: "text/javascript", css: "text/css" };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1) || "index.html";
    if (all[name] === undefined) return new Response(null, { status: 404 });
    const body = new Response(all[name]).body!.pipeThrough(new CompressionStream("gzip"));
    const type = types[name.split(".").at(-1)!] ?? "image/svg+xml";
    return new Response(body, { headers: { "content-type": type, "content-encoding": "gzip" } });
  });
}

async function slowDown(devtools: CDPSession, { slowdown, rttMs, bytesPerSecond }: typeof DEVICES.desktop) {
  await devtools.send("Network.enable");
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  const network = {
    offline: false,
    latency: rttMs,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: bytesPerSecond,
  };
  await devtools.send("Network.emulateNetworkConditions", network);
}

function rowOf(device: string, what: string, { lcp, cls, tasks }: Seen, kilobytes?: number): (string | number)[] {
  const blocking = tasks.reduce((sum, task) => sum + Math.max(0, task - SHORT_TASK_MS), 0);
  return [
    ...[device, what, kilobytes === undefined ? "" : `${kilobytes.toFixed(0)} KB`],
    ...[lcp ? `${lcp.toFixed(0)} ms` : "", cls.toFixed(3)],
    ...[`${tasks.length}`, `${Math.max(0, ...tasks).toFixed(0)} ms`, `${blocking.toFixed(0)} ms`],
  ];
}

const stack = await startStack({ env: { RELAY_RATE_LIMIT_PER_MINUTE: "1000" } });
const chromium = await startChromium();
const server = host(await buildPlayground(), stack);
const address = `http://127.0.0.1:${server.addr.port}/`;
const rows: (string | number)[][] = [];

for (const [device, conditions] of Object.entries(DEVICES)) {
  const user = await signUp(stack.target);
  await makeBot(stack.target, user, stack.provider.script(story));
  await withWindow(chromium, { viewport: conditions.screen }, async ({ context }) => {
    const page = await context.newPage();
    await page.addInitScript(observe);
    const devtools = await context.newCDPSession(page);
    await slowDown(devtools, conditions);
    let bytes = 0;
    devtools.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
    await page.goto(address);
    await page.getByLabel("Email").waitFor();
    await page.waitForTimeout(QUIET_MS);
    rows.push(rowOf(device, "the first visit", await seenBy(page), bytes / 1000));

    await page.getByLabel("Email").fill(user.email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    const composer = page.getByLabel("Continue the story");
    await composer.waitFor();
    await composer.fill("A long story");
    await page.evaluate(() =>
      Object.assign((globalThis as unknown as { seen: Seen }).seen, { lcp: 0, cls: 0, tasks: [] })
    );
    await composer.press("Enter");
    await page.locator(".live").waitFor();
    await page.locator(".live").waitFor({ state: "detached", timeout: 300_000 });
    rows.push(rowOf(device, "100 KB while they are written", { ...await seenBy(page), lcp: 0 }));

    await page.reload();
    await page.locator(".answer .text").waitFor();
    await page.waitForTimeout(QUIET_MS);
    rows.push(rowOf(device, "a visit to this story", await seenBy(page)));
  });
}

await chromium.close();
await server.shutdown();
await stack.stop();
const head = ["device", "what", "weight", "LCP", "CLS", "long tasks", "longest", "blocking"];
const table = tableOf([head, ...rows]);
console.log(table);
if (Deno.args.includes("--write")) {
  const page = new URL("../docs/playground.md", import.meta.url);
  await writeFigures(page, "page", `${describeMachine("deno run -A bench/page.ts --write")}.\n\n${table}`);
}
