/** Runs the programs of docs/clients.md that need no package: JavaScript and Python. */

import { strictEqual as equal } from "node:assert/strict";
import { rest } from "../../testkit/people.ts";
import { skip } from "../../testkit/skipped.ts";
import { run, useStack } from "./runtimes.ts";
import { order, signUpWithBot } from "./scenarios.ts";

const setup = useStack();
const page = await Deno.readTextFile(new URL("../../docs/clients.md", import.meta.url));

/** The first program in a language that has these words. */
function program(language: string, words: string): string {
  const programs = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))];
  return programs.find(([, text]) => text.includes(words))![1];
}

/** Runs a program that gets the URL, the token and the prompt as arguments: it writes what was stored. */
async function expectStory(command: string, args: string[], text: string) {
  const user = await signUpWithBot(setup);
  const url = setup.target.workers[0].replace(/\/functions\/v1$/, "");
  const written = await run(command, [...args, url, user.token, order({ seed: 7, chunks: 60 })], text);
  const [{ content }] = await rest(setup.target, user, "messages?select=content&is_user_author=is.false");
  equal(written, content);
}

Deno.test("the JavaScript of docs/clients.md writes the story, to the character", async () => {
  const head = `import { createParser } from "eventsource-parser";
    const [url, token, prompt] = Deno.args;
    const show = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));\n`;
  const args = ["run", "--quiet", "--no-lock", "--no-check", "--config=deno.json", "-A", "--ext=ts", "-"];
  await expectStory(Deno.execPath(), args, head + program("ts", "createParser"));
});

const hasPython = await run("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).then(
  () => true,
  () => false,
);

if (hasPython) {
  Deno.test("the Python of docs/clients.md writes the story, to the character", async () => {
    const head =
      "import sys\nurl, token, prompt = sys.argv[1:]\nsys.stdout.reconfigure(encoding='utf-8', newline='')\n";
    await expectStory("python3", ["-"], head + program("python", "urllib"));
  });
} else skip("the Python of docs/clients.md: there is no Python 3.9 or later");
