/** What server/ says, run without Docker: one file, an ordinary user, nothing to write to, through nginx. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../supabase/functions/_relay/platform/version.ts";
import { newAuthor } from "../../testkit/author.ts";
import { eventually } from "../../testkit/eventually.ts";
import { METRICS_TOKEN } from "../../testkit/metrics.ts";
import { HAS_SERVER } from "../../testkit/postgres.ts";
import { stalls } from "../../testkit/provider.ts";
import { skip } from "../../testkit/skipped.ts";
import { SCENARIO_ENV, type Stack, startStack } from "../../testkit/stack.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string) => Deno.readTextFileSync(`${ROOT}${name}`);

/** The arguments of Deno in the image, without the file that it runs. */
const IMAGE_ARGS = JSON.parse(/^ENTRYPOINT (\[[\s\S]*?\])$/m.exec(read("server/Dockerfile"))![1].replaceAll("\\\n", ""))
  .slice(1, -1) as string[];

/** All tests share one Supabase; each has users of its own. */
let stack: Stack;

/** How a process is started that root must not be, in a process group of its own. */
const AS_ORDINARY_USER = Deno.uid() === 0 ? ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"] : [];

Deno.test("image, unit and task give the relay the same permissions", () => {
  const { serve } = JSON.parse(read("deno.json")).tasks;
  const permissions = (text: string) => [...text.matchAll(/--allow-[a-z]+(?:=[\w,*]+)?/g)].map(([flag]) => flag);
  equal(permissions(IMAGE_ARGS.join(" ")), permissions(serve));
  equal(permissions(read("server/storytellr.service")), permissions(serve));
});

Deno.test("`deno task serve` has the packages of the functions alone, in the versions of the whole project", () => {
  const packagesOf = (lock: string) => Object.keys(JSON.parse(read(lock)).npm).map((name) => name.replace(/_.*$/, ""));
  const all = packagesOf("deno.lock");
  const own = packagesOf("server/deno.lock");
  equal(own.filter((name) => !all.includes(name)), []);
  ok(own.length < 20, `${own.length} packages`);
});

Deno.test("the compose file mounts what is there, and each image and each action has its version", () => {
  const compose = read("server/compose.yaml");
  const mounts = [...compose.matchAll(/^ +- (\.\/[^:]+):/gm)].map(([, path]) => path);
  ok(mounts.length >= 6, `${mounts}`);
  for (const path of mounts) ok(Deno.statSync(`${ROOT}server/${path}`).isFile, path);
  for (const [, image] of compose.matchAll(/^ +image: (.*)$/gm)) ok(/:v?\d/.test(image), image);
  const used = ["ci", "release"].flatMap((name) => read(`.github/workflows/${name}.yml`).match(/(?<=uses: ).*$/gm)!);
  ok(used.length >= 4);
  for (const action of used) ok(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d/.test(action), action);
});

Deno.test("the relay knows each of its variables that the compose file takes from .env", () => {
  const configuration = read("supabase/functions/_relay/platform/configuration.ts");
  const all = read("server/compose.yaml") + read("server/Caddyfile");
  for (const [name] of all.matchAll(/\bRELAY_[A-Z_]+/g)) ok(configuration.includes(`"${name}"`), name);
});

Deno.test("systemd finds nothing wrong with the unit, and calls it well protected", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const unit = `${folder}/storytellr.service`;
    const text = read("server/storytellr.service");
    await Deno.writeTextFile(unit, text.replace("/usr/local/bin/deno", Deno.execPath()));
    const verified = await analyze("verify", unit);
    if (verified === null) return skip("systemd-analyze was not found (Debian: systemd): the unit was not verified");
    equal(verified, { code: 0, said: "" });
    const exposure = await analyze("security", "--offline=true", "--threshold=30", unit);
    equal(exposure?.code, 0, exposure?.said);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test.beforeAll(async () => void (stack = await startStack({ postgres: HAS_SERVER, env: SCENARIO_ENV })));
Deno.test.afterAll(() => stack.stop());

Deno.test("one file serves a story through nginx, as an ordinary user who may write nothing", async () => {
  await using relay = await startImage();
  const nginx = await startNginx(relay.port);
  try {
    const origin = nginx?.origin ?? relay.origin;
    const author = await newAuthor({ ...stack.target, workers: [origin] }, stack.provider, stalls("Once "));
    const reader = await author.open({ prompt: "Begin" });
    // It does not wait for the end of the answer.
    await reader.untilText("Once ");
    await reader.leave();
    equal(await (await fetch(`${origin}/healthz`)).json(), { status: "ok", version: VERSION });
    if (nginx) equal((await fetch(`${origin}/metrics`, { headers: bearer(METRICS_TOKEN) })).status, 404);
    equal((await fetch(`${relay.origin}/metrics`, { headers: bearer(METRICS_TOKEN) })).status, 200);
  } finally {
    await nginx?.stop();
  }
});

/** Stops several times, because one stop may be graceful by luck. */
const ROUNDS = 2;

for (const target of ["process", "group"] as const) {
  for (const [kind, start] of [["the file", startImage], ["`deno task serve`", startTask]] as const) {
    Deno.test(`SIGTERM to the ${target} of ${kind} stores what runs, and exits with 0`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await using relay = await start();
        const author = await newAuthor({ ...stack.target, workers: [relay.origin] }, stack.provider, stalls("Once "));
        const reader = await author.open({ prompt: "Begin" });
        await reader.untilText("Once ");
        const [code, rest] = await Promise.all([relay.stop(target), reader.rest()]);
        equal(code, 0, relay.log());
        const { code: ending, stream_id } = JSON.parse(rest.at(-1)!.data);
        equal(ending, "interrupted");
        equal((await author.stored(stream_id)).content, "Once ");
      }
    });
  }
}

/** Runs systemd-analyze; null where it is not installed. */
async function analyze(...args: string[]) {
  try {
    const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args: ["--no-pager", ...args] })
      .output();
    return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let bundled: Promise<string> | undefined;

/** What the image has, in a folder that no user may write to. */
async function bundle(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--frozen",
      "--lock=server/deno.lock",
      "--output",
      `${folder}/relay.js`,
      "dev/serve.ts",
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  await Deno.copyFile(Deno.execPath(), `${folder}/deno`);
  await Deno.chmod(`${folder}/deno`, 0o555);
  await Deno.chmod(`${folder}/relay.js`, 0o444);
  await Deno.chmod(folder, 0o555);
  addEventListener("unload", () => {
    Deno.chmodSync(folder, 0o755);
    Deno.removeSync(folder, { recursive: true });
  });
  return folder;
}

async function startImage() {
  const folder = await (bundled ??= bundle());
  return await start([...AS_ORDINARY_USER, `${folder}/deno`, ...IMAGE_ARGS, `${folder}/relay.js`], "/");
}

function startTask() {
  return start([Deno.execPath(), "task", "--quiet", "serve"], ROOT);
}

/** As a process group of its own, which a signal can reach as a whole. */
async function start([...command]: string[], cwd: string) {
  const child = new Deno.Command("setsid", {
    args: command,
    cwd,
    env: {
      ...{ ...SCENARIO_ENV, PORT: "0", HOST: "127.0.0.1", NO_COLOR: "1", RELAY_METRICS_TOKEN: METRICS_TOKEN },
      ...{ SUPABASE_URL: stack.url, SUPABASE_SECRET_KEY: stack.secret_key, RELAY_JWT_SECRET: stack.jwt_secret },
      ...{ RELAY_ALLOW_PRIVATE_PROVIDERS: "true", ...(cwd === "/" && { DENO_DIR: "/nonexistent" }) },
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let [said, log] = ["", ""];
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
  };
  const collected = Promise.all([
    collect(child.stdout, (text) => said += text),
    collect(child.stderr, (text) => log += text),
  ]);
  let status: number | undefined;
  const ended = Promise.all([child.status, collected]).then(([{ code }]) => status = code);
  await eventually("the relay says where it listens", () => status === undefined ? said.includes("\n") : fail(log));
  const url = new URL(JSON.parse(said).url);
  return {
    origin: url.origin,
    port: url.port,
    log: () => log,
    async stop(target: "process" | "group"): Promise<number> {
      Deno.kill(target === "group" ? -child.pid : child.pid, "SIGTERM");
      return await ended;
    },
    async [Symbol.asyncDispose]() {
      if (status === undefined) Deno.kill(-child.pid, "SIGKILL");
      await ended;
    },
  };
}

function fail(log: string): never {
  throw new Error(`The relay ended:\n${log}`);
}

/** nginx with the server's configuration but for the names, ports and certificates; null where it is not installed. */
async function startNginx(upstream: string) {
  const folder = await Deno.makeTempDir();
  const port = freePort();
  const server = read("server/nginx.conf")
    .replace("server 127.0.0.1:8000;", `server 127.0.0.1:${upstream};`)
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port};`)
    .replaceAll(/^ *ssl_.*\n/gm, "");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder}/${name};`
  );
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; pid ${folder}/pid; error_log stderr; events {}\nhttp { access_log off; ${
      temporary.join(" ")
    }\n${server}}`,
  );
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("nginx", { args: ["-e", "stderr", "-c", `${folder}/nginx.conf`], stderr: "piped" })
      .spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    skip("nginx was not found (Debian: nginx-light): the relay was asked without a proxy");
    return null;
  }
  const said = child.stderr.text();
  let isOver = false;
  child.status.then(() => isOver = true);
  await eventually("nginx listens", async () => {
    if (isOver) throw new Error(await said);
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
    await answer?.body?.cancel();
    return answer?.status === 200;
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGQUIT");
      await child.status;
      await said;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
