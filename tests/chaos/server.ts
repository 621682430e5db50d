/** The Postgres of the experiments: a throw-away cluster that can be stopped, or a server that is there. */

import { createDatabase } from "../../testkit/postgres.ts";

/** A server with an empty database; `stop` and `start` only where the server is the experiments' own. */
export interface Server {
  url: string;
  own: {
    /** "immediate" is a crash: nothing is flushed, and the next start recovers. */
    stop(mode: "fast" | "immediate"): Promise<void>;
    start(): Promise<void>;
  } | null;
  close(): Promise<void>;
}

/** A named server if there is one; else a cluster of its own, where the programs are; else what the tests use. */
export async function openServer(named?: string): Promise<Server> {
  if (named) return await borrow(named);
  const programs = await findPrograms();
  if (programs) return await startCluster(programs);
  const borrowed = Deno.env.get("RELAY_TEST_DATABASE_URL");
  if (borrowed) return await borrow(borrowed);
  throw new Error(
    "Cannot start: there is no Postgres. Install its server programs (expected in /usr/lib/postgresql/*/bin or where pg_config says), or set RELAY_TEST_DATABASE_URL, or pass --database, to the URL of a superuser",
  );
}

async function borrow(server: string): Promise<Server> {
  const database = await createDatabase(server);
  return { url: database.url, own: null, close: () => database.drop() };
}

async function startCluster(programs: string): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "relay-chaos-" });
  const data = `${folder}/data`;
  const port = freePort();
  // Postgres refuses to run as root, so root hands the folder over to the user that Debian's packages make.
  const asUser = Deno.uid() === 0 ? ["runuser", "-u", "postgres", "--"] : [];
  if (asUser.length > 0) await run(["chown", "postgres", folder]);
  const control = (...args: string[]) => run([...asUser, `${programs}/pg_ctl`, "-D", data, "-w", ...args]);
  await run([
    ...[...asUser, `${programs}/initdb`, "-D", data, "-U", "postgres"],
    ...["-A", "trust", "-E", "UTF8", "--no-locale"],
  ]);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
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
    own: { start, stop },
    async close() {
      if (running) await stop("immediate");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The folder of the newest Postgres, which Debian keeps off the PATH. */
async function findPrograms(): Promise<string | null> {
  const folders = newestFirst("/usr/lib/postgresql");
  try {
    const { stdout } = await new Deno.Command("pg_config", {
      args: ["--bindir"],
      stdin: "null",
      stderr: "null",
    }).output();
    folders.push(new TextDecoder().decode(stdout).trim());
  } catch {
    // Not installed: there may be a folder all the same.
  }
  return folders.find((folder) => isFile(`${folder}/initdb`)) ?? null;
}

function newestFirst(root: string): string[] {
  try {
    return [...Deno.readDirSync(root)].map(({ name }) => name).sort((a, b) => Number(b) - Number(a)).map((version) =>
      `${root}/${version}/bin`
    );
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

// Its output goes to a file: the server that pg_ctl starts inherits it, and a pipe would stay open as long as it runs.
async function run([command, ...args]: string[]): Promise<void> {
  const { success, code } = await new Deno.Command(command, {
    args,
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) {
    throw new Error(`Cannot run the database: "${command} ${args.join(" ")}" ended with ${code}`);
  }
}
