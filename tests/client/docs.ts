/** Runs every example of docs/client.md, and holds the page to the bundle's size. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import importMap from "../../import_map.json" with { type: "json" };
import manifest from "../../client/package.json" with { type: "json" };
import { hasChromium } from "../../testkit/browser.ts";
import { becomes, eventually } from "../../testkit/eventually.ts";
import { PASSWORD, rest } from "../../testkit/people.ts";
import { skip } from "../../testkit/skipped.ts";
import { bundle, deno, reload, useChromium, useStack, withPage } from "./runtimes.ts";
import { order, signUpWithBot } from "./scenarios.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const setup = useStack();

/** What the examples use and do not declare. */
const GLOBALS = `
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Generation, RelayClient } from "./client/client.ts";
declare global {
  const url: string, publishableKey: string, email: string, password: string;
  const supabase: SupabaseClient, relay: RelayClient, story: Generation, question: string;
  const stopButton: { onclick: (() => void) | null };
  const history: { replaceState(data: null, unused: string, url: string): void };
  function show(text: string): void;
  interface HTMLTextAreaElement { value: string }
}
`;

/** Sets these, and collects what is shown. */
const SETUP = `
import { createClient } from "@supabase/supabase-js";
import { createRelayClient } from "./client/client.ts";
export async function setUp(given) {
  const shown = [];
  const relay = createRelayClient({ url: given.functionsUrl, token: () => given.accessToken });
  const supabase = createClient(given.url, given.publishableKey);
  Object.assign(globalThis, given, { shown, relay, supabase, stopButton: {}, show: (text) => shown.push(text) });
  const { error } = await supabase.auth.signInWithPassword(given);
  if (error) throw error;
}
`;

/** Runs the examples that need no page, one after the other, and writes what each has shown. */
const RUNNER = `
import { setUp } from "./set_up.ts";
const outputs = [];
for (const name of ["story", "end", "spending"]) {
  await setUp(JSON.parse(Deno.args[0]));
  if (name === "end") globalThis.story = relay.start({ prompt: "Tell me" });
  await import("./" + name + ".ts");
  outputs.push(shown.join(""));
}
console.log(JSON.stringify(outputs));
Deno.exit();
`;

/** Lets a test run the other examples on a page. */
const PAGE = `
import { createElement as h, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { setUp } from "./set_up.ts";
const render = (element) => createRoot(document.getElementById("root")).render(element);
Object.assign(globalThis, {
  setUp,
  resume: () => void import("./resume.ts"),
  async useStory() {
    const { StoryPage } = await import("./story_page.tsx");
    render(h(StrictMode, null, h(StoryPage)));
  },
  async useStoryChat() {
    const { useStoryChat } = await import("./chat.ts");
    render(h(() => {
      const { messages } = globalThis.hook = useStoryChat();
      return h("pre", null, (messages[1]?.parts ?? []).map(({ text }) => text).join(""));
    }));
  },
});
`;

/** What a project that uses JSX has in its configuration. */
const JSX = `/** @jsxImportSource ${importMap.imports.react} */
/** @jsxImportSourceTypes ${importMap.imports["@types/react"]} */
`;
/** The package's entries are what client/package.json says. */
function fromSource(text: string): string {
  const entries = Object.entries(manifest.exports);
  return entries.reduce(
    (text, [entry, path]) =>
      text.replaceAll(`"${entry.replace(".", manifest.name)}"`, `"${ROOT}client/${path.slice(2)}"`),
    text.replaceAll('"./client/', `"${ROOT}client/`),
  );
}

/** Writes each example, and further files, to a folder that lives as long as `use`. */
async function withExamples<T>(further: Record<string, string>, use: (folder: string, names: string[]) => Promise<T>) {
  const page = await Deno.readTextFile(`${ROOT}docs/client.md`);
  const examples = [...page.matchAll(/^```tsx?\n\/\/ (\w+\.tsx?)\n(.*?)^```$/gms)]
    .map(([, name, text]) => [name, `${name.endsWith("x") ? JSX : ""}import type {} from "./globals.ts";\n${text}`]);
  const folder = await Deno.makeTempDir({ prefix: "relay-examples-" });
  try {
    for (const [name, text] of [...examples, ["globals.ts", GLOBALS], ...Object.entries(further)]) {
      await Deno.writeTextFile(`${folder}/${name}`, fromSource(text));
    }
    return await use(folder, examples.map(([name]) => name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A user with a bot: what the examples need of it, as JSON, and the stored answers. */
async function newReader(question?: string) {
  const { target } = setup;
  const user = await signUpWithBot(setup);
  const example = JSON.stringify({
    url: target.supabaseUrl,
    publishableKey: target.publishableKey,
    functionsUrl: target.workers[0],
    accessToken: user.token,
    email: user.email,
    password: PASSWORD,
    question,
  });
  const answers = () => rest(target, user, "messages?select=*&is_user_author=is.false&order=created_at");
  return { example, answers };
}

Deno.test("the client's types are the relay's; each example of docs/client.md fits them, and runs in Deno if it needs no page", async () => {
  await withExamples({ "set_up.ts": SETUP, "run.ts": RUNNER }, async (folder, names) => {
    equal(names, ["story.ts", "end.ts", "resume.ts", "spending.ts", "story_page.tsx", "chat.ts"]);
    await deno("check", "tests/client/same_types.ts", ...names.map((name) => `${folder}/${name}`));
    const { example, answers } = await newReader();
    const shown = JSON.parse(await deno("run", "--no-check", "-A", `${folder}/run.ts`, example));
    const [story, end] = await answers();
    equal(shown, [
      `${story.content}\ncompleted, stored as ${story.id}`,
      `The end, stored as ${end.id}`,
      "36 tokens today",
    ]);
  });
});

if (hasChromium()) {
  useChromium();
  Deno.test("the other examples of docs/client.md run in Chromium", async () => {
    const files = { "set_up.ts": SETUP, "page.ts": PAGE };
    const script = await withExamples(files, (folder) => bundle(`${folder}/page.ts`));
    await withPage(script, async (page) => {
      async function visit(example: string, code: string) {
        await reload(page, script);
        await page.evaluate(`setUp(${example})`);
        await page.evaluate(code);
      }
      const shown = () => page.evaluate<string>('shown.join("")');
      const begun = () => eventually("a story begins", async () => await shown() !== "");

      const resumed = await newReader(order({ chunks: 150, pauseMs: 10 }));
      await visit(resumed.example, "resume()");
      await begun();
      await visit(resumed.example, "resume()");
      const [row] = await eventually(
        "the story ends",
        async () => (await resumed.answers()).length > 0 && resumed.answers(),
      );
      await eventually("all of it is shown", async () => await shown() === row.content);
      equal(row.finish_reason, "stop");

      const stopped = await newReader(order({ chunks: 5, end: "wait" }));
      await visit(stopped.example, "resume()");
      await begun();
      await page.evaluate("stopButton.onclick()");
      await becomes(async () => (await stopped.answers())[0]?.finish_reason, "cancelled");

      /** Waits for the answer, and until the page shows it. */
      async function expectAnswer({ answers }: Awaited<ReturnType<typeof newReader>>, selector: string) {
        const [{ content }] = await eventually("it is stored", async () => (await answers()).length > 0 && answers());
        await eventually("it is shown", async () => await page.locator(selector).last().textContent() === content);
      }

      const writer = await newReader();
      await visit(writer.example, "useStory()");
      await page.fill("textarea", "Tell me");
      await page.click(`button:text-is("Send")`);
      await expectAnswer(writer, "p.assistant");
      await page.click(`button:text-is("Regenerate")`);
      await eventually("there are two", async () => (await writer.answers()).length === 2);

      const chatter = await newReader();
      await visit(chatter.example, "useStoryChat()");
      await page.waitForSelector("pre", { state: "attached" });
      await page.evaluate(`void hook.sendMessage({ text: "Tell me" })`);
      await expectAnswer(chatter, "pre");
      await eventually("the address has the conversation", () => page.url().includes("?conversation="));
      await visit(chatter.example, "useStoryChat()");
      await expectAnswer(chatter, "pre");
    });
  });
} else skip("the client's examples in a browser: there is no Chromium");

Deno.test("the client is as small as docs/client.md says, and holds nothing of the functions", async () => {
  const [client, aiSdk, react] = await Promise.all(
    ["client/client.ts", "client/ai_sdk/transport.ts", "client/react/use_story.ts"].map((entry) =>
      bundle(entry, "--minify", "--external=react")
    ),
  );
  const page = (await Deno.readTextFile(`${ROOT}docs/client.md`)).replaceAll(/\s+/g, " ");
  const [, zipped, plain, more, evenMore] =
    /is ([\d,]+) bytes, minified and gzipped \(([\d,]+) unzipped\).* AI SDK is ([\d,]+) bytes.* React is ([\d,]+) bytes/
      .exec(page)!.map((number) => Number(number.replaceAll(",", "")));
  ok(sizeOf(client) <= zipped, `It has ${sizeOf(client)} bytes, gzipped`);
  ok(client.length <= plain, `It has ${client.length} bytes`);
  ok(sizeOf(aiSdk) <= more, `The AI SDK's entry has ${sizeOf(aiSdk)} bytes`);
  ok(sizeOf(react) <= evenMore, `React's entry has ${sizeOf(react)} bytes`);
  ok(zipped <= 5 * 1024 && evenMore <= 3 * 1024, "The goals are 5 KB, and 3 KB for React");
  for (const code of [client, aiSdk, react]) equal(/zod|jose|Deno\.|SUPABASE_|createStreamHandler/.exec(code), null);
});

Deno.test("the package has no dependencies but optional peers, and its core imports nothing", async () => {
  equal(Object.keys(manifest).filter((field) => /ependencies$/.test(field)), ["peerDependencies"]);
  for (const peer of Object.keys(manifest.peerDependencies)) {
    ok((manifest.peerDependenciesMeta as Record<string, { optional: boolean }>)[peer].optional, peer);
  }
  const { modules } = JSON.parse(await deno("info", "--json", "client/client.ts"));
  for (const { specifier } of modules) ok(specifier.startsWith("file:"), specifier);
});

function sizeOf(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}
