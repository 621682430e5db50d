/**
 * Runs the files below supabase/tests, each as one test: on a database whose ids are uuid and which is in use, on an empty
 * one whose ids are bigint, and on one with Supabase's Vault those in which keys of bots play a part. `supabase test db`
 * runs the same files.
 */
import assert from "node:assert/strict";
import { applyMigrations, BIGINT_TABLES, readMigrations } from "../../testkit/pglite.ts";
import { type EmptyDatabase, startEmpty } from "../../testkit/sql.ts";

const FOLDER = new URL("../../supabase/tests/", import.meta.url);
const HELPERS = "000_helpers.test.sql";

/** What a database has after a while: a story with branches, a share, a generation of each kind, counters. */
const IN_USE = `
  begin;
  select tests.given_tale('its user'), tests.make_user('its friend'), tests.given_share('bot', 'its friend'),
    tests.given_default_bot('bot', 'its user'), tests.given_conversation('its empty story', 'its friend');
  select tests.given_generation('its-' || status, 'its user', status, 'tale', 'second question')
  from unnest(array['running', 'completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) status;
  select tests.given_text('its-running', 'Once'), tests.given_expired('its-expired', 'its user', 'Once', 'tale'),
    tests.given_generation('its-old', 'its friend', 'completed'), tests.back_date('its-old', interval '40 days');
  update relay.counters set value = 7;
  insert into relay.uncounted (name, amount) select 'sweeps_total', 2 from generate_series(1, 3);
  commit`;

const VARIANTS = [
  { named: "ids are uuid, in use", tables: "", withVault: false, files: /./, isInUse: true },
  { named: "ids are bigint", tables: BIGINT_TABLES, withVault: false, files: /./, isInUse: false },
  {
    named: "with Vault",
    tables: "",
    withVault: true,
    files: /^(000|access|bots|catalogue|constraints\/bots|relay_begin|zzz)/,
    isInUse: false,
  },
];

for (const { named, tables, withVault, files, isInUse } of VARIANTS) {
  // One database for all files, since each of them rolls back what it did. It stands outside of the tests, so that what
  // belongs to the database is no leak of any of them.
  const database = await startEmpty({ withVault, sql: tables });
  Deno.test.afterAll(() => database.close());
  await applyMigrations(database, await readMigrations());
  // So that one file can be picked by name; as a test it runs once more.
  await runFile(database, HELPERS);
  const everything = () => database.exec("select tests.everything()");
  if (isInUse) await database.exec(IN_USE);
  const before = await everything();

  for (const path of findTestFiles(FOLDER).filter((path) => files.test(path))) {
    Deno.test(`supabase/tests/${path}, ${named}`, async () => {
      const tap = await runFile(database, path);
      const failures = findFailures(tap);
      if (failures.length > 0) {
        throw new Error([...failures, "", tap].join("\n"));
      }
    });
  }

  Deno.test(`supabase/tests leave every row as it was, ${named}`, async () => {
    // The helpers have removed themselves.
    await runFile(database, HELPERS);
    assert.deepEqual(await everything(), before);
  });
}

/** The paths in the order in which pg_prove runs them. */
function findTestFiles(folder: URL, below = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return findTestFiles(new URL(`${name}/`, folder), `${below}${name}/`);
    return name.endsWith(".sql") ? [below + name] : [];
  }).sort();
}

/** Runs one file and gives what psql would print of it, without headings. */
async function runFile(database: EmptyDatabase, path: string): Promise<string> {
  try {
    const rows = await database.exec(await Deno.readTextFile(new URL(path, FOLDER)));
    return rows.map((row) => row.join("|")).join("\n");
  } catch (error) {
    // The next file must not find itself in this one's transaction.
    await database.rollBack();
    throw error;
  }
}

/** What is wrong with the output of a file, in the Test Anything Protocol; empty where all went well. */
function findFailures(tap: string): string[] {
  const lines = tap.split("\n");
  const plans = lines.filter((line) => /^1\.\.\d+$/.test(line));
  const results = lines.filter((line) => /^(not )?ok \d+/.test(line));
  const isKept = plans.length === 1 && plans[0] === `1..${results.length}`;
  const plan = isKept ? [] : [`Found ${results.length} results, the plan is ${plans.join(" and ") || "missing"}`];
  return [...plan, ...results.filter((line) => line.startsWith("not ok"))];
}

Deno.test("a failed assertion, too few or too many results, and a missing or a second plan are failures", () => {
  const cases: [tap: string, failures: string[]][] = [
    ["1..2\n\nok 1 - one\nok 2 - two\n", []],
    ["1..2\nok 1 - one\nnot ok 2 - two\n# Looks like", ["not ok 2 - two"]],
    ["1..2\nok 1", ["Found 1 results, the plan is 1..2"]],
    ["1..1\nok 1\nok 2", ["Found 2 results, the plan is 1..1"]],
    ["1..1\n1..1\nok 1", ["Found 1 results, the plan is 1..1 and 1..1"]],
    ["", ["Found 0 results, the plan is missing"]],
  ];
  for (const [tap, failures] of cases) assert.deepEqual(findFailures(tap), failures);
});
