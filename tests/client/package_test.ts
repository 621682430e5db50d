/** The packed client as its readers install it: its types under strict settings, and a story in a terminal. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import importMap from "../../import_map.json" with { type: "json" };
import manifest from "../../client/package.json" with { type: "json" };
import { rest } from "../../testkit/people.ts";
import { skip } from "../../testkit/skipped.ts";
import { newProject, programOf, type Project } from "./projects.ts";
import { hasNode, run, useStack } from "./runtimes.ts";
import { order, signUpWithBot } from "./scenarios.ts";

const setup = useStack();
let project: Project;

const AI = { "ai-5": importMap.imports["ai-5"], "ai-6": importMap.imports["ai-6"], "ai-7": importMap.imports.ai };

/** Exact versions, so that the gate does not change by itself. */
const PACKAGE = {
  private: true,
  type: "module",
  dependencies: {
    "@supabase/supabase-js": importMap.imports["@supabase/supabase-js"].split("@").at(-1),
    ...AI,
    "@types/node": "26.6.6",
    typescript: "7.0.2",
    "typescript-5": importMap.imports.typescript,
  },
};

/** Uses every entry; what is wrong has to be refused. */
const CORE = `
import { createRelayClient, RelayClientError } from "@storytellr/client";
import type { ClientErrorCode, Generation, Id, RelayClient, Result, StartRequest } from "@storytellr/client";
import { mySpending } from "@storytellr/client/spending";
import { createClient } from "@supabase/supabase-js";

interface Row { Row: { id: string; content: string }; Insert: { content: string }; Update: { content?: string }; Relationships: [] }
interface Database {
  public: {
    Tables: { conversations: Row; messages: Row };
    Views: Record<never, never>;
    Functions: { my_spending: { Args: Record<never, never>; Returns: { today: { tokens: number } } } };
  };
}
type Never<T> = 0 extends 1 & T ? "any" : T;

export const supabase = createClient("http://localhost", "key");
export const typed = createClient<Database>("http://localhost", "key");
declare const maybe: string | undefined;

export const relay: RelayClient = createRelayClient({ supabase });
createRelayClient({ supabase: typed, fetch, headers: { "x-region": "eu-central-1" }, url: maybe });
createRelayClient({ url: "http://localhost", token: async () => "jwt", headers: async () => ({ "x-region": "eu" }) });
createRelayClient({ url: "http://localhost", token: () => "jwt", fetch: (url, init) => fetch(url, init), retry: { attempts: 3 } });
// @ts-expect-error A URL needs a token.
createRelayClient({ url: "http://localhost" });
// @ts-expect-error A header is a text.
createRelayClient({ supabase, headers: { "x-count": 1 } });

export async function use(story: Never<Generation>): Promise<Id | null> {
  for await (const event of story) {
    if (event.type === "token") event.offset.toFixed();
    // @ts-expect-error Only a token has an offset.
    else event.offset;
  }
  for await (const text of story.tokens) text.trim();
  const result: Result = await story.cancel();
  if (result.outcome === "failed") {
    const code: ClientErrorCode = result.error.code;
    if (result.error instanceof RelayClientError && code === "rate_limited") result.error.retryAfter?.toFixed();
  }
  return result.messageId;
}

const request: StartRequest = { prompt: "Begin", conversation_id: maybe, parent_id: null };
void use(relay.start(request, { onToken: (text, offset) => void text.at(offset), signal: new AbortController().signal }));
relay.start({ continue_of: 7 });
relay.resume("s1", { from: 3 });
// @ts-expect-error One of the two.
relay.start({ prompt: "Begin", reroll_of: 7 });
export const left: number | undefined = (await mySpending(supabase))?.budgets[0]?.tokens?.left;
void mySpending(typed);
`;

const CHAT = `
import { createRelayTransport, loadConversation, type StoryMetadata, toUIMessages } from "@storytellr/client/ai-sdk";
import type { ChatInit, ChatTransport, UIMessage } from "ai";
import { relay, supabase, typed } from "./core.ts";

type Message = UIMessage<StoryMetadata>;
const messages: Message[] = await loadConversation(supabase, "c1");
const transport: ChatTransport<Message> = createRelayTransport({ client: relay, messages: () => messages });
export const chat: ChatInit<Message> = { transport, messages: [...messages, ...toUIMessages([], null)] };
export const plain: ChatTransport<UIMessage> = createRelayTransport({ client: relay, request: { bot_id: 7 } });
await loadConversation(typed, "c1");
// @ts-expect-error The client is needed.
createRelayTransport({});
`;

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
  allowImportingTsExtensions: true,
  noEmit: true,
  target: "es2022",
};
const BROWSER = { module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom", "dom.iterable"], types: [] };
const NODE = { module: "node16", moduleResolution: "node16", lib: ["es2022"], types: ["node"] };

/** Type-checks; gives what is wrong with our own files. Those of other packages are not ours to mend. */
async function complaints(compiler: string, name: string, options: object, ai?: string): Promise<string[]> {
  const paths = ai ? { paths: { ai: [`./node_modules/${ai}/dist/index.d.ts`] } } : {};
  const config = { compilerOptions: { ...STRICT, ...options, ...paths }, files: [ai ? "chat.ts" : "core.ts"] };
  await Deno.writeTextFile(`${project.folder}/${name}.json`, JSON.stringify(config));
  const args = [`node_modules/${compiler}/bin/tsc`, "--pretty", "false", "--listFiles", "-p", `${name}.json`];
  const written = await run("node", args, "", { cwd: project.folder }).catch(({ message }) =>
    message.replace(/^Cannot run node .*?: /, "") as string
  );
  match(written, /@storytellr\/client\/client\.d\.ts/);
  return written.split("\n").filter((line) => /error TS/.test(line) && !/^node_modules\/(?!@storytellr)/.test(line));
}

if (await hasNode()) {
  Deno.test.beforeAll(async () => {
    project = await newProject();
    const files = {
      "package.json": JSON.stringify(PACKAGE),
      "core.ts": CORE,
      "chat.ts": CHAT,
      "story.mjs": await programOf("story.mjs"),
    };
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${project.folder}/${name}`, text);
    await project.npm(["install", project.tarball]);
  });
  Deno.test.afterAll(async () => await project[Symbol.asyncDispose]());

  Deno.test("the package's types hold under strict settings, on TypeScript 5.9", async () => {
    const found = await Promise.all([
      complaints("typescript-5", "browser", BROWSER),
      complaints("typescript-5", "node", NODE),
    ]);
    equal(found.flat(), []);
  });

  for (const ai of Object.keys(AI)) {
    Deno.test(`with the transport of ${ai}, in a browser and in Node, on TypeScript 7`, async () => {
      const found = await Promise.all([
        complaints("typescript", `browser-${ai}`, BROWSER, ai),
        complaints("typescript", `node-${ai}`, NODE, ai),
      ]);
      equal(found.flat(), []);
    });
  }

  Deno.test("a type that does not fit is seen", async () => {
    await Deno.writeTextFile(`${project.folder}/core.ts`, `${CORE}\nrelay.start({ prompt: 7 });\n`);
    const found = await complaints("typescript", "wrong", NODE);
    match(found.join("\n"), /^core\.ts\(\d+,15\): error TS2322/);
    equal(found.length, 1);
  });

  Deno.test("in Node the program of docs/client.md writes a story as it comes", async () => {
    const user = await signUpWithBot(setup);
    const written = await run("node", ["story.mjs", order({ seed: 7, chunks: 60 })], "", {
      cwd: project.folder,
      env: { RELAY_URL: setup.target.workers[0], RELAY_TOKEN: user.token },
    });
    const [{ content }] = await rest(setup.target, user, "messages?select=content&is_user_author=is.false");
    equal(written, `${content}\ncompleted\n`);
  });

  Deno.test("the tarball has what is published, and nothing else", async () => {
    const files = (await run("tar", ["tzf", project.tarball])).trim().split("\n").map((path) =>
      path.replace("package/", "")
    );
    const kinds = new Set(files.map((path) => /(\.d\.ts|\.js)$/.exec(path)?.[0] ?? path));
    equal([...kinds].sort(), [".d.ts", ".js", "LICENSE", "README.md", "package.json"]);
    for (const entry of Object.values(manifest.exports)) {
      for (const end of [".js", ".d.ts"]) ok(files.includes(entry.replace(/^\.\//, "").replace(/\.ts$/, end)), entry);
    }
    ok(!files.some((path) => /test/.test(path)));
  });
} else skip("the packed client: there is no Node 20 or later");
