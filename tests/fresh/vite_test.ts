/** The first section of docs/client.md, word for word, with what npm has today: from nothing to a story in a browser. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import importMap from "../../import_map.json" with { type: "json" };
import { hasChromium, startChromium, withWindow } from "../../testkit/browser.ts";
import { eventually } from "../../testkit/eventually.ts";
import { PASSWORD, rest } from "../../testkit/people.ts";
import { skip } from "../../testkit/skipped.ts";
import { newProject, programOf } from "../client/projects.ts";
import { run, useStack } from "../client/runtimes.ts";
import { signUpWithBot } from "../client/scenarios.ts";
import { BROWSER, complaints, CORE, NODE } from "../client/strict.ts";

const setup = useStack();

/** The commands of the first section of docs/client.md, without comments. */
async function commands(): Promise<string[]> {
  const page = await Deno.readTextFile(new URL("../../docs/client.md", import.meta.url));
  const [, script] = /^```sh\n(.*?)^```$/ms.exec(page)!;
  return script.trim().split("\n").map((line) => line.replace(/\s+# \d.*$/, ""));
}

if (hasChromium()) {
  Deno.test("five steps and ten lines bring a story into the page of a new Vite app", async () => {
    await using project = await newProject();
    const { target } = setup;
    const user = await signUpWithBot(setup);
    const [pack, create, install, ...more] = await commands();
    equal([pack, more], ["(cd storytellr && deno task pack)", []]);
    const tarball = /\S+\.tgz/.exec(install)![0];
    ok(project.tarball.endsWith(tarball.replace(/^.*\/dist/, "")));
    const steps = `${create} && ${install.replace(tarball, project.tarball)}`;
    await run("bash", ["-euc", steps], "", { cwd: project.folder, env: { npm_config_yes: "true" } });

    const main = await programOf("src/main.ts");
    ok(main.trim().split("\n").length <= 10);
    const app = `${project.folder}/my-app`;
    await Deno.writeTextFile(
      `${app}/src/main.ts`,
      main.replace("http://127.0.0.1:54321", target.supabaseUrl).replace("sb_publishable_…", target.publishableKey)
        .replace("demo@storytellr.example", user.email).replace("storytellr-demo", PASSWORD),
    );
    // The template's own build checks the types first.
    await run("npm", ["run", "build"], "", { cwd: app });
    const vite = "my-app/node_modules/.bin/vite";
    const origin = await project.serve(vite, ["preview", "my-app", "--host", "127.0.0.1", "--port", "{port}"]);
    const browser = await startChromium();
    await withWindow(browser, {}, async ({ tab }) => {
      const page = await tab(origin);
      const [{ content }] = await eventually("an answer is stored", async () => {
        const rows = await rest(target, user, "messages?select=content&is_user_author=is.false");
        return rows.length > 0 && rows;
      });
      await eventually("it is shown", async () => (await page.textContent("body"))!.includes(content));
    }).finally(() => browser.close());
  });
} else skip("a new Vite app in a browser: there is no Chromium");

Deno.test("the package's types hold under strict settings on TypeScript 5.9, too", async () => {
  await using project = await newProject();
  await Deno.writeTextFile(`${project.folder}/package.json`, '{ "private": true, "type": "module" }');
  await Deno.writeTextFile(`${project.folder}/core.ts`, CORE);
  const packages = ["@supabase/supabase-js", "typescript"] as const;
  const wanted = packages.map((name) => importMap.imports[name].replace("npm:", ""));
  await project.npm(["install", project.tarball, "@types/node@26.6.6", ...wanted]);
  equal(await complaints(project, [], "browser", BROWSER), []);
  equal(await complaints(project, [], "node", NODE), []);
});
