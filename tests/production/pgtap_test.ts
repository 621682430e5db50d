/**
 * Runs the files below supabase/tests on PGlite, each as one test: on a database whose ids are uuid, on one whose ids are
 * bigint, and on one with Supabase's Vault those in which keys of bots play a part. `supabase test db` runs the same files
 * on a real Postgres.
 */
import type { PGlite } from "@electric-sql/pglite";
import { applyMigrations, BIGINT_TABLES, readMigrations, rollBack, startPglite } from "../../testkit/pglite.ts";
import { findFailures } from "../../testkit/tap.ts";

const FOLDER = new URL("../../supabase/tests/", import.meta.url);

const VARIANTS = [
  { named: "ids are uuid", tables: "", withVault: false, files: /./ },
  { named: "ids are bigint", tables: BIGINT_TABLES, withVault: false, files: /./ },
  {
    named: "with Vault",
    tables: "",
    withVault: true,
    files: /^(000|access|bots|catalogue|constraints\/bots|relay_begin|zzz)/,
  },
];

for (const { named, tables, withVault, files } of VARIANTS) {
  // One database for all files, since each of them rolls back what it did. It stands outside of the tests, so that what
  // belongs to the database is no leak of any of them.
  const database = await startPglite({ withVault });
  await database.exec(tables);
  await applyMigrations(database, await readMigrations());
  // So that one file can be picked by name; as a test it runs once more.
  await runFile(database, new URL("000_helpers.test.sql", FOLDER));

  for (const path of findTestFiles(FOLDER).filter((path) => files.test(path))) {
    Deno.test(`supabase/tests/${path}, ${named}`, async () => {
      const tap = await runFile(database, new URL(path, FOLDER));
      const failures = findFailures(tap);
      if (failures.length > 0) {
        throw new Error([...failures, "", tap].join("\n"));
      }
    });
  }
}

/** The paths in the order in which pg_prove runs them. */
function findTestFiles(folder: URL, below = ""): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const path = below + entry.name;
    if (entry.isDirectory) {
      paths.push(...findTestFiles(new URL(`${entry.name}/`, folder), `${path}/`));
    } else if (path.endsWith(".sql")) {
      paths.push(path);
    }
  }
  return paths.sort();
}

/** Runs one file and gives what psql would print of it, without headings. */
async function runFile(database: PGlite, file: URL): Promise<string> {
  try {
    const results = await database.exec(await Deno.readTextFile(file), { rowMode: "array" });
    return results.flatMap(({ rows }) => rows as unknown as unknown[][]).map((row) => row.join("|")).join("\n");
  } catch (error) {
    // The next file must not find itself in this one's transaction.
    await rollBack(database);
    throw error;
  }
}
