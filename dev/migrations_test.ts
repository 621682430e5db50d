import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { type Database, openPglite } from "./database.ts";
import { applyMigrations } from "./migrations.ts";

Deno.test("migrations are applied in order and once, newer ones later", async () => {
  await withDatabase(async (database, write, apply) => {
    await write("20260102000000_second.sql", "insert into story values (2);");
    await write("20260101000000_first.sql", "create table story (n int);");
    await write("notes.txt", "no migration");
    equal(await apply(), ["20260101000000_first.sql", "20260102000000_second.sql"]);
    equal(await apply(), []);
    await write("20260103000000_third.sql", "insert into story values (3);");
    equal(await apply(), ["20260103000000_third.sql"]);
    const [row] = await query(database, "select array_agg(n) as n from story");
    equal(row, { n: [2, 3] });
  });
});

Deno.test("a migration that fails leaves nothing behind and names its line", async () => {
  await withDatabase(async (database, write, apply) => {
    const name = "20260101000000_broken.sql";
    await write(name, "create table story (n int);\ninsert into tale\nvalues (1);");
    await rejects(apply(), {
      message: `Cannot apply the migration "${name}": relation "tale" does not exist (line 2)`,
    });
    const [row] = await query(
      database,
      "select to_regclass('story')::text as story, (select count(*) from supabase_migrations.schema_migrations) as n",
    );
    equal(row, { story: null, n: 0 });
  });
});

Deno.test("a migration without a timestamp is refused by name", async () => {
  await withDatabase(async (_, write, apply) => {
    await write("bots.sql", "select 1;");
    await rejects(apply(), {
      message: 'Cannot apply the migration "bots.sql": its name is not <timestamp>_<concern>.sql',
    });
  });
});

async function withDatabase(
  test: (
    database: Database,
    write: (name: string, sql: string) => Promise<void>,
    apply: () => Promise<string[]>,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const database = await openPglite(undefined, () => {});
  try {
    await query(
      database,
      `create schema supabase_migrations;
       create table supabase_migrations.schema_migrations (version text primary key, name text)`,
    );
    await test(
      database,
      (name, sql) => Deno.writeTextFile(`${folder}/${name}`, sql),
      () => applyMigrations(database, pathToFileURL(folder + "/")),
    );
  } finally {
    await database.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function query(database: Database, sql: string) {
  return database.transaction((run) => run(sql));
}
