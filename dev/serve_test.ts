import { deepStrictEqual as equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";

const SERVE = fileURLToPath(new URL("./serve.ts", import.meta.url));

function serve(port: string, ...flags: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-lock", ...flags, SERVE],
    env: {
      ...{ PORT: port, HOST: "127.0.0.1", SUPABASE_URL: "http://127.0.0.1:1", SUPABASE_SECRET_KEY: "sb_secret_test" },
      ...{ MAX_CONNECTIONS: "", RELAY_PING_MS: "" },
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
  equal(await response.json(), { status: "ok" });

  child.kill("SIGTERM");
  equal((await reader.read()).done, true);
  equal((await child.status).code, 0);
  await child.stderr.cancel();
});

Deno.test("serve logs a fault that no request owns, and goes on", { ignore: Deno.build.os === "windows" }, async () => {
  const faults = "Promise.reject(new Error('stray')); setTimeout(() => { throw new Error('thrown') })";
  const preloaded = `data:text/javascript,Deno.addSignalListener("SIGUSR1", () => { ${faults} })`;
  const child = serve("0", "--preload", preloaded);
  const reader = child.stdout.getReader();
  const { url } = JSON.parse(new TextDecoder().decode((await reader.read()).value));
  child.kill("SIGUSR1");
  let log = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    log += text;
    if (log.includes("worker_shutdown")) continue;
    if (log.split("uncaught_error").length < 3) continue;
    equal((await (await fetch(`${url}/healthz`)).json()).status, "ok");
    child.kill("SIGTERM");
  }
  equal((await child.status).code, 0);
  await reader.cancel();
  const causes = log.trim().split("\n").slice(1).map((line) => JSON.parse(line).cause);
  equal(causes.sort(), ["Error: stray", "Error: thrown", undefined]);
});

Deno.test("deno task serve may use the network and its own variables, with the packages of the lock, and no more", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
  const proxies = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];
  const variables = [
    ...["PORT", "HOST", "MAX_CONNECTIONS", "SUPABASE_*", "RELAY_*"],
    ...proxies,
    ...proxies.map((name) => name.toLowerCase()),
  ];
  equal(
    tasks.serve,
    `deno run --no-prompt --frozen --lock=server/deno.lock --allow-net '--allow-env=${variables}' dev/serve.ts`,
  );
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

Deno.test("serve names a variable that it cannot use and ends with exit code 1", async () => {
  const { code, stderr, stdout } = await serve("http").output();
  const message = 'Cannot start: PORT is "http", not a number from 0 to 65535\n';
  equal([code, stdout.length, new TextDecoder().decode(stderr)], [1, 0, message]);
});
