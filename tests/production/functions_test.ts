/**
 * The way to production with the real Supabase CLI: `supabase functions
 * deploy` onto a stand-in of the management API, and what was uploaded started
 * alone on the edge runtime's Deno. Migrations: `production_database_test.ts`.
 */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { type DevStack, startDevStack } from "../../testkit/stack.ts";
import { startManagementApi } from "./management_api.ts";
import { skip } from "../../testkit/skipped.ts";
import { METRICS_TOKEN } from "../../testkit/target.ts";
import { hasNpx, runSupabase } from "./supabase_cli.ts";
import { type RunningFunction, startUploaded } from "./uploaded_function.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

if (await hasNpx()) registerTests();
else skip("npx was not found: no deployment with the Supabase CLI");

function registerTests() {
  const deploy = once(deployEverything);

  Deno.test("supabase functions deploy uploads each function once and publishes all", async () => {
    const { uploads, published, unexpected } = await deploy();
    const slugs = namesIn("supabase/functions", (name) => exists(`supabase/functions/${name}/index.ts`));
    assert.deepEqual(uploads.map(({ slug }) => slug).sort(), slugs);
    assert.deepEqual([...published].sort(), slugs);
    assert.deepEqual(unexpected, []);
  });

  Deno.test("supabase functions deploy switches the gateway's own JWT check off for each function", async () => {
    const { uploads } = await deploy();
    for (const { slug, metadata } of uploads) {
      assert.deepEqual([slug, metadata.verify_jwt, metadata.entrypoint_path, metadata.import_map_path], [
        slug,
        false,
        `supabase/functions/${slug}/index.ts`,
        "import_map.json",
      ]);
    }
  });

  Deno.test("supabase functions deploy uploads the import map and code, no secrets, no tests, no tools", async () => {
    const { uploads } = await deploy();
    for (const { slug, files } of uploads) {
      const others = [...files.keys()].filter((path) =>
        path !== "import_map.json" &&
        (!/^supabase\/functions\/(\w+\/)+\w+\.ts$/.test(path) ||
          path.endsWith("_test.ts") || path.includes("/testing/"))
      );
      assert.deepEqual(others, [], `Uploaded with ${slug}`);
    }
  });

  Deno.test("The uploaded functions, each alone on the runtime's Deno, stream a story, store it and find it again", async () => {
    const { uploads } = await deploy();
    const stack = await startDevStack();
    const running = new Map<string, RunningFunction>();
    try {
      for (const upload of uploads) {
        const started = await startUploaded(upload, functionEnvironment(stack));
        running.set(upload.slug, started);
      }
      const call = (slug: string, path = "", init?: RequestInit) =>
        fetch(`${running.get(slug)?.url}/${slug}${path}`, init);

      const ready = await call("healthz", "?ready");
      assert.deepEqual(await ready.json(), { status: "ok" });
      assert.match(await scrape(call), /^storytellr_generations_started_total 0$/m);

      const authorization = `Bearer ${await signIn(stack)}`;
      const response = await call("stream", "", {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ prompt: "Tell me a story about a lighthouse" }),
      });
      assert.equal(response.status, 200);
      const events = await readEvents(response);
      const done = events.at(-1);
      assert.deepEqual([events[0].event, done?.event], ["start", "done"]);
      const content = events.filter(({ event }) => event === "token").map(({ data }) => data).join("");
      assert.notEqual(content, "");
      const { message_id, stream_id } = JSON.parse(done?.data ?? "");

      const stored = await fetch(
        `${stack.url}/rest/v1/messages?select=id,content,stream_id,is_complete&stream_id=eq.${stream_id}`,
        { headers: { authorization, apikey: stack.publishable_key } },
      );
      assert.deepEqual(await stored.json(), [{ id: message_id, content, stream_id, is_complete: true }]);

      // Another function in another process: what they share is the database.
      const cancelled = await call("cancel", `/${stream_id}`, { method: "POST", headers: { authorization } });
      assert.equal(cancelled.status, 200);
      assert.equal((await cancelled.json()).stream_id, stream_id);
      const ended = 'storytellr_generations_ended_total{outcome="completed"} 1';
      assert.ok((await scrape(call)).split("\n").includes(ended));
    } finally {
      await Promise.all([...running.values()].map(({ stop }) => stop()));
      await stack.stop();
    }
  });
}

/** Deploys a copy of the project with secrets in it, as a developer has them. */
async function deployEverything() {
  const project = await Deno.makeTempDir({ prefix: "relay-project-" });
  await using api = startManagementApi();
  try {
    for (const path of ["supabase", "import_map.json", "deno.json"]) {
      await cp(`${ROOT}/${path}`, `${project}/${path}`, {
        recursive: true,
        filter: (source) => !/\/\.(temp|branches)$/.test(source),
      });
    }
    for (const folder of ["functions", "functions/stream"]) {
      await Deno.writeTextFile(`${project}/supabase/${folder}/.env`, "RELAY_METRICS_TOKEN=secret\n");
    }
    const profile = `${project}/profile.yaml`;
    await Deno.writeTextFile(profile, api.profile());
    const target = [`--remote=${api.project_ref}`, `--profile=${profile}`];
    const { code, stderr } = await runSupabase(project, [
      "functions",
      "deploy",
      "--use-api",
      ...target,
    ], { SUPABASE_ACCESS_TOKEN: api.access_token });
    assert.equal(code, 0, stderr);
    return { uploads: api.uploads, published: api.published, unexpected: api.unexpected };
  } finally {
    await Deno.remove(project, { recursive: true });
  }
}

function functionEnvironment(stack: DevStack): Record<string, string> {
  return {
    SUPABASE_URL: stack.url,
    SUPABASE_SECRET_KEY: stack.secret_key,
    RELAY_JWT_SECRET: stack.jwt_secret,
    RELAY_ALLOW_PRIVATE_PROVIDERS: "true",
    RELAY_METRICS_TOKEN: METRICS_TOKEN,
  };
}

type Call = (slug: string, path?: string, init?: RequestInit) => Promise<Response>;

async function scrape(call: Call): Promise<string> {
  const authorization = `Bearer ${METRICS_TOKEN}`;
  const response = await call("metrics", "", { headers: { authorization } });
  assert.equal(response.status, 200);
  return await response.text();
}

async function signIn({ url, publishable_key, demo }: DevStack): Promise<string> {
  const response = await fetch(`${url}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: publishable_key, "content-type": "application/json" },
    body: JSON.stringify({ email: demo.email, password: demo.password }),
  });
  const body = await response.json();
  assert.equal(response.status, 200);
  return body.access_token;
}

async function readEvents(response: Response): Promise<EventSourceMessage[]> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  parser.feed(await response.text());
  return events;
}

function namesIn(folder: string, wanted: (name: string) => boolean): string[] {
  return [...Deno.readDirSync(`${ROOT}/${folder}`)].map(({ name }) => name)
    .filter(wanted).sort();
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(`${ROOT}/${path}`).isFile;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) return false;
    throw cause;
  }
}

/** The deployment takes seconds and several tests look at it. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
