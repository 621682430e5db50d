/** The packed client as its readers install it: its types under strict settings, and a story in a terminal. */

import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import importMap from "../../import_map.json" with { type: "json" };
import manifest from "../../client/package.json" with { type: "json" };
import { rest } from "../../testkit/people.ts";
import { skip } from "../../testkit/skipped.ts";
import { newProject, programOf, type Project } from "./projects.ts";
import { hasNode, run, useStack } from "./runtimes.ts";
import { order, signUpWithBot } from "./scenarios.ts";
import { BROWSER, CHAT, complaints, CORE, NODE } from "./strict.ts";

const setup = useStack();
let project: Project;

const AI = { "ai-5": importMap.imports["ai-5"], "ai-6": importMap.imports["ai-6"], "ai-7": importMap.imports.ai };

/** Else each of the compiler's threads would resolve the types of all packages. */
const ONE_THREAD = ["--singleThreaded"];

/** Exact versions, so that the gate does not change by itself. */
const PACKAGE = {
  private: true,
  type: "module",
  dependencies: {
    "@supabase/supabase-js": importMap.imports["@supabase/supabase-js"].split("@").at(-1),
    ...AI,
    "@types/node": "26.6.6",
    typescript: "7.0.2",
  },
};

if (await hasNode()) {
  Deno.test.beforeAll(async () => {
    project = await newProject();
    const files = {
      "package.json": JSON.stringify(PACKAGE),
      "core.ts": CORE,
      "chat.ts": CHAT,
      "wrong.ts": `import { relay } from "./core.ts";\nrelay.start({ prompt: 7 });\n`,
      "story.mjs": await programOf("story.mjs"),
    };
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${project.folder}/${name}`, text);
    await project.npm(["install", project.tarball]);
  });
  Deno.test.afterAll(async () => await project[Symbol.asyncDispose]());

  for (const ai of Object.keys(AI)) {
    Deno.test(`the types hold under strict settings, with ${ai}`, async () => {
      // The compiler finds the one type that does not fit.
      const found = await complaints(project, ONE_THREAD, `browser-${ai}`, BROWSER, ai, "wrong.ts");
      match(found.join("\n"), /^wrong\.ts\(2,15\): error TS2322.*$/);
    });
  }

  Deno.test("the types hold as Node resolves them, too", async () => {
    equal(await complaints(project, ONE_THREAD, "node", NODE, "ai-7"), []);
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

  Deno.test("the tarball has the published files, and nothing else", async () => {
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
