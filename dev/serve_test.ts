import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { VERSION } from "../supabase/functions/_relay/platform/version.ts";

const SERVE = fileURLToPath(new URL("./serve.ts", import.meta.url));

function serve(port: string, flags: string[] = [], env: Record<string, string> = {}, words: string[] = []) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", "--no-lock", ...flags, SERVE, ...words],
    env: {
      ...{ PORT: port, HOST: "127.0.0.1", SUPABASE_URL: "http://127.0.0.1:1", SUPABASE_SECRET_KEY: "sb_secret_test" },
      ...{ MAX_CONNECTIONS: "", RELAY_PING_MS: "" },
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("serve takes an empty variable as unset, prints its address, answers, and ends at SIGTERM with exit code 0", async () => {
  const child = serve("0");
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const { url, ...rest } = JSON.parse(new TextDecoder().decode(value));
  equal(rest, {});
  const response = await fetch(`${url}/functions/v1/healthz`);
  equal(await response.json(), { status: "ok", version: VERSION });

  child.kill("SIGTERM");
  equal((await reader.read()).done, true);
  equal((await child.status).code, 0);
  await child.stderr.cancel();
});

Deno.test("serve whose log nothing reads any more answers, and ends at its first SIGTERM", async () => {
  const child = serve("0");
  await child.stderr.cancel();
  const reader = child.stdout.getReader();
  const { url } = JSON.parse(new TextDecoder().decode((await reader.read()).value));
  await (await fetch(`${url}/healthz`)).body?.cancel();
  child.kill("SIGTERM");
  equal((await reader.read()).done, true);
  equal((await child.status).code, 0);
});

Deno.test(
  "serve logs and counts its own faults, within a request and outside of one, and goes on",
  { ignore: Deno.build.os === "windows" },
  async () => {
    const counted: Record<string, unknown>[] = [];
    await using supabase = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      if (request.url.endsWith("/rpc/relay_count_refusals")) counted.push(await request.json());
      return Response.json({});
    });

    // What reads the log takes lines of JSON, of a bounded length, and passes over all others.
    const faults =
      "console.error(`thread 'main' panicked at\\n  {core}: broken`); Promise.reject(new Error('stray'));" +
      "setTimeout(() => { throw new Error('\\ud83d\\n\\u2028🦊'.repeat(9000)) })";
    // The first request after it fails before the relay sees it.
    const fails = "const { canParse } = URL;" +
      "URL.canParse = () => { URL.canParse = canParse; throw new Error('lost') };";
    const preloaded = `data:text/javascript,Deno.addSignalListener("SIGUSR1", () => { ${fails} ${faults} })`;
    const child = serve("0", ["--preload", preloaded], { SUPABASE_URL: `http://127.0.0.1:${supabase.addr.port}` });
    const reader = child.stdout.getReader();
    const { url } = JSON.parse(new TextDecoder().decode((await reader.read()).value));
    child.kill("SIGUSR1");
    let log = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      if (/worker_shutdown|request_failed/.test(log)) continue;
      if (log.split("uncaught_error").length < 3) continue;
      equal((await (await fetch(`${url}/healthz`)).json()).error.code, "internal");
      equal((await (await fetch(`${url}/healthz`)).json()).status, "ok");
      child.kill("SIGTERM");
    }
    equal((await child.status).code, 0);
    await reader.cancel();
    const lines = log.split("\n").filter((line) => line.startsWith("{"));
    ok(lines.every((line) => line.length < 10_000));
    const causes = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "uncaught_error")
      .map(({ cause }) => cause.slice(0, 12));
    equal(causes.sort(), ["Error: stray", "Error: \ud83d\n\u2028🦊"]);
    ok(log.includes("\n  {core}: broken"));
    equal(counted, [{ codes: [], counts: [], events: ["uncaught_error", "request_failed"], lines: [2, 1] }]);
  },
);

Deno.test("deno task serve may use the network and its own variables, with the packages of the lock, and no more", () => {
  const read = (path: string) => Deno.readTextFileSync(new URL(path, import.meta.url));
  const flags = "--no-prompt --frozen --lock=server/deno.lock --allow-net --allow-env";
  const v8 = "--v8-flags=--no-memory-reducer,--min-semi-space-size=16";
  equal(JSON.parse(read("../deno.json")).tasks.serve, `deno run ${v8} ${flags} dev/serve.ts`);
  for (const file of ["Dockerfile", "storytellr.service"]) ok(read(`../server/${file}`).includes(v8), file);
});

/** Runs it until it ends by itself, or up to the signal that it gets once it listens; gives all that it has printed. */
async function runServe(signal: Deno.Signal, ...given: Parameters<typeof serve>) {
  const child = serve(...given);
  const log = child.stderr.text();
  let said = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (!said.includes("\n") && text.includes("url")) child.kill(signal);
    said += text;
  }
  const { code } = await child.status;
  const all = (await log).split("\n").filter((line) => line !== "");
  const lines = all.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  return { code, said, notes: all.filter((line) => !line.startsWith("{")), lines };
}

Deno.test("once it has started, its code can read no variable, neither its own nor a foreign one", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const reading = (name: string) =>
    `try { Deno.env.get("${name}"); console.log("read"); } catch (error) { console.log(error.name); }`;
  const preloaded = `if (Deno.env.get("FOREIGN") !== "x") throw new Error("The variable was not there");
    Deno.addSignalListener("SIGUSR1", () => {
      ${reading("FOREIGN")} ${reading("SUPABASE_SECRET_KEY")}
      Deno.kill(Deno.pid, "SIGTERM");
    })`;
  const flags = ["--preload", `data:text/javascript,${encodeURIComponent(preloaded)}`];
  const { code, said } = await runServe("SIGUSR1", "0", flags, { FOREIGN: "x" });
  equal([code, said.trim().split("\n").slice(1)], [0, ["NotCapable", "NotCapable"]]);
});

Deno.test("serve names a variable that nothing reads, once, with the one that was meant, and not its value", async () => {
  const { code, lines } = await runServe("SIGTERM", "0", [], { RELAY_ALOWED_ORIGINS: "a-value", NOT_RELAY_PNIG: "b" });
  const [started, unknown, ended] = lines;
  equal([code, started.event, started.version, ended.event], [0, "worker_started", VERSION, "worker_shutdown"]);
  const meant = "RELAY_ALOWED_ORIGINS is not known, did you mean RELAY_ALLOWED_ORIGINS?";
  equal([unknown.level, unknown.event, unknown.cause], ["warn", "variables_unknown", meant]);
  equal(JSON.stringify(lines).includes("a-value"), false);
});

Deno.test("serve --version says which version it is, without any variable", async () => {
  const { code, said, notes, lines } = await runServe("SIGTERM", "", [], { SUPABASE_URL: "" }, ["--version"]);
  equal([code, said, notes, lines], [0, `${VERSION}\n`, [], []]);
});

Deno.test("with the ranges that docs/operations.md denies, a name that leads to a private address is not called", async () => {
  const page = Deno.readTextFileSync(new URL("../docs/operations.md", import.meta.url));
  const deny = /--deny-net=\S+/.exec(page)![0];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("secret"));
  const call =
    `console.log(await fetch("http://localhost:${server.addr.port}/").then((r) => r.text(), (e) => e.cause.message))`;
  const said = async (...flags: string[]) => {
    const args = [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--allow-net",
      ...flags,
      `data:text/javascript,${call}`,
    ];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args, stdin: "null", stderr: "null" }).output();
    return new TextDecoder().decode(stdout);
  };
  equal(await said(), "secret\n");
  match(await said(deny), /Requires net access to "127\.0\.0\.1:/);
});

Deno.test("with MAX_CONNECTIONS connections open, the one that has been idle longest is closed for a new one", async () => {
  const child = serve("0", [], { MAX_CONNECTIONS: "16" });
  const reader = child.stdout.getReader();
  const { url } = JSON.parse(new TextDecoder().decode((await reader.read()).value));
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  const open = [];
  while (open.length < 17) open.push(await connect());
  equal(await open[0].read(new Uint8Array(1)), null);
  equal((await (await fetch(`${url}/healthz`)).json()).status, "ok");
  for (const connection of open) connection.close();
  child.kill("SIGTERM");
  equal((await child.status).code, 0);
  await Promise.all([reader.cancel(), child.stderr.cancel()]);
});

Deno.test("serve names a variable that it cannot use and ends with exit code 1", async () => {
  const message = 'Cannot start: PORT is "http", not a number from 0 to 65535';
  equal(await runServe("SIGTERM", "http"), { code: 1, said: "", notes: [message], lines: [] });
});
