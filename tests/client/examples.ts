/** Makes the examples of docs/client.md files that run: what they leave open comes from `globalThis.example`. */

import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The names that an example may use without saying where they are from, with their types. */
const OPEN = `
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Generation as G, RelayClient as R } from "./client/client.ts";
const { url, functionsUrl, publishableKey, email, password, accessToken, supabase, relay, story, prompt, show, stopButton, sessionStorage } =
  (globalThis as unknown as { example: {
    url: string; functionsUrl: string; publishableKey: string; email: string; password: string; accessToken: string;
    supabase: SupabaseClient; relay: R; story: G; prompt: string; show: (text: string) => void;
    stopButton: { onclick: (() => void) | null }; sessionStorage: Storage;
  } }).example;
`;

/** What the examples leave open, in any runtime; what they show is collected. */
export const SETUP = `
import { createClient } from "@supabase/supabase-js";
import { createRelayClient } from "./client/client.ts";
export async function setUp(configuration) {
  const example = { ...configuration, shown: [], stopButton: {}, sessionStorage: globalThis.sessionStorage };
  example.show = (text) => example.shown.push(text);
  example.relay = createRelayClient({ url: example.functionsUrl, token: () => example.accessToken });
  if (example.told) example.story = example.relay.start({ prompt: example.told });
  if (globalThis.document) {
    example.supabase = createClient(example.url, example.publishableKey);
    const { error } = await example.supabase.auth.signInWithPassword(example);
    if (error) throw error;
  }
  globalThis.example = example;
}
`;

/** Runs the example named TOLD in Deno or Node. */
export const RUNNER = `
import process from "node:process";
import { setUp } from "./set_up.ts";
await setUp(JSON.parse(process.argv[2]));
await import("./TOLD.ts");
process.stdout.write(JSON.stringify(globalThis.example.shown), () => process.exit(0));
`;

/** Lets a test run the examples on a page. */
export const PAGE = `
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";
import { setUp } from "./set_up.ts";
const render = (useHook, textOf) =>
  createRoot(document.getElementById("root")).render(h(() => {
    const hook = globalThis.hook = useHook();
    return h("pre", null, textOf(hook));
  }));
Object.assign(globalThis, {
  setUp,
  story: () => import("./story.ts"),
  resume: () => void import("./resume.ts"),
  async hook() {
    const { useStory } = await import("./use_story.ts");
    render(() => useStory(example.relay), ({ text }) => text);
  },
  async chat() {
    const { useStoryChat } = await import("./chat.ts");
    render(useStoryChat, ({ messages }) => (messages[1]?.parts ?? []).map(({ text }) => text).join(""));
  },
});
`;

/** Writes each example, and further files, to a folder of its own, and gives it to `use`. */
export async function withExamples<T>(
  further: Record<string, string>,
  use: (folder: string, names: string[]) => Promise<T>,
): Promise<T> {
  const page = await Deno.readTextFile(`${ROOT}docs/client.md`);
  const blocks = [...page.matchAll(/^```ts\n\/\/ (\w+\.ts)\n(.*?)^```$/gms)];
  const folder = await Deno.makeTempDir({ prefix: "relay-examples-" });
  try {
    for (const [, name, text] of blocks) {
      await Deno.writeTextFile(`${folder}/${name}`, rooted(openOf(text) + text + "\nexport {};\n"));
    }
    for (const [name, text] of Object.entries(further)) {
      await Deno.writeTextFile(`${folder}/${name}`, rooted(text));
    }
    return await use(folder, blocks.map(([, name]) => name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names that the example uses, and does not declare itself. */
function openOf(text: string): string {
  return OPEN.replace(/const \{(.*?)\}/, (_, names: string) => {
    const open = names.split(",").map((name) => name.trim()).filter((name) =>
      new RegExp(`\\b${name}\\b`).test(text) &&
      !new RegExp(`const (\\{[^}]*\\b)?${name}\\b`).test(text)
    );
    return `const { ${open.join(", ")} }`;
  });
}

function rooted(text: string): string {
  return text.replaceAll('"./client/', `"${ROOT}client/`);
}
