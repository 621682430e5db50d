/** `deno task story`, as somebody at a terminal would run it. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startStoryProvider, type StoryProvider } from "./story_provider.ts";
import { order } from "./world.ts";
import { type DevStack, startDevStack } from "../../testkit/stack.ts";
import { makeBot, rest, signUp, type Target } from "../../testkit/target.ts";

const STORY = fileURLToPath(new URL("../../dev/story.ts", import.meta.url));

let stack: DevStack;
let provider: StoryProvider;
let target: Target;

Deno.test.beforeAll(async () => {
  provider = startStoryProvider();
  stack = await startDevStack([], { RELAY_BEAT_MS: "200" });
  target = {
    workers: [stack.functions_url],
    supabaseUrl: stack.url,
    publishableKey: stack.publishable_key,
    secretKey: stack.secret_key,
    jwtSecret: stack.jwt_secret,
  };
});

Deno.test.afterAll(async () => {
  await stack.stop();
  await provider.close();
});

interface Telling {
  user: Awaited<ReturnType<typeof signUp>>;
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the task for a user of its own; `onText` sees each piece of stdout. */
async function tell(
  args: string[],
  onText: (text: string, child: Deno.ChildProcess) => void = () => {},
): Promise<Telling> {
  const user = await signUp(target);
  await makeBot(target, user, provider.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-lock", STORY, ...args],
    env: { RELAY_URL: stack.functions_url, RELAY_TOKEN: user.token },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stdout = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      stdout += text;
      onText(text, child);
    }
  })();
  const stderr = await new Response(child.stderr).text();
  await reading;
  const { code } = await child.status;
  return { user, code, stdout, stderr };
}

Deno.test("deno task story prints the tokens as they come, then what was stored", async () => {
  let pieces = 0;
  const prompt = order({ chunks: 60, pauseMs: 10 });
  const { user, code, stdout, stderr } = await tell([prompt], () => pieces++);
  const [{ id, content }] = await rest(target, user, "messages?select=id,content&is_user_author=is.false");
  equal([code, stdout], [0, `${content}\n`]);
  equal(stderr, `The end (stop): stored as message ${id}, ${content.length} characters\n`);
  equal(pieces > 3, true);
});

Deno.test("Ctrl-C stops the story, and says what was stored", async () => {
  let stopped = false;
  const { user, code, stdout, stderr } = await tell([order({ chunks: 5, end: "wait" })], (_, child) => {
    if (!stopped) child.kill("SIGINT");
    stopped = true;
  });
  const [{ id, content, finish_reason }] = await rest(
    target,
    user,
    "messages?select=id,content,finish_reason&is_user_author=is.false",
  );
  equal([code, finish_reason, stdout], [130, "cancelled", `${content}\n`]);
  equal(stderr, `Stopped: stored as message ${id}, ${content.length} characters\n`);
});

Deno.test("--json prints each event as a line", async () => {
  const { code, stdout } = await tell(["--json", order({ chunks: 2 })]);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  equal(code, 0);
  equal(events[0].type, "start");
  equal(events.at(-1).type, "done");
  equal(events.slice(1, -1).every(({ type }) => type === "token"), true);
});

Deno.test("a story that the relay refuses says why, with the code", async () => {
  const bot = crypto.randomUUID();
  const { code, stdout, stderr } = await tell([`--bot=${bot}`, "Hello"]);
  equal([code, stdout], [1, ""]);
  match(stderr, /^Cannot .* \(bot_not_found\): nothing was stored\n$/);
});
