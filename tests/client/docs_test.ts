/** Runs every example of docs/client.md where it says that it runs, and holds the page to the bundle's size. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { hasChromium, prepare, startBrowser } from "./browser.ts";
import { bundle } from "./bundle.ts";
import { hasNode } from "./node.ts";
import { PAGE, RUNNER, SETUP, withExamples } from "./examples.ts";
import { startStoryProvider, type StoryProvider } from "./story_provider.ts";
import { order } from "./world.ts";
import { type DevStack, startDevStack } from "../../testkit/stack.ts";
import { eventually } from "../../testkit/eventually.ts";
import { skip } from "../../testkit/skipped.ts";
import { makeBot, rest, signUp, type Target } from "../../testkit/target.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The goal: 5 KB. */
const MAX_CLIENT_BYTES = 5 * 1024;

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

/** A user with a bot, what the examples leave open for this user, and the stored answers. */
async function newReader() {
  const user = await signUp(target);
  await makeBot(target, user, provider.url);
  const configuration = {
    url: stack.url,
    functionsUrl: stack.functions_url,
    publishableKey: stack.publishable_key,
    email: user.email,
    password: "correct horse battery staple",
    accessToken: user.token,
  };
  const answers = () => rest(target, user, "messages?select=*&is_user_author=is.false&order=created_at");
  return { configuration, answers };
}

async function run(command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd: ROOT, stdin: "null" }).output();
  equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const deno = (...args: string[]) => run(Deno.execPath(), args);

const runners = {
  "set_up.ts": SETUP,
  ...Object.fromEntries(["story", "token", "end"].map((name) => [`run_${name}.ts`, RUNNER.replace("TOLD", name)])),
};

Deno.test("each example of docs/client.md fits the types", async () => {
  await withExamples({}, async (folder, names) => {
    equal(names, ["story.ts", "token.ts", "end.ts", "resume.ts", "use_story.ts", "chat.ts"]);
    const files = names.map((name) => `${folder}/${name}`);
    await deno("check", "--quiet", "--no-lock", "--config=deno.json", ...files);
  });
});

Deno.test("the examples of docs/client.md run in Deno", async () => {
  await withExamples(runners, async (folder) => {
    for (const name of ["story", "token", "end"]) {
      const { configuration, answers } = await newReader();
      const shown = await deno(
        "run",
        "--quiet",
        "--no-check",
        "--no-lock",
        "-A",
        "--config=deno.json",
        `${folder}/run_${name}.ts`,
        JSON.stringify({ ...configuration, told: name === "end" && "Tell" }),
      );
      await expectShown(name, JSON.parse(shown), await answers());
    }
  });
});

if (await hasNode()) {
  Deno.test("the examples of docs/client.md run in Node", async () => {
    await withExamples(runners, async (folder) => {
      for (const name of ["token", "end"]) {
        const { configuration, answers } = await newReader();
        const path = `${folder}/${name}.mjs`;
        await Deno.writeTextFile(path, await bundle(`${folder}/run_${name}.ts`));
        const shown = await run("node", [path, JSON.stringify({ ...configuration, told: name === "end" && "Tell" })]);
        await expectShown(name, JSON.parse(shown), await answers());
      }
    });
  });
} else skip("the client's examples in Node: there is no Node 20 or later");

function expectShown(name: string, shown: string[], [{ id, content }]: { id: string; content: string }[]) {
  const ends: Record<string, string> = {
    story: `${content}\ncompleted, stored as ${id}`,
    token: `${content}\ncompleted after ${content.length} characters`,
    end: `The end, stored as ${id}`,
  };
  equal(shown.join(""), ends[name]);
}

if (hasChromium()) {
  Deno.test("the examples of docs/client.md run in Chromium", async () => {
    const further = { "set_up.ts": SETUP, "page.ts": PAGE };
    const script = await withExamples(further, (folder) => bundle(`${folder}/page.ts`));
    const browser = await startBrowser();
    await browser.withPage(stack.url, script, async (page) => {
      const call = (code: string) => page.evaluate(code);
      /** A page as a new visitor sees it. */
      async function visit(fields: Record<string, unknown> = {}) {
        const { configuration, answers } = await newReader();
        const json = JSON.stringify({ ...configuration, ...fields });
        await page.evaluate("sessionStorage.clear()");
        await call(`setUp(${json})`);
        return { answers, json };
      }
      const shown = async () => (await call("example.shown") as string[]).join("");

      const story = await visit();
      await call("story()");
      expectShown("story", [await shown()], await story.answers());

      const resumed = await visit({ prompt: order({ chunks: 150, pauseMs: 10 }) });
      await call("resume()");
      await eventually("a story begins", async () => await shown() !== "");
      await page.reload();
      await prepare(page, script);
      await call(`setUp(${resumed.json})`);
      await call("resume()");
      const [resumedRow] = await eventually(
        "the story ends",
        async () => (await resumed.answers()).length > 0 && resumed.answers(),
      );
      await eventually("all of it is shown", async () => await shown() === resumedRow.content);
      equal(resumedRow.finish_reason, "stop");

      const stopped = await visit({ prompt: order({ chunks: 5, end: "wait" }) });
      await page.reload();
      await prepare(page, script);
      await call(`setUp(${stopped.json})`);
      await call("resume()");
      await eventually("a story begins", async () => await shown() !== "");
      await call("example.stopButton.onclick()");
      equal((await stopped.answers())[0].finish_reason, "cancelled");

      for (
        const [name, ask] of [["hook", 'hook.tell({ prompt: "Tell me" })'], [
          "chat",
          'void hook.sendMessage({ text: "Tell me" })',
        ]]
      ) {
        await page.reload();
        await prepare(page, script);
        const { answers } = await visit();
        await call(`${name}()`);
        await page.waitForSelector("pre", { state: "attached" });
        await call(ask);
        const [{ content }] = await eventually(
          "an answer is stored",
          async () => (await answers()).length > 0 && answers(),
        );
        await eventually("the answer is shown", async () => await page.textContent("pre") === content);
      }
    }).finally(() => browser.close());
  });
} else {
  skip("the client's examples in a browser: there is no /usr/bin/chromium");
}

Deno.test("the client is as small as docs/client.md says, and holds nothing of the functions", async () => {
  const [client, aiSdk] = await Promise.all(
    ["client/client.ts", "client/ai_sdk.ts"].map((entry) => bundle(entry, ["--minify"])),
  );
  const page = (await Deno.readTextFile(`${ROOT}docs/client.md`)).replaceAll(/\s+/g, " ");
  const [, zipped, plain, more] =
    /is ([\d,]+) bytes, minified and gzipped \(([\d,]+) unzipped\).* AI SDK is ([\d,]+) bytes/
      .exec(page)!.map((number) => Number(number.replaceAll(",", "")));
  ok(sizeOf(client) <= zipped, `It has ${sizeOf(client)} bytes, gzipped`);
  ok(client.length <= plain, `It has ${client.length} bytes`);
  ok(sizeOf(aiSdk) <= more, `The AI SDK's entry has ${sizeOf(aiSdk)} bytes`);
  ok(zipped <= MAX_CLIENT_BYTES);
  for (const code of [client, aiSdk]) {
    equal(/zod|jose|Deno\.|SUPABASE_|createStreamHandler/.exec(code), null);
  }
});

function sizeOf(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}
