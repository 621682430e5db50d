/** A real Postgres that is there and takes no calls, and one that restarts. */

import { deepStrictEqual as equal, match } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { openServer, type Server } from "../../testkit/cluster.ts";
import { eventually } from "../../testkit/eventually.ts";
import { query } from "../../testkit/postgres.ts";
import { answers } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import { skip } from "../../testkit/skipped.ts";
import { NO_USER_LIMITS, startStack } from "../../testkit/stack.ts";

const server = await openServer().catch(() => null);
if (server?.own) register(server, server.own);
else {
  await server?.close();
  skip("faults of a real Postgres: its server programs are not installed");
}

async function open(url: string) {
  const stack = await startStack({ flags: ["--database", url] });
  const worker = await stack.worker(NO_USER_LIMITS);
  const author = await newAuthor(stack.targetOf([worker]), stack.provider, answers("Once"));
  return {
    stack,
    worker,
    done: async () => equal((await author.generate({ prompt: "Hi" })).text, "Once"),
    /** False for a start that was admitted. */
    async refused() {
      const response = await author.ask({ prompt: "Hi" });
      if (response.ok) return await response.text() === null;
      equal(response.headers.get("retry-after"), "5");
      await expectRefusal(response, 503, "unavailable");
      return true;
    },
  };
}

function register({ url, close }: Server, own: NonNullable<Server["own"]>) {
  let on: Awaited<ReturnType<typeof open>>;
  Deno.test.beforeAll(async () => void (on = await open(url)));
  Deno.test.afterAll(async () => {
    // To stop it would wait for what it may have been admitted.
    await on?.worker.kill();
    await on?.stack.stop();
    await close();
  });

  // The first one, so that no call is under way when the database goes: that can end the embedded stack.
  Deno.test("a database that crashed is 503 unavailable as long as it is away, and admits after its restart", async () => {
    await on.done();
    await own.stop("immediate");
    try {
      equal(await on.refused(), true);
    } finally {
      await own.start();
    }
    await eventually("a start is admitted", () => on.done().then(() => true, () => false));
  });

  Deno.test("a database that became read-only is 503 unavailable, and admits once it is writable again", async () => {
    await on.done();
    await query(url, "alter system set default_transaction_read_only = on");
    try {
      await query(url, "select pg_reload_conf()");
      await eventually("a start is refused", on.refused);
      const { cause } = await eventually(
        "the log says why",
        () => on.worker.lines().findLast(({ event }) => event === "request_refused"),
      );
      match(String(cause), /^relay_begin was answered with status \d+, 25006: cannot execute/);
    } finally {
      await query(url, "alter system reset default_transaction_read_only");
      await query(url, "select pg_reload_conf()");
    }
    await eventually("a start is admitted", () => on.done().then(() => true, () => false));
  });
}
