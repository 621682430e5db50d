/**
 * The way to production with the real Supabase CLI: `supabase functions deploy` onto a stand-in of the management API,
 * and what was uploaded started alone on the edge runtime's Deno. Migrations: `database_test.ts`.
 */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../supabase/functions/_relay/platform/version.ts";
import { newClient } from "../../testkit/author.ts";
import { METRICS_TOKEN, scrape } from "../../testkit/metrics.ts";
import { makeBot } from "../../testkit/people.ts";
import { answers } from "../../testkit/provider.ts";
import { post, readEvents, readToEnd } from "../../testkit/reader.ts";
import { hasProgram, skip } from "../../testkit/skipped.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { startStack } from "../../testkit/stack.ts";
import { deployFunctions } from "./management_api.ts";
import { type RunningFunction, startUploaded } from "./uploaded_function.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

if (await hasProgram("npx")) registerTests();
else skip("npx was not found: no deployment with the Supabase CLI");

function registerTests() {
  // The deployment takes seconds, and both tests look at it.
  let deployed: ReturnType<typeof deployEverything> | undefined;
  const deploy = () => deployed ??= deployEverything();

  Deno.test("supabase functions deploy uploads each function once: code alone, without the gateway's JWT check", async () => {
    const { uploads, published, unexpected } = await deploy();
    const folders = [...Deno.readDirSync(`${ROOT}/supabase/functions`)].filter(({ isDirectory, name }) =>
      isDirectory && [...Deno.readDirSync(`${ROOT}/supabase/functions/${name}`)].some(({ name }) => name === "index.ts")
    );
    const slugs = folders.map(({ name }) => name).sort();
    assert.deepEqual(uploads.map(({ slug }) => slug).sort(), slugs);
    assert.deepEqual([[...published].sort(), unexpected], [slugs, []]);
    for (const { slug, files, metadata } of uploads) {
      const { verify_jwt, entrypoint_path, import_map_path } = metadata;
      const entry = `supabase/functions/${slug}/index.ts`;
      assert.deepEqual([verify_jwt, entrypoint_path, import_map_path], [false, entry, "import_map.json"]);
      // No secrets, no tests, no tools.
      const others = [...files.keys()].filter((path) =>
        path !== "import_map.json" && (!/^supabase\/functions\/(\w+\/)+\w+\.ts$/.test(path) ||
          path.endsWith("_test.ts") || path.includes("/testing/"))
      );
      assert.deepEqual(others, [], `Uploaded with ${slug}`);
    }
  });

  Deno.test("the uploaded functions, each alone on the runtime's Deno, stream, store and find a generation", async () => {
    const { uploads } = await deploy();
    const stack = await startStack({ postgres: HAS_SERVER });
    const running = new Map<string, RunningFunction>();
    try {
      for (const upload of uploads) {
        const environment = {
          SUPABASE_URL: stack.url,
          SUPABASE_SECRET_KEY: stack.secret_key,
          RELAY_JWT_SECRET: stack.jwt_secret,
          RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
          RELAY_METRICS_TOKEN: METRICS_TOKEN,
        };
        running.set(upload.slug, await startUploaded(upload, environment));
      }
      const url = (slug: string) => running.get(slug)!.url;
      assert.deepEqual(await (await fetch(`${url("healthz")}/healthz?ready`)).json(), {
        status: "ok",
        version: VERSION,
      });
      assert.equal((await scrape(url("metrics"))).get("generations_started_total"), 0);

      const { user, stored } = await newClient(stack.target);
      await makeBot(stack.target, user, stack.provider.script(answers("Once ", "upon a time.")));
      const response = await post(`${url("stream")}/stream`, user.token, { prompt: "Begin" });
      const { text, start: { stream_id }, last } = await readToEnd(readEvents(response));
      const { id, content, is_complete } = await stored(stream_id);
      assert.deepEqual([text, id, content, is_complete], ["Once upon a time.", last.message_id, text, true]);

      // Another function in another process: what they share is the database.
      const cancelled = await post(`${url("cancel")}/cancel/${stream_id}`, user.token, {});
      assert.deepEqual([cancelled.status, (await cancelled.json()).stream_id], [200, stream_id]);
      const ended = 'generations_ended_total{outcome="completed"}';
      assert.equal((await scrape(url("metrics"))).get(ended), 1);
    } finally {
      await Promise.all([...running.values()].map(({ stop }) => stop()));
      await stack.stop();
    }
  });
}

/** Deploys a copy of the project with secrets in it, as a developer has them. */
async function deployEverything() {
  const project = await Deno.makeTempDir({ prefix: "relay-project-" });
  try {
    for (const path of ["supabase", "import_map.json", "deno.json"]) {
      const filter = (source: string) => !/\/\.(temp|branches)$/.test(source);
      await cp(`${ROOT}/${path}`, `${project}/${path}`, { recursive: true, filter });
    }
    for (const folder of ["functions", "functions/stream"]) {
      await Deno.writeTextFile(`${project}/supabase/${folder}/.env`, "RELAY_METRICS_TOKEN=secret\n");
    }
    return await deployFunctions(project);
  } finally {
    await Deno.remove(project, { recursive: true });
  }
}
