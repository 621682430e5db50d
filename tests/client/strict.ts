/** Programs that use every entry of the packed client, and strict compilers for them. */

import { match } from "node:assert/strict";
import type { Project } from "./projects.ts";
import { run } from "./runtimes.ts";

/** Uses every entry. The compiler must refuse the lines that are wrong. */
export const CORE = `
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
createRelayClient({ supabase, headers: new Headers({ "x-region": "eu" }) });
createRelayClient({ supabase, headers: () => [["x-region", "eu"]] });
// @ts-expect-error A URL needs a token.
createRelayClient({ url: "http://localhost" });
// @ts-expect-error A header is a string.
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
// @ts-expect-error Only one of the two.
relay.start({ prompt: "Begin", reroll_of: 7 });
export const left: number | undefined = (await mySpending(supabase))?.budgets[0]?.tokens?.left;
void mySpending(typed);
`;

export const CHAT = `
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
export const BROWSER = {
  module: "esnext",
  moduleResolution: "bundler",
  lib: ["es2022", "dom", "dom.iterable"],
  types: [],
};
export const NODE = { module: "node16", moduleResolution: "node16", lib: ["es2022"], types: ["node"] };

/** Type-checks; gives the errors in our own files. Those in other packages are not ours to mend. */
export async function complaints(
  project: Project,
  flags: string[],
  name: string,
  options: object,
  ai?: string,
  ...further: string[]
): Promise<string[]> {
  const paths = ai ? { paths: { ai: [`./node_modules/${ai}/dist/index.d.ts`] } } : {};
  const config = {
    compilerOptions: { ...STRICT, ...options, ...paths },
    files: [ai ? "chat.ts" : "core.ts", ...further],
  };
  await Deno.writeTextFile(`${project.folder}/${name}.json`, JSON.stringify(config));
  const args = [
    "node_modules/typescript/bin/tsc",
    "--pretty",
    "false",
    "--listFiles",
    ...flags,
    "-p",
    `${name}.json`,
  ];
  const written = await run("node", args, "", { cwd: project.folder }).catch(({ message }) =>
    message.replace(/^Cannot run node .*?: /, "") as string
  );
  match(written, /@storytellr\/client\/client\.d\.ts/);
  return written.split("\n").filter((line) => /error TS/.test(line) && !/^node_modules\/(?!@storytellr)/.test(line));
}
