import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { openPglite } from "./database.ts";
import { applyMigrations } from "./migrations.ts";

type Query = (sql: string) => Promise<Record<string, unknown>[]>;

/** Applies these files, by name, to a database that lives as long as the test. */
async function withDatabase(
  test: (apply: (files: Record<string, string>) => Promise<string[]>, query: Query) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const database = await openPglite(undefined, () => {});
  const query: Query = (sql) => database.transaction((run) => run(sql));
  try {
    await query(`create schema supabase_migrations;
                 create table supabase_migrations.schema_migrations (version text primary key, name text)`);
    await test(async (files) => {
      for (const [name, sql] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, sql);
      return await applyMigrations(database, pathToFileURL(folder + "/"));
    }, query);
  } finally {
    await database.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("migrations are applied in order and once, newer ones later", async () => {
  await withDatabase(async (apply, query) => {
    const [first, second, third] = [
      "20260101000000_first.sql",
      "20260102000000_second.sql",
      "20260103000000_third.sql",
    ];
    const files = {
      [second]: "insert into story values (2);",
      [first]: "create table story (n int);",
      "notes.txt": "",
    };
    equal(await apply(files), [first, second]);
    equal(await apply({}), []);
    equal(await apply({ [third]: "insert into story values (3);" }), [third]);
    equal(await query("select array_agg(n) as n from story"), [{ n: [2, 3] }]);
  });
});

Deno.test("a migration that fails leaves nothing behind and names its line, one without a timestamp its name", async () => {
  await withDatabase(async (apply, query) => {
    const name = "20260101000000_broken.sql";
    const sql = "create table story (n int);\ninsert into tale\nvalues (1);";
    await rejects(apply({ [name]: sql }), {
      message: `Cannot apply the migration "${name}": relation "tale" does not exist (line 2)`,
    });
    const [{ n }] = await query("select count(*) as n from supabase_migrations.schema_migrations");
    equal([n, await query("select to_regclass('story') as story")], [0, [{ story: null }]]);
    await rejects(apply({ [name]: "select 1;", "bots.sql": "select 1;" }), {
      message: 'Cannot apply the migration "bots.sql": its name is not <timestamp>_<concern>.sql',
    });
  });
});
