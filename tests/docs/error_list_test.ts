/** Holds the database's list of error codes to the relay's. */
import assert from "node:assert/strict";
import { ERRORS } from "../../supabase/functions/_relay/protocol/errors.ts";
import { startMigratedDatabase } from "../../testkit/migrated.ts";

const database = await startMigratedDatabase();

Deno.test("relay.error_codes() has the codes of ERRORS, and which of them end a generation", async () => {
  const rows = await database.query<{ code: string; ends: boolean }>("select code, ends from relay.error_codes()");
  assert.deepEqual(
    rows.map(({ code, ends }) => [code, ends]),
    Object.entries(ERRORS).map(([code, { ends }]) => [code, ends]),
  );
});
