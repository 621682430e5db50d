/** The relays that are measured, and the world that they run in. */

import { RUNTIME_DENO, runtimeDeno } from "../dev/runtime_deno.ts";
import { listening, prefer, RELAY_CORE, run, settled, start } from "./process.ts";
import { openCrowd, post, type Request } from "./reader.ts";
import { startSupabase, type Supabase } from "./supabase.ts";

const pathOf = (name: string) => new URL(name, import.meta.url).pathname;
const CACHE = pathOf("../.data/bench/");
const CERTIFICATE = `${CACHE}provider.crt`;
const KEY = `${CACHE}provider.key`;
const PORTKEY_VERSION = "1.15.2";
const PYTHON_PACKAGES = ["fastapi==0.165.0", "uvicorn[standard]==0.54.0", "httpx==0.28.1"];

/** What relays are started in. */
export interface World {
  /** The provider's address, as relays get it, and as they get it for TLS. */
  provider: string;
  secureProvider: string;
  /** The Deno of the relays that run on Deno. */
  deno: string;
  /** Puts a relay on a core of its own. */
  pin: string[];
  /** Readers and provider run before all else on their core, such as the database. */
  isPreferred: boolean;
  profile?: boolean;
  /** Of our relay; the first call makes it. */
  supabase(): Promise<Supabase>;
  close(): Promise<void>;
}

/** A relay that serves. */
export interface RunningRelay {
  pid: number;
  /** One for each stream; `provider.ts` has the plans. */
  requests(plan: string, count: number): Promise<Request[]>;
  /** One empty call of its database; a relay without one has none. */
  roundTrip?(): Promise<void>;
  stop(): Promise<void>;
}

/** A kind of relay. */
export interface Relay {
  name: string;
  /** For the table and the chart. */
  title: string;
  start(world: World): Promise<RunningRelay>;
}

/** More threads of a collector would share the core. The readers' process has this from the task in deno.json. */
const ONE_THREAD = "--v8-flags=--single-threaded-gc";

/** What `deno task serve` sets for V8. Supabase's runtime sets nothing, so its Deno gets nothing. */
const SERVE_FLAG = /--v8-flags=\S+/.exec(JSON.parse(Deno.readTextFileSync(pathOf("../deno.json"))).tasks.serve)![0];

type Requests = (port: number, plan: string, count: number) => Promise<Request[]>;
const same = (request: (port: number, plan: string) => Request): Requests => (port, plan, count) =>
  Promise.resolve(Array(count).fill(request(port, plan)));
const PROMPT = "Tell me a story about a lighthouse.";
const COMPLETION = {
  ...{ model: "gpt-4o-mini", stream: true, stream_options: { include_usage: true } },
  messages: [{ role: "user", content: PROMPT }],
};
const completions = same((port, plan) => post(port, `/${plan}/v1/chat/completions`, COMPLETION));
const prompts = same((port, plan) => post(port, `/${plan}/stream`, { prompt: PROMPT }));
const app = (name: string, requests: Requests) => (world: World) =>
  startRelay(world, denoRun(world, pathOf(`./apps/${name}.ts`)), requests);

/** In the order of the table; each ratio is to the first one. */
export const RELAYS: Relay[] = [
  { name: "passthrough", title: "Deno passthrough", start: app("passthrough", completions) },
  { name: "copy", title: "Deno bare copy", start: app("copy", completions) },
  { name: "openai", title: "Deno `openai` loop", start: app("openai_loop", prompts) },
  { name: "fastapi", title: "FastAPI, httpx", start: startFastApi },
  { name: "portkey", title: "Portkey, Node", start: startPortkey },
  { name: "storytellr", title: "**Storytellr, whole**", start: startOurs },
];

/** Our relay: `serve` unchanged, with tokens to check, admission, beats and storage. */
export async function startOurs(world: World, env: Record<string, string> = {}): Promise<RunningRelay> {
  const { environment, roundTrip, users } = await world.supabase();
  const profile = world.profile ? ["--cpu-prof", `--cpu-prof-dir=${CACHE}`] : [];
  const requests: Requests = async (port, plan, count) => {
    const all = await users(count, `${world.provider}/${plan}/v1`);
    return all.map(({ token, bot_id }) => post(port, "/functions/v1/stream", { prompt: PROMPT, bot_id }, token));
  };
  const serve = denoRun(
    world,
    ...world.deno === Deno.execPath() ? [SERVE_FLAG] : [],
    ...profile,
    pathOf("../dev/serve.ts"),
  );
  return { ...await startRelay(world, serve, requests, { ...environment, ...env }), roundTrip };
}

/** The kind of relay that this project replaces. Its packages are installed once. */
async function startFastApi(world: World): Promise<RunningRelay> {
  const list = `${CACHE}fastapi/packages.txt`;
  if (await Deno.readTextFile(list).catch(() => "") !== PYTHON_PACKAGES.join()) {
    await run(["python3", "-m", "venv", "--clear", `${CACHE}fastapi`]);
    await run([`${CACHE}fastapi/bin/pip`, "install", "--quiet", ...PYTHON_PACKAGES]);
    await Deno.writeTextFile(list, PYTHON_PACKAGES.join());
  }
  const uvicorn = [`${CACHE}fastapi/bin/python`, "-m", "uvicorn", "fastapi_relay:app", "--app-dir", pathOf("./apps")];
  const quiet = ["--no-access-log", "--log-level", "warning"];
  return await startRelay(world, (port) => [...uvicorn, "--port", port, ...quiet], prompts);
}

/** A gateway, which gets the provider's address with each request. Its package is installed once. */
async function startPortkey(world: World): Promise<RunningRelay> {
  const folder = `${CACHE}portkey-${PORTKEY_VERSION}/`;
  const program = `${folder}node_modules/@portkey-ai/gateway/build/start-server.js`;
  if (!await Deno.stat(program).catch(() => null)) {
    await run([
      "npm",
      "install",
      "--silent",
      "--no-save",
      "--prefix",
      folder,
      `@portkey-ai/gateway@${PORTKEY_VERSION}`,
    ]);
  }
  const node = ["node", `--import=${pathOf("./apps/portkey_headers.mjs")}`, program, "--headless"];
  const requests = same((port, plan) =>
    post(port, "/v1/chat/completions", COMPLETION, undefined, [
      "X-Portkey-Provider: openai",
      `X-Portkey-Custom-Host: ${world.provider}/${plan}/v1`,
    ])
  );
  const env = { NODE_ENV: "production", NODE_EXTRA_CA_CERTS: CERTIFICATE };
  return await startRelay(world, (port) => [...node, `--port=${port}`], requests, env);
}

const denoRun = ({ deno }: World, ...args: string[]) => () =>
  [deno, "run", "--quiet", "-A", "--no-lock", "--no-check"].concat(args);

/** Starts a program on the relays' core, and lets its compiler see the hot path. */
async function startRelay(
  { pin, provider }: World,
  command: (port: string) => string[],
  requests: Requests,
  env: Record<string, string> = {},
): Promise<RunningRelay> {
  const port = freePort();
  const address = { HOST: "127.0.0.1", PORT: String(port), PROVIDER: provider, DENO_CERT: CERTIFICATE };
  const quiet = { NO_COLOR: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const running = start([...pin, ...command(String(port))], { ...address, ...quiet, ...env });
  try {
    await listening(port, running);
    const crowd = await openCrowd(await requests(port, "paced-3-120", 60), 400);
    await crowd.ended(5_000);
    await settled(running.pid);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { pid: running.pid, requests: (plan, count) => requests(port, plan, count), stop: running.stop };
}

/** For the provider's name, signed by itself: the relays take it by DENO_CERT. */
async function makeCertificate(): Promise<void> {
  const extensions = ["subjectAltName=DNS:localhost", "basicConstraints=critical,CA:FALSE"];
  await run([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7"],
    ...["-subj", "/CN=localhost", ...extensions.flatMap((extension) => ["-addext", extension])],
    ...["-keyout", KEY, "-out", CERTIFICATE],
  ]);
}

/** A port that nothing listens on at this moment. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts the provider. `pinned` moves this process, and with it all that it starts but relays, to the first core. */
export async function openWorld(
  { pinned, profile, runtime, database, settings }: {
    pinned?: true;
    profile?: boolean;
    runtime?: string;
    database?: string;
    settings?: string[];
  },
): Promise<World> {
  if (pinned) await run(["taskset", "-a", "-c", "-p", "0", String(Deno.pid)]);
  const deno = runtime === RUNTIME_DENO ? await runtimeDeno() : Deno.execPath();
  if (deno === null || ![undefined, RUNTIME_DENO, Deno.version.deno].includes(runtime)) {
    throw new Error(`Cannot start: there is no Deno ${runtime}, only ${Deno.version.deno} and npm's ${RUNTIME_DENO}`);
  }
  await Deno.mkdir(CACHE, { recursive: true });
  await makeCertificate();
  const provider = start([
    Deno.execPath(),
    "run",
    "--quiet",
    "-A",
    ONE_THREAD,
    pathOf("./provider.ts"),
    CERTIFICATE,
    KEY,
  ]);
  const [port, securePort] = (await provider.line).split(" ");
  const isPreferred = pinned === true && await prefer(provider.pid) && await prefer(Deno.pid);
  let supabase: Promise<Supabase> | undefined;
  let closing: Promise<unknown> | undefined;
  return {
    ...{
      provider: `http://127.0.0.1:${port}`,
      secureProvider: `https://localhost:${securePort}`,
      deno,
      profile,
      pin: pinned ? ["taskset", "-c", String(RELAY_CORE)] : [],
      isPreferred,
    },
    supabase: () => supabase ??= startSupabase(database, settings),
    close: async () => void await (closing ??= Promise.all([supabase?.then((it) => it.close()), provider.stop()])),
  };
}
