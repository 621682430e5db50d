/**
 * Each key is changed as docs/maintenance.md says, on workers whose streams run: what is new is accepted before it is
 * used, and what is old is refused in the end. In front of the stack stands what the platform's gateway does with keys.
 */
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { newAuthor } from "../../testkit/author.ts";
import { METRICS_TOKEN } from "../../testkit/metrics.ts";
import { readMigrations } from "../../testkit/pglite.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { answers, type Script } from "../../testkit/provider.ts";
import { expectRefusal } from "../../testkit/reader.ts";
import { NO_USER_LIMITS, SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";

let stack: Stack;
let gateway: Gateway;
Deno.test.beforeAll(async () => {
  stack = await startStack({ postgres: HAS_SERVER });
  gateway = startGateway(stack);
});
Deno.test.afterAll(async () => {
  await stack.stop();
  await gateway.server.shutdown();
});

const NEW_METRICS_TOKEN = "the-new-token-of-metrics";
const ENV = { ...SCENARIO_ENV, ...NO_USER_LIMITS };

type Gateway = ReturnType<typeof startGateway>;

/** Takes the secret keys that the project has, shows its signing keys, and hands a call on as `change` leaves it. */
function startGateway({ url, secret_key }: Stack) {
  const secretKeys = new Set(["sb_secret_old"]);
  const signingKeys: Record<string, unknown>[] = [];
  const state = { change: (_name: string, args: Record<string, unknown>) => args };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/auth/v1/.well-known/jwks.json") return Response.json({ keys: signingKeys });
    if (!secretKeys.has(request.headers.get("apikey") ?? "")) {
      return Response.json({ message: "Invalid API key" }, { status: 401 });
    }
    const headers = { "content-type": "application/json", apikey: secret_key, authorization: `Bearer ${secret_key}` };
    const args = state.change(pathname.split("/").at(-1)!, await request.json());
    const answer = await fetch(url + pathname + search, { method: "POST", headers, body: JSON.stringify(args) });
    return new Response(answer.body, { status: answer.status, headers: { "content-type": "application/json" } });
  });
  return { server, url: `http://127.0.0.1:${server.addr.port}`, secretKeys, signingKeys, state };
}

/** Makes a signing key; gives its public half, and what signs a user's token with it. */
async function makeSigningKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const claims = { aud: "authenticated", role: "authenticated", iss: `${gateway.url}/auth/v1` };
  return {
    jwk: { ...await exportJWK(publicKey), kid, alg: "ES256", use: "sig" },
    sign: (sub: string) =>
      new SignJWT({ ...claims, sub }).setProtectedHeader({ alg: "ES256", kid, typ: "JWT" }).setIssuedAt()
        .setExpirationTime("1h").sign(privateKey),
  };
}

const workerWith = (env: Record<string, string>) => stack.worker({ ...ENV, ...env }, { supabaseUrl: gateway.url });
const isReady = async (url: string) => (await fetch(`${url}/healthz?ready`)).status;
const metricsWith = async (url: string, token: string) => {
  const { status, body } = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  await body?.cancel();
  return status;
};

Deno.test("all keys are changed while a story is written, and no stream notices", async () => {
  const old = await workerWith({ SUPABASE_SECRET_KEY: "sb_secret_old" });
  const [first, second] = [await makeSigningKey("first"), await makeSigningKey("second")];
  const held = Promise.withResolvers<void>();
  // By the number of the call: what it waits for in its middle.
  const pauses = [held];
  const seen: (string | null)[] = [];
  const script: Script = async (call) => {
    seen.push(call.headers.get("authorization"));
    await call.token("Once ");
    await pauses[seen.length - 1]?.promise;
    await answers("upon a time.")(call);
  };
  const author = await newAuthor(stack.targetOf([old]), stack.provider, script);
  const { user: { id, token: legacy }, botId } = author;
  const story = (token: string, worker = old.url) => author.generate({ prompt: "Begin" }, { token, worker });
  const refused = async (token: string, worker: string) =>
    await expectRefusal(await author.ask({ prompt: "Begin" }, { token, worker }), 401, "unauthenticated");
  const running = await author.open({ prompt: "Begin" });
  await running.untilText("Once ");

  // The legacy secret gives way to a signing key; a second one stands by.
  gateway.signingKeys.push(first.jwk, second.jwk);
  equal((await story(await first.sign(id))).end, "done");
  equal((await story(legacy)).end, "done");
  // Rotated: both are good. Then the first one is revoked.
  equal((await story(await second.sign(id))).end, "done");
  gateway.signingKeys.shift();

  // A bot's key: the running request has the old one, the next the new one.
  await author.rest(`bots?id=eq.${botId}`, {
    method: "PATCH",
    body: { access_path: author.baseUrl, access_key: "sk-new" },
  });
  equal((await story(await second.sign(id))).end, "done");
  equal([seen[0] === seen[1], seen.at(-1)], [true, "Bearer sk-new"]);

  // The secret key and the token of /metrics: another worker has the new ones, and without the legacy secret.
  gateway.secretKeys.add("sb_secret_new");
  const env = { SUPABASE_SECRET_KEY: "sb_secret_new", RELAY_METRICS_TOKEN: NEW_METRICS_TOKEN, RELAY_JWT_SECRET: "" };
  const next = await workerWith(env);
  equal([await isReady(old.url), await isReady(next.url)], [200, 200]);
  equal((await story(await second.sign(id), next.url)).end, "done");
  await refused(legacy, next.url);
  await refused(await first.sign(id), next.url);
  for (
    const [worker, token, status] of [
      [old.url, METRICS_TOKEN, 200],
      [old.url, NEW_METRICS_TOKEN, 401],
      [next.url, METRICS_TOKEN, 401],
      [next.url, NEW_METRICS_TOKEN, 200],
    ] as const
  ) equal(await metricsWith(worker, token), status);

  held.resolve();
  equal((await running.rest()).at(-1)?.event, "done");

  // What the old worker still runs at its end is stored, and goes on elsewhere.
  const pause = pauses[seen.length] = Promise.withResolvers();
  const cut = await author.open({ prompt: "Begin" }, { token: await second.sign(id) });
  await cut.untilText("Once ");
  await old.stop();
  pause.resolve();
  equal((await cut.rest()).at(-1)?.event, "error");
  const { stream_id } = JSON.parse(cut.events[0].data);
  const { id: continue_of, content } = await author.stored(stream_id);
  equal(content, "Once ");
  const whole = await author.generate({ continue_of }, { token: await second.sign(id), worker: next.url });
  equal(whole.end, "done");

  gateway.secretKeys.delete("sb_secret_old");
  equal((await story(await second.sign(id), next.url)).end, "done");
  const late = await workerWith({ SUPABASE_SECRET_KEY: "sb_secret_old" });
  equal([await isReady(late.url), await isReady(next.url)], [503, 200]);
  await expectRefusal(await author.ask({ prompt: "Begin" }, { worker: late.url }), 500, "internal");
  ok(late.lines().some(({ event, cause }) => event === "request_failed" && /status 401/.test(String(cause))));
});

/** By function, its arguments that have a default: what an old worker may not send. */
const DEFAULTS = new Map(
  [
    ...(await readMigrations()).map(({ sql }) => sql).join("").matchAll(
      /create function public\.(relay_\w+)\(([^;]*?)\) returns/g,
    ),
  ].map(([, name, list]) => [name, [...list.matchAll(/(\w+) [\w[\]]+ default /g)].map(([, argument]) => argument)]),
);

/** Those that the first worker sent already. */
const FIRST = ["fence", "starts", "ends", "texts", "start_at"];

Deno.test("a worker that knows none of the newer arguments runs on the new database", async () => {
  const worker = await workerWith({ SUPABASE_SECRET_KEY: [...gateway.secretKeys][0] });
  const left = new Set<string>();
  gateway.state.change = (name, args) => {
    const old = Object.entries(args).filter(([argument]) =>
      FIRST.includes(argument) || !DEFAULTS.get(name)!.includes(argument)
    );
    if (old.length < Object.keys(args).length) left.add(name);
    return Object.fromEntries(old);
  };
  const author = await newAuthor(stack.targetOf([worker]), stack.provider, answers("Once ", "upon a time."));
  const { text, start } = await author.generate({ prompt: "Begin" });
  equal([text, (await author.stored(start.stream_id)).content], ["Once upon a time.", "Once upon a time."]);
  equal((await author.replay(start.stream_id)).text, text);
  equal((await author.generate({ prompt: "On", conversation_id: start.conversation_id })).end, "done");
  equal((await author.generate({ prompt: "Begin", stream_id: start.stream_id })).text, text);
  equal((await author.cancel(start.stream_id)).status, 200);
  equal([left.has("relay_begin"), left.has("relay_finish"), left.has("relay_read")], [true, true, true]);
  equal(worker.lines().filter(({ level }) => level !== "info"), []);
});
