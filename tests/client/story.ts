/** `deno task story`, as a person at a terminal runs it. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { rest } from "../../testkit/people.ts";
import { useStack } from "./runtimes.ts";
import { order, signUpWithBot } from "./scenarios.ts";

const STORY = fileURLToPath(new URL("../../dev/story.ts", import.meta.url));

const setup = useStack();

/** Runs the task for a user of its own; `onText` sees each part of stdout. Gives the stored answer, too. */
async function story(args: string[], onText: (child: Deno.ChildProcess) => void = () => {}) {
  const user = await signUpWithBot(setup);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-lock", "--no-check", STORY, ...args],
    env: { RELAY_URL: setup.target.workers[0], RELAY_TOKEN: user.token },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  let stdout = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    onText(child);
  }
  const [stderr, { code }] = await Promise.all([errors, child.status]);
  const [answer] = await rest(setup.target, user, "messages?select=*&is_user_author=is.false");
  return { code, stdout, stderr, answer };
}

Deno.test("deno task story prints the tokens as they come, then what was stored", async () => {
  let parts = 0;
  const { code, stdout, stderr, answer } = await story([order({ chunks: 60, pauseMs: 10 })], () => parts++);
  equal([code, stdout], [0, `${answer.content}\n`]);
  equal(stderr, `The end (stop): stored as message ${answer.id}, ${answer.content.length} characters\n`);
  ok(parts > 3);
});

Deno.test("Ctrl-C stops the story, and says what was stored", async () => {
  let isStopped = false;
  const { code, stdout, stderr, answer } = await story([order({ chunks: 5, end: "wait" })], (child) => {
    if (!isStopped) child.kill("SIGINT");
    isStopped = true;
  });
  equal([code, answer.finish_reason, stdout], [130, "cancelled", `${answer.content}\n`]);
  equal(stderr, `Stopped: stored as message ${answer.id}, ${answer.content.length} characters\n`);
});

Deno.test("--json prints each event as a line", async () => {
  const { code, stdout } = await story(["--json", order({ chunks: 2 })]);
  const types = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  equal([code, types.shift(), types.pop(), ...new Set(types)], [0, "start", "done", "token"]);
});

Deno.test("a story that the relay refuses says why, with the code", async () => {
  const { code, stdout, stderr } = await story([`--bot=${crypto.randomUUID()}`, "Hello"]);
  equal([code, stdout], [1, ""]);
  match(stderr, /^Cannot .* \(bot_not_found\): nothing was stored\n$/);
});
