/** A Postgres server for what must be able to stop it: a throw-away cluster, or a server that is there. */

import { createDatabase } from "./postgres.ts";

/** A server with an empty database. */
export interface Server {
  url: string;
  /** Null if the server was there before, and is not ours to stop. */
  own: {
    /** With its files and its log. */
    folder: string;
    /** "immediate" is a crash: nothing is flushed, and the next start recovers. */
    stop(mode: "fast" | "immediate"): Promise<void>;
    start(): Promise<void>;
  } | null;
  close(): Promise<void>;
}

/**
 * The server that is named; else a cluster of its own, if the programs are installed; else the tests' server. The
 * settings, such as "wal_level=logical", are those of a cluster of its own.
 */
export async function openServer(named?: string, settings: string[] = []): Promise<Server> {
  if (named) return await borrow(named);
  const programs = await findPrograms();
  if (programs) return await startCluster(programs, settings);
  const borrowed = Deno.env.get("RELAY_TEST_DATABASE_URL");
  if (borrowed) return await borrow(borrowed);
  throw new Error(
    "Cannot start: there is no Postgres. Install its server programs (in /usr/lib/postgresql/*/bin or where pg_config says), or set RELAY_TEST_DATABASE_URL, or pass --database, to the URL of a superuser",
  );
}

async function borrow(server: string): Promise<Server> {
  const database = await createDatabase({ server });
  return { url: database.url, own: null, close: () => database.drop() };
}

async function startCluster(programs: string, settings: string[]): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "relay-cluster-" });
  const data = `${folder}/data`;
  const port = freePort();
  // Postgres refuses to run as root, so root hands the folder over to the user that Debian's packages make.
  const asUser = Deno.uid() === 0 ? ["runuser", "-u", "postgres", "--"] : [];
  if (asUser.length > 0) await run(["chown", "postgres", folder]);
  const control = (...args: string[]) => run([...asUser, `${programs}/pg_ctl`, "-D", data, "-w", ...args]);
  const initdb = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"];
  await run([...asUser, `${programs}/initdb`, ...initdb]);
  const fixed = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "jit=off"];
  const options = [`-p ${port}`, ...fixed, ...settings].join(" -c ");
  let running = false;
  async function start() {
    await control("-o", options, "-l", `${folder}/postgres.log`, "start");
    running = true;
  }
  async function stop(mode: "fast" | "immediate") {
    await control("-m", mode, "stop");
    running = false;
  }
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    own: { folder, start, stop },
    async close() {
      if (running) await stop("immediate");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The folder of the newest Postgres, which Debian keeps off the PATH. */
async function findPrograms(): Promise<string | null> {
  const root = "/usr/lib/postgresql";
  const versions = await list(root);
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => `${root}/${version}/bin`);
  try {
    const { stdout } = await new Deno.Command("pg_config", { args: ["--bindir"], stdin: "null", stderr: "null" })
      .output();
    folders.push(new TextDecoder().decode(stdout).trim());
  } catch {
    // It is not installed; the programs may be there all the same.
  }
  for (const folder of folders) {
    if ((await list(folder)).includes("initdb")) return folder;
  }
  return null;
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch {
    return [];
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Without pipes: the server that pg_ctl starts would keep them open as long as it runs. */
async function run([command, ...args]: string[]): Promise<void> {
  const { success, code } = await new Deno.Command(command, {
    args,
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`Cannot run the database: "${command} ${args.join(" ")}" ended with ${code}`);
}
