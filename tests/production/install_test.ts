/**
 * `deno task install` into an app, then what its developer runs: the real Supabase CLI, against a Postgres that has the
 * app's migrations already, and against a stand-in of the management API.
 */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../supabase/functions/_relay/platform/version.ts";
import { createDatabase, prepareSupabase, query } from "../../testkit/postgres.ts";
import { hasProgram, skip } from "../../testkit/skipped.ts";
import { deployFunctions, type Upload } from "./management_api.ts";
import { pushMigrations } from "./supabase_cli.ts";
import { startUploaded } from "./uploaded_function.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SLUGS = [...Deno.readDirSync(`${ROOT}supabase/functions`)].map(({ name }) => name)
  .filter((name) => !name.startsWith("_")).sort();

/** Texts by path. */
type Files = Record<string, string>;

/** Functions that find a shared file by its path, an import map for all, and one of their own; migrations from later. */
const OWN: Files = {
  "supabase/config.toml": `# Ours.\r\nproject_id = "app"\r\n\r\n[functions.hello]\r\nverify_jwt = true # keep this\r\n`,
  "supabase/functions/_shared/cors.ts": `export const cors = { "access-control-allow-origin": "*" };\n`,
  "supabase/functions/import_map.json": `{ "imports": { "cors": "./_shared/cors.ts", "zod": "npm:zod@3.0.0" } }\n`,
  "supabase/functions/hello/index.ts": serving("cors"),
  "supabase/functions/hello_by_path/index.ts": serving("../_shared/cors.ts"),
  "supabase/functions/hello_mapped/index.ts": serving("own_cors"),
  "supabase/functions/hello_mapped/deno.json": `{ "imports": { "own_cors": "../_shared/cors.ts" } }\n`,
  "supabase/migrations/20240101000000_notes.sql": "create table public.notes (id bigint primary key);\n",
  "supabase/migrations/20991231235950_later.sql": "alter table public.notes add column body text;\n",
};
const HELLOS = ["hello", "hello_by_path", "hello_mapped"];

function serving(specifier: string): string {
  return `import { cors } from "${specifier}";\nDeno.serve(() => new Response("hello", { headers: cors }));\n`;
}

/** A copy of what an install reads, so that a test can change it. */
async function relayIn(folder: string): Promise<string> {
  for (const path of ["supabase/functions", "supabase/migrations", "dev", "import_map.json", "deno.json"]) {
    await cp(ROOT + path, `${folder}/${path}`, { recursive: true });
  }
  return folder;
}

/** Installs, and gives what was said. */
async function install(relay: string, app: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", `${relay}/dev/install.ts`, app],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stderr));
  return text(stdout) + text(stderr);
}

async function write(root: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${root}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeTextFile(`${root}/${path}`, text);
  }
}

/** Every file below supabase/, as it is. */
async function read(root: string, below = "supabase"): Promise<Files> {
  const files: Files = {};
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${below}`)) {
    const path = `${below}/${name}`;
    if (name === ".temp" || name === ".branches") continue;
    if (isDirectory) Object.assign(files, await read(root, path));
    else files[path] = await Deno.readTextFile(`${root}/${path}`);
  }
  return files;
}

/** What the developer has is as it was, and config.toml begins as it did. */
async function assertKept(root: string, own: Files): Promise<void> {
  const now = await read(root);
  const { "supabase/config.toml": config, ...others } = own;
  assert.deepEqual(Object.fromEntries(Object.keys(others).map((path) => [path, now[path]])), others);
  assert.ok(now["supabase/config.toml"].startsWith(config));
}

async function deploy(root: string): Promise<Upload[]> {
  const { published, uploads } = await deployFunctions(root);
  assert.deepEqual(published.sort(), [...HELLOS, ...SLUGS].sort());
  return uploads;
}

/** The uploaded function, alone on the runtime's Deno, answers. */
async function assertStarts(upload: Upload, path: string, body: string): Promise<void> {
  const running = await startUploaded(upload, {
    SUPABASE_URL: "http://127.0.0.1:9",
    SUPABASE_SECRET_KEY: "sb_secret_x",
  });
  try {
    assert.equal(await (await fetch(running.url + path)).text(), body);
  } finally {
    await running.stop();
  }
}

const versionsOf = async (url: string) =>
  (await query<{ version: string }>(
    url,
    "select version from supabase_migrations.schema_migrations order by version",
  )).map(({ version }) => version);

if (!Deno.env.has("RELAY_TEST_DATABASE_URL")) skip("RELAY_TEST_DATABASE_URL is not set: no install into an app");
else if (!await hasProgram("npx")) skip("npx was not found: no install into an app");
else {
  Deno.test("installed into an app, the relay is pushed, deployed and upgraded, and the app's files stay", async () => {
    const folder = await Deno.makeTempDir({ prefix: "relay-install-" });
    try {
      await goThrough(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function goThrough(folder: string): Promise<void> {
  await using database = await createDatabase();
  const target = await prepareSupabase(database.url);
  const [relay, app] = [await relayIn(`${folder}/relay`), `${folder}/app`];
  await write(app, OWN);
  assert.equal((await pushMigrations(app, target)).migrations.length, 2);
  const history = await versionsOf(database.url);

  const said = await install(relay, app);
  for (const slug of SLUGS) assert.match(said, new RegExp(`new +supabase/functions/${slug}/index.ts`));
  assert.match(said, new RegExp(`functions deploy ${SLUGS.join(" ")} `));
  await assertKept(app, OWN);
  const pushed = await pushMigrations(app, target);
  assert.equal(pushed.migrations.length, [...Deno.readDirSync(`${relay}/supabase/migrations`)].length);
  assert.deepEqual((await versionsOf(database.url)).slice(0, history.length), history);

  const uploads = await deploy(app);
  for (const { slug, files, metadata } of uploads.filter(({ slug }) => !HELLOS.includes(slug))) {
    const { verify_jwt, import_map_path } = metadata;
    assert.deepEqual([verify_jwt, import_map_path], [false, "supabase/functions/_relay/import_map.json"], slug);
    assert.deepEqual([...files.keys()].filter((path) => path.includes("_shared") || /_test|testing/.test(path)), []);
  }
  const upload = (slug: string) => uploads.find((upload) => upload.slug === slug)!;
  await assertStarts(upload("healthz"), "/healthz", JSON.stringify({ status: "ok", version: VERSION }));
  for (const slug of HELLOS) await assertStarts(upload(slug), `/${slug}`, "hello");
  assert.equal(upload("hello").metadata.verify_jwt, true);

  // An upgrade: a file is new, one has changed, one is gone, and there is one more migration.
  assert.match(await install(relay, app), /up to date/);
  const healthz = `${relay}/supabase/functions/healthz`;
  await write(relay, {
    "supabase/functions/_relay/new.ts": "export const answer = { status: 'better' };\n",
    "supabase/migrations/20270101000000_more.sql": "create table relay.more (id bigint);\n",
  });
  await Deno.writeTextFile(
    `${healthz}/index.ts`,
    `import { answer } from "../_relay/new.ts";\nDeno.serve(() => Response.json(answer));\n`,
  );
  await Deno.remove(`${healthz}/handler.ts`);
  const ours = { "supabase/migrations/21000201000000_mine.sql": "create table public.mine (id bigint);\n" };
  await write(app, ours);
  await install(relay, app);
  await assertKept(app, { ...OWN, ...ours });
  assert.equal((await read(app))["supabase/functions/healthz/handler.ts"], undefined);
  assert.equal((await pushMigrations(app, target)).migrations.length, 2);
  const upgraded = await deploy(app);
  await assertStarts(upgraded.find(({ slug }) => slug === "healthz")!, "/healthz", '{"status":"better"}');
}
