/** Removes the database of the test server that a URL names: for `migrated.ts`, in a process of its own. */

import { connect } from "./postgres.ts";

const url = new URL(Deno.args[0]);
const name = url.pathname.slice(1);
url.pathname = "/postgres";
const sql = connect(url.href);
await sql.unsafe(`drop database if exists "${name}" with (force)`);
await sql.end();
