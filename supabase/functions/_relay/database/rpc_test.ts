import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { DATABASE_TIMEOUT_MS } from "../protocol/limits.ts";
import { makePlatform } from "../testing/platform.ts";
import { createRpc } from "./rpc.ts";

/** A client of a database that gives this answer; `requests` is what reached it. */
function make(answer: (request: Request) => Response | Promise<Response>) {
  const platform = makePlatform();
  const requests: Request[] = [];
  const rpc = createRpc(platform, {
    fetch: async (input, init) => {
      const request = new Request(input, init);
      requests.push(request);
      return await answer(request);
    },
  });
  return { ...platform, requests, rpc };
}

async function failureOf(call: Promise<unknown>): Promise<RelayError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof RelayError, String(error));
    assert.match(error.message, /^[A-Z].*[^.]$/s);
    return error;
  }
  assert.fail("It did not fail");
}

const never = () => new Promise<Response>(() => {});

Deno.test("a call is one POST with the secret key and the arguments as JSON", async () => {
  const { rpc, requests, clock } = make(() => Response.json({ a: 1 }));
  const args = { stream_ids: ["a", "b"], text: "é🐉", none: null };
  assert.deepEqual(await rpc("relay_x", args), { a: 1 });
  assert.equal(requests.length, 1);
  const [request] = requests;
  assert.deepEqual([request.method, request.url], ["POST", "http://supabase.test/rest/v1/rpc/relay_x"]);
  assert.equal(request.headers.get("apikey"), "sb_secret_test");
  assert.deepEqual(await request.json(), args);
  assert.equal(clock.pending, 0);
});

Deno.test("null is an answer", async () => {
  const { rpc } = make(() => Response.json(null));
  assert.equal(await rpc("relay_x", {}), null);
});

/** An answer as PostgREST gives it for a failure. */
function refused(status: number, code: string | null): Response {
  return Response.json({ code, message: "said", details: "secret", hint: "secret" }, { status });
}

/** The cause as the log has it. */
function causeOf(status: number, code: string | null): string {
  return `CallFailure: relay_x was answered with status ${status}, ${
    code === null ? "no code: not by PostgREST" : `${code}: said`
  }`;
}

Deno.test("a database that is away or going away is unavailable", async () => {
  const cases: [number, string | null][] = [
    [503, "PGRST000"],
    [503, "PGRST001"],
    [503, "PGRST002"],
    [504, "PGRST003"],
    [503, "08006"],
    [503, "53300"],
    [500, "57014"],
    [500, "57P01"],
    [502, null],
    [503, null],
    [504, null],
    [521, null],
  ];
  for (const [status, code] of cases) {
    const { rpc, clock } = make(() => refused(status, code));
    const error = await failureOf(rpc("relay_x", {}));
    assert.deepEqual(
      [error.code, error.message, error.retryAfter, String(error.cause)],
      ["unavailable", "Cannot reach the database", 5, causeOf(status, code)],
    );
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a database that refuses the call is the relay's own failure", async () => {
  const cases: [number, string | null][] = [
    [400, "22P02"],
    [400, "P0001"],
    [401, "PGRST301"],
    [403, "42501"],
    [404, "PGRST202"],
    [409, "23514"],
    [500, "XX000"],
    [500, null],
  ];
  for (const [status, code] of cases) {
    const { rpc, clock } = make(() => refused(status, code));
    const error = await failureOf(rpc("relay_x", {}));
    assert.deepEqual(
      [error.code, error.message, error.retryAfter, String(error.cause)],
      ["internal", "The relay failed: its log has the cause", undefined, causeOf(status, code)],
    );
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a gateway's page is unavailable by its status", async () => {
  const { rpc } = make(() => new Response("<html>Bad Gateway", { status: 502 }));
  assert.equal((await failureOf(rpc("relay_x", {}))).code, "unavailable");
});

Deno.test("a fetch that fails is unavailable, and is not repeated", async () => {
  const { rpc, requests } = make(() => Promise.reject(new TypeError("refused")));
  const error = await failureOf(rpc("relay_x", {}));
  assert.equal(error.code, "unavailable");
  assert.match(String(error.cause), /^CallFailure: relay_x was answered with status 0, /);
  assert.match(String(error.cause), /refused/);
  assert.equal(requests.length, 1);
});

Deno.test("an answer that is no JSON is a failure, and never quoted", async () => {
  for (const body of ['{"access_key": "sk-secret", ', "<html>secret"]) {
    const { rpc } = make(() => new Response(body));
    const error = await failureOf(rpc("relay_x", {}));
    assert.deepEqual([error.code, String(error.cause)], ["internal", causeOf(200, null)]);
  }
});

Deno.test("a database that does not answer in time is unavailable, and the request is aborted", async () => {
  const { rpc, clock, requests } = make((request) =>
    new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
    })
  );
  let settled = false;
  const call = failureOf(rpc("relay_x", {})).finally(() => settled = true);
  await clock.run(DATABASE_TIMEOUT_MS - 1);
  assert.equal(settled, false);
  await clock.run(1);
  const error = await call;
  assert.equal(error.code, "unavailable");
  assert.match(String(error.cause), /The database did not answer in time/);
  assert.equal(requests[0].signal.aborted, true);
  assert.equal(clock.pending, 0);
});

/** Gives each request the next of these answers. */
function inTurn(...answers: (() => Response)[]) {
  return () => answers.shift()!();
}

Deno.test("what a deadlock or a conflict rolled back is called again with the same arguments", async () => {
  for (const code of ["40P01", "40001"]) {
    const failed = () => refused(500, code);
    const { rpc, requests, clock } = make(inTurn(failed, failed, () => Response.json({ a: 1 })));
    assert.deepEqual(await rpc("relay_x", { stream_id: "a" }), { a: 1 });
    assert.equal(requests.length, 3);
    for (const request of requests) {
      assert.deepEqual(await request.json(), { stream_id: "a" });
    }
    assert.equal(clock.pending, 0);
  }
});

Deno.test("a call that is rolled back three times has failed, and is not made a fourth time", async () => {
  for (const code of ["40P01", "40001"]) {
    const { rpc, requests, clock } = make(() => refused(500, code));
    const error = await failureOf(rpc("relay_x", {}));
    assert.deepEqual([error.code, String(error.cause)], ["internal", causeOf(500, code)]);
    assert.equal(requests.length, 3);
    assert.equal(clock.pending, 0);
  }
});

Deno.test("another failure after a deadlock is not repeated", async () => {
  const { rpc, requests } = make(inTurn(() => refused(500, "40P01"), () => refused(503, "PGRST000")));
  assert.equal((await failureOf(rpc("relay_x", {}))).code, "unavailable");
  assert.equal(requests.length, 2);
});

Deno.test("all attempts of a call share its time", async () => {
  const { rpc, requests, clock } = make((request) =>
    requests.length === 1 ? refused(500, "40P01") : new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason));
    })
  );
  const call = failureOf(rpc("relay_x", {}));
  await clock.run(0);
  assert.equal(clock.pending, 1);
  await clock.run(DATABASE_TIMEOUT_MS);
  assert.equal((await call).code, "unavailable");
  assert.equal(requests.length, 2);
  assert.equal(clock.pending, 0);
});

Deno.test("two calls do not wait for each other", async () => {
  const { rpc, requests, clock } = make((request) => request.url.endsWith("slow") ? never() : Response.json(1));
  void rpc("slow", {});
  assert.equal(await rpc("quick", {}), 1);
  assert.equal(requests.length, 2);
  assert.equal(clock.pending, 1);
});
