import assert from "node:assert/strict";
import type { Configuration } from "../platform/configuration.ts";
import { RelayError } from "../protocol/errors.ts";
import { DATABASE_TIMEOUT_MS } from "../protocol/limits.ts";
import { makePlatform } from "../testing/platform.ts";
import { createRpc } from "./rpc.ts";

type Answer = (request: Request) => Response | Promise<Response>;

/** A client of a database that gives these answers, the last one for ever; `requests` is what reached it. */
function make(...answers: Answer[]) {
  return makeWith({}, ...answers);
}

function makeWith(configuration: Partial<Configuration>, ...answers: Answer[]) {
  const platform = makePlatform({ configuration });
  const requests: Request[] = [];
  const rpc = createRpc(platform, {
    fetch: async (input, init) => {
      const request = new Request(input, init);
      requests.push(request);
      return await (answers.length > 1 ? answers.shift()! : answers[0])(request);
    },
  });
  return { ...platform, requests, rpc };
}

async function failureOf(call: Promise<unknown>): Promise<RelayError> {
  const error = await call.then(() => assert.fail("It did not fail"), (error) => error);
  assert.ok(error instanceof RelayError, String(error));
  return error;
}

/** An answer as PostgREST gives it for a failure. */
const refused = (status: number, code: string | null) => () =>
  Response.json({ code, message: "said", details: "secret", hint: "secret" }, { status });

/** The cause as the log has it. */
const causeOf = (status: number, code: string | null) =>
  `relay_x was answered with status ${status}, ${code === null ? "no code: not by PostgREST" : `${code}: said`}`;

/** Never answers, as long as the request is not aborted. */
const hangs: Answer = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

Deno.test("a call is one POST with the secret key and the arguments as JSON; null is an answer", async () => {
  const { rpc, requests, clock } = make(() => Response.json({ a: 1 }), () => Response.json(null));
  const args = { stream_ids: ["a", "b"], text: "é🐉", none: null };
  assert.deepEqual(await rpc("relay_x", args), { a: 1 });
  const [request] = requests;
  assert.deepEqual([request.method, request.url], ["POST", "http://supabase.test/rest/v1/rpc/relay_x"]);
  assert.equal(request.headers.get("apikey"), "sb_secret_test");
  assert.deepEqual(await request.json(), args);
  assert.equal(await rpc("relay_x", {}), null);
  assert.deepEqual([requests.length, clock.pending], [2, 0]);
});

Deno.test("the Data API may be somewhere else than below the project's URL", async () => {
  const { rpc, requests } = makeWith({ restUrl: "http://rest.test:3000/api" }, () => Response.json(1));
  assert.equal(await rpc("relay_x", {}), 1);
  assert.deepEqual(requests.map(({ url }) => url), ["http://rest.test:3000/api/rpc/relay_x"]);
});

/** Statuses with PostgREST's or Postgres' code: those of a database that does not take calls, and of a refused call. */
const AWAY = [
  ...["503 PGRST000", "503 PGRST001", "503 PGRST002", "504 PGRST003"],
  ...["404 PGRST202", "300 PGRST203", "400 PGRST204", "404 PGRST205"],
  ...["503 08006", "405 25006", "503 53100", "503 53300", "500 57P01", "503 57P03"],
  ...["500 58000", "500 58030", "500 58P01", "408", "429", "502", "503", "504", "520", "521", "540", "544", "546"],
];
/** What one user's text or lock can cause. */
const OVERLOADED = ["503 53200", "500 55P03", "500 57014"];
const REFUSED = [
  ...["400 22P02", "400 25001", "400 P0001", "401 PGRST301", "406 PGRST106", "403 42501", "404 42883", "409 23514"],
  ...["400 54000", "400 55000", "500 XX000", "500 PGRST0021", "400", "401", "404", "500"],
];

const KINDS = [["unavailable", AWAY, 5], ["overloaded", OVERLOADED, 2], ["internal", REFUSED, undefined]] as const;
for (const [code, answers, retryAfter] of KINDS) {
  Deno.test(`what is ${code}, the cause keeps code and message alone`, async () => {
    for (const answer of answers) {
      const [status, state = null] = answer.split(" ");
      const { rpc, clock, requests } = make(refused(Number(status), state));
      const error = await failureOf(rpc("relay_x", {}));
      const seen = [answer, error.code, error.retryAfter, String(error.cause).split("; worker and")[0]];
      assert.deepEqual(seen, [answer, code, retryAfter, causeOf(Number(status), state)]);
      assert.deepEqual([requests.length, clock.pending], [1, 0]);
    }
  });
}

Deno.test("the called function with other arguments is a stale schema cache; another one that is missing is a bug", async () => {
  for (const [name, code] of [["public.relay_x(a => uuid)", "unavailable"], ["public.other(uuid)", "internal"]]) {
    const message = `function ${name} does not exist`;
    const { rpc } = make(() => Response.json({ code: "42883", message }, { status: 404 }));
    const error = await failureOf(rpc("relay_x", {}));
    assert.deepEqual([error.code, ADVICE.test(String(error.cause))], [code, code === "unavailable"]);
  }
});

const ADVICE = /; worker and database do not fit: push the migrations of the worker's version$/;

Deno.test("a worker that is newer than its database says in the cause what to do", async () => {
  for (const [code, isMisfit] of [["PGRST202", true], ["PGRST203", true], ["PGRST002", false], ["57P03", false]]) {
    const { rpc } = make(refused(404, String(code)));
    assert.equal(ADVICE.test(String((await failureOf(rpc("relay_x", {}))).cause)), isMisfit, String(code));
  }
});

Deno.test("a gateway's page and a fetch that fails are unavailable, an answer that is no JSON is never quoted", async () => {
  const page = make(() => new Response("<html>Bad Gateway", { status: 502 }));
  assert.equal((await failureOf(page.rpc("relay_x", {}))).code, "unavailable");
  const broken = make(() => Promise.reject(new TypeError("refused")));
  const error = await failureOf(broken.rpc("relay_x", {}));
  assert.equal(error.code, "unavailable");
  assert.match(String(error.cause), /relay_x was answered with status 0, .*refused/);
  assert.equal(broken.requests.length, 1);
  for (const body of ['{"access_key": "sk-secret", ', "<html>secret"]) {
    const { code, cause } = await failureOf(make(() => new Response(body)).rpc("relay_x", {}));
    assert.deepEqual([code, String(cause)], ["internal", causeOf(200, null)]);
  }
});

Deno.test("a call that is rolled back is made again with the same arguments, three times in all", async () => {
  for (const code of ["40P01", "40001"]) {
    const failed = refused(500, code);
    const lucky = make(failed, failed, () => Response.json({ a: 1 }));
    assert.deepEqual(await lucky.rpc("relay_x", { stream_id: "a" }), { a: 1 });
    assert.equal(lucky.requests.length, 3);
    for (const request of lucky.requests) assert.deepEqual(await request.json(), { stream_id: "a" });
    const unlucky = make(failed);
    const error = await failureOf(unlucky.rpc("relay_x", {}));
    assert.deepEqual([error.code, String(error.cause)], ["internal", causeOf(500, code)]);
    assert.deepEqual([unlucky.requests.length, unlucky.clock.pending], [3, 0]);
  }
  const other = make(refused(500, "40P01"), refused(503, "PGRST000"));
  assert.equal((await failureOf(other.rpc("relay_x", {}))).code, "unavailable");
  assert.equal(other.requests.length, 2);
});

Deno.test("a call meets each dead connection of PostgREST's pool and is answered by a live one; twenty are too many", async () => {
  const dead = () => Response.json({ code: "", details: null, hint: null, message: "" }, { status: 400 });
  const lucky = make(...Array.from({ length: 19 }, () => dead), () => Response.json({ a: 1 }));
  assert.deepEqual(await lucky.rpc("relay_x", { fence: "f" }), { a: 1 });
  assert.equal(lucky.requests.length, 20);
  for (const request of lucky.requests) assert.deepEqual(await request.json(), { fence: "f" });
  const unlucky = make(dead);
  const { code, retryAfter, cause } = await failureOf(unlucky.rpc("relay_x", {}));
  assert.deepEqual([code, retryAfter, String(cause)], ["unavailable", 5, causeOf(400, null)]);
  assert.deepEqual([unlucky.requests.length, unlucky.clock.pending], [20, 0]);
});

Deno.test("all attempts of a call share its time; then it is unavailable, and the request is aborted", async () => {
  for (const answers of [[hangs], [refused(500, "40P01"), hangs]]) {
    const { rpc, clock, requests } = make(...answers);
    let settled = false;
    const call = failureOf(rpc("relay_x", {})).finally(() => settled = true);
    await clock.run(DATABASE_TIMEOUT_MS - 1);
    assert.equal(settled, false);
    assert.equal(clock.pending, 1);
    await clock.run(1);
    const error = await call;
    assert.equal(error.code, "unavailable");
    assert.match(String(error.cause), /The database did not answer in time/);
    assert.equal(requests.at(-1)!.signal.aborted, true);
    assert.deepEqual([requests.length, clock.pending], [answers.length, 0]);
  }
});
