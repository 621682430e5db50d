/** A real Postgres that is there and takes no calls, and one that restarts. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { openServer } from "../../testkit/cluster.ts";
import { eventually } from "../../testkit/eventually.ts";
import { connect } from "../../testkit/postgres.ts";
import { answers } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import { skip } from "../../testkit/skipped.ts";
import { NO_USER_LIMITS, startStack } from "../../testkit/stack.ts";

const server = await openServer().catch(() => null);
if (server) Deno.test.afterAll(() => server.close());
else skip("faults of a real Postgres: there is none");

async function open(url: string) {
  const stack = await startStack({ flags: ["--database", url] });
  const worker = await stack.worker(NO_USER_LIMITS);
  const author = await newAuthor(stack.targetOf([worker]), stack.provider, answers("Once"));
  return {
    worker,
    refused: (stream_id: string) => author.ask({ prompt: "Hi", stream_id }),
    done: async (stream_id: string) => equal((await author.generate({ prompt: "Hi", stream_id })).text, "Once"),
    [Symbol.asyncDispose]: stack.stop,
  };
}

if (server) {
  Deno.test("a database that became read-only is 503 unavailable, and admits once it is writable again", async () => {
    await using on = await open(server.url);
    /** Of new connections: those that are there end. */
    async function setReadOnly(value: "on" | "off") {
      const sql = connect(server!.url);
      const { pathname } = new URL(server!.url);
      await sql.unsafe("set default_transaction_read_only = off");
      await sql.unsafe(`alter database "${pathname.slice(1)}" set default_transaction_read_only = ${value}`);
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
      await sql.end();
    }
    const [before, within] = [crypto.randomUUID(), crypto.randomUUID()];
    await on.done(before);
    await setReadOnly("on");
    try {
      const line = await eventually("a start is refused as read-only", async () => {
        const response = await on.refused(within);
        equal(response.headers.get("retry-after"), "5");
        await expectRefusal(response, 503, "unavailable");
        return on.worker.lines().find(({ cause }) => /25006/.test(String(cause)));
      });
      match(String(line.cause), /relay_begin was answered with status \d+, 25006: cannot execute/);
    } finally {
      await setReadOnly("off");
    }
    await on.done(crypto.randomUUID());
  });
}
