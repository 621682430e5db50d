import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { addSections, checkSections } from "./install_config.ts";
import { MANIFEST, nameMigrations, planInstall, readGuest, type Relay, writePlan } from "./install_plan.ts";

const FUNCTION = "supabase/functions/stream/index.ts";
const SHARED = "supabase/functions/_relay/shared.ts";

const makeRelay = (overrides: Partial<Relay> = {}): Relay => ({
  root: "/relay",
  slugs: ["stream"],
  files: new Map([[FUNCTION, "serve();\n"], [SHARED, "export {};\n"]]),
  migrations: new Map([["20261126090000_bots.sql", "select 1;\n"], ["20261126090500_sweep.sql", "select 2;\n"]]),
  ...overrides,
});

/** A project in a folder of its own, with these files. */
async function makeProject(files: Record<string, string> = {}) {
  const root = await Deno.makeTempDir({ prefix: "relay-project-" });
  const write = async (more: Record<string, string>) => {
    for (const [path, text] of Object.entries(more)) {
      await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
      await Deno.writeTextFile(`${root}/${path}`, text);
    }
  };
  await write({ "supabase/config.toml": 'project_id = "app"\n', ...files });
  const plan = async (relay: Relay, options = {}) => await planInstall(relay, await readGuest(root, relay), options);
  return {
    root,
    write,
    plan,
    /** Installs; fails where something is in the way. */
    install: async (relay: Relay, options = {}) => {
      const found = await plan(relay, options);
      assert.deepEqual(found.obstacles, []);
      await writePlan(await readGuest(root, relay), found);
      return found.changes.map(({ path }) => path);
    },
    read: (path: string) => Deno.readTextFile(`${root}/${path}`),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

Deno.test("an upgrade writes what has changed, deletes what is gone, and adds a migration behind the newest", async () => {
  await using project = await makeProject();
  await project.install(makeRelay());
  assert.deepEqual((await project.plan(makeRelay())).changes, []);
  await project.write({ "supabase/migrations/20270101000000_mine.sql": "" });
  const next = makeRelay({
    files: new Map([[FUNCTION, "serve(2);\n"]]),
    migrations: new Map([...makeRelay().migrations, ["20261201000000_more.sql", "select 3;\n"]]),
  });
  const added = "supabase/migrations/20270101000001_relay_more.sql";
  assert.deepEqual(await project.install(next), [FUNCTION, SHARED, added, MANIFEST]);
  assert.equal(await project.read(FUNCTION), "serve(2);\n");
  await assert.rejects(project.read(SHARED), Deno.errors.NotFound);
});

Deno.test("a relay file that the project has changed is reported and kept; other line ends are no change", async () => {
  await using project = await makeProject();
  await project.install(makeRelay());
  await project.write({ [FUNCTION]: "serve();\r\n", [SHARED]: "export { mine };\n" });
  const next = makeRelay({ files: new Map([[FUNCTION, "serve(2);\n"], [SHARED, "export { better };\n"]]) });
  const { changes, obstacles } = await project.plan(next);
  const advice = "undo that, or delete the file to take the relay's version";
  assert.deepEqual(obstacles, [`${SHARED} was changed in the project: ${advice}`]);
  assert.ok(changes.some(({ path }) => path === FUNCTION));
  assert.equal(await project.read(SHARED), "export { mine };\n");
});

Deno.test("a function of the project's that has a name of the relay's is in the way, whatever its files are called", async () => {
  for (const path of [FUNCTION, "supabase/functions/stream/other.ts", "supabase/functions/_relay/own.ts"]) {
    await using project = await makeProject({ [path]: "mine();\n" });
    assert.match((await project.plan(makeRelay())).obstacles.join(), new RegExp(`^${path} is not the relay's: rename`));
  }
  await using upgraded = await makeProject({ "supabase/functions/cancel/own.ts": "mine();\n" });
  await upgraded.install(makeRelay());
  const { obstacles } = await upgraded.plan(makeRelay({ slugs: ["cancel", "stream"] }));
  assert.match(obstacles.join(), /^supabase\/functions\/cancel\/own.ts is not the relay's/);
  // What is the same, as in a copy by hand, is taken over.
  await using copied = await makeProject({ [FUNCTION]: "serve();\n" });
  assert.deepEqual((await copied.plan(makeRelay())).obstacles, []);
});

Deno.test("a migration that changed after it was installed is reported, and replaced only where that is asked for", async () => {
  const [path, gone] = ["20261126090000_relay_bots.sql", "20261126090500_relay_sweep.sql"]
    .map((name) => `supabase/migrations/${name}`);
  await using project = await makeProject();
  await project.install(makeRelay());
  const next = makeRelay({ migrations: new Map([["20261126090000_bots.sql", "select 9;\n"]]) });
  assert.match((await project.plan(next)).obstacles.join("\n"), /bots.sql has changed in.*\n.*sweep.sql is no longer/);
  assert.deepEqual(await project.install(next, { rewriteMigrations: true }), [path, gone, MANIFEST]);
  assert.equal(await project.read(path), "select 9;\n");

  const early = makeRelay({ migrations: new Map([["20261126080000_ids.sql", "select 0;\n"], ...next.migrations]) });
  assert.match((await project.plan(early)).obstacles.join(), /ids.sql comes before migrations that are installed/);
  const ids = "supabase/migrations/20261126080000_relay_ids.sql";
  assert.deepEqual(await project.install(early, { rewriteMigrations: true }), [ids, MANIFEST]);

  await project.write({ [path]: "select 'mine';\n" });
  assert.match((await project.plan(next)).obstacles.join(), /bots.sql was changed in the project: restore it/);
  await Deno.remove(`${project.root}/${path}`);
  assert.match((await project.plan(next)).obstacles.join(), /bots.sql was deleted in the project: restore it/);
});

Deno.test("nameMigrations() keeps the times where they come behind the newest, and else counts on from it", () => {
  const names = ["20261126090000_bots.sql", "20261126090500_sweep.sql"];
  const named = (existing: string[]) => [...nameMigrations(names, existing).values()];
  const kept = ["20261126090000_relay_bots.sql", "20261126090500_relay_sweep.sql"];
  assert.deepEqual(named([]), kept);
  assert.deepEqual(named(["20240101000000_a.sql", "0001_b.sql"]), kept);
  assert.deepEqual(
    named(["20261126090100_a.sql"]),
    ["20261126090101_relay_bots.sql", "20261126090102_relay_sweep.sql"],
  );
  assert.deepEqual(
    named(["20261231235959_a.sql"]),
    ["20270101000000_relay_bots.sql", "20270101000001_relay_sweep.sql"],
  );
  assert.deepEqual(named(["99999999999998_a.sql"])[0], "99999999999999_relay_bots.sql");
});

Deno.test("a folder that the relay cannot be put into is refused in words that say what to do", async () => {
  await using project = await makeProject();
  const relay = makeRelay();
  const cases: [string, RegExp][] = [
    [`${project.root}/none`, /there is no such folder/],
    [`${project.root}/supabase`, /that is a project's supabase folder, name the one above it/],
    [Deno.cwd(), /that is the relay's own folder/],
  ];
  for (const [folder, wanted] of cases) {
    await assert.rejects(readGuest(folder, { ...relay, root: await Deno.realPath(Deno.cwd()) }), wanted);
  }
  await Deno.remove(`${project.root}/supabase/config.toml`);
  await assert.rejects(readGuest(project.root, relay), /it has no supabase\/config.toml, run `npx supabase@/);
  await Deno.remove(`${project.root}/supabase`, { recursive: true });
  await assert.rejects(readGuest(project.root, relay), /it has no folder "supabase", run `npx supabase@/);
});

Deno.test("the command writes nothing for --dry-run, over uncommitted changes, or where something is in the way", async () => {
  await using project = await makeProject({ "supabase/functions/cancel/index.ts": "mine();\n" });
  const run = async (command: string, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(command, { args, env: { NO_COLOR: "1" } }).output();
    return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  };
  const entry = fileURLToPath(new URL("./install.ts", import.meta.url));
  const install = (...flags: string[]) =>
    run(Deno.execPath(), "run", "-A", "--no-check", entry, ...flags, project.root);
  const git = (...args: string[]) => run("git", "-C", project.root, ...args);
  const inTheWay = await install();
  assert.equal(inTheWay.code, 1);
  assert.match(inTheWay.text, /nothing was written:\n- supabase\/functions\/cancel\/index.ts is not the relay's/);
  await Deno.remove(`${project.root}/supabase/functions`, { recursive: true });

  await git("init");
  const uncommitted = await install();
  assert.equal(uncommitted.code, 1);
  assert.match(uncommitted.text, /1 uncommitted changes below supabase\/, commit or stash them/);
  const dry = await install("--dry-run");
  assert.equal(dry.code, 0);
  assert.match(dry.text, /^Would write into .*:\n( {2}(new|changed) +supabase\S+\n)+$/);
  await assert.rejects(project.read(FUNCTION), Deno.errors.NotFound);
  assert.match((await install("--allow-dirty")).text, /Next, in that folder/);
  assert.equal(await project.read(FUNCTION), await Deno.readTextFile(new URL(`../${FUNCTION}`, import.meta.url)));
});

const MAP = "./functions/_relay/import_map.json";

Deno.test("addSections() adds what is missing behind all else, in the file's line ends, once", () => {
  for (const text of ["", "# Ours\n[functions.stream]\nverify_jwt = true\n", "a = 1\r\n", "a = 1"]) {
    const added = addSections(text, ["stream", "cancel"], MAP);
    assert.ok(added.startsWith(text));
    assert.equal(addSections(added, ["cancel", "stream"], MAP), added);
    assert.equal(/[^\r]\n/.test(added.slice(1)), !text.includes("\r\n"));
    const section = `[functions.cancel]\nverify_jwt = false\nimport_map = "${MAP}"\n`;
    assert.ok(added.replaceAll("\r\n", "\n").endsWith(section));
  }
});

Deno.test("checkSections() takes a section of the relay's with what the developer added, and says what is wrong in others", () => {
  const check = (config: string) => checkSections(config, ["stream"], MAP);
  const good =
    `[functions.stream]\nenabled = true\nverify_jwt = false # the relay does\nimport_map = '${MAP}'\n[other]\n`;
  for (const config of ["", good, "[functions.other]\nverify_jwt = true\n", `[functions."stream".env]\n${good}`]) {
    assert.deepEqual(check(config), [], config);
  }
  const where = "[functions.stream] in supabase/config.toml";
  assert.deepEqual(check(good.replace("= false", "= true")), [
    `${where} has verify_jwt = true: the relay needs verify_jwt = false`,
  ]);
  assert.deepEqual(check("[ functions . 'stream' ]\n[other]\nverify_jwt = false"), [
    `${where} has no verify_jwt: the relay needs verify_jwt = false`,
    `${where} has no import_map: the relay needs import_map = "${MAP}"`,
  ]);
  for (const config of ["functions = {}", "functions.a.verify_jwt = true\n[b]", "[functions]\na = {}"]) {
    assert.match(check(config).join(), /write them as \[functions.<name>\]/, config);
  }
});
