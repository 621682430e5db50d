/** Projects in temporary folders that install the packed client, as its reader would. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "../../dev/pack.ts";
import { eventually } from "../../testkit/eventually.ts";
import { run } from "./runtimes.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

/** npm without what takes time and does not test the project. */
const NPM_ENV = {
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_prefer_offline: "true",
  npm_config_update_notifier: "false",
  NEXT_TELEMETRY_DISABLED: "1",
};

/** A folder with a project. Its servers end with it. */
export interface Project extends AsyncDisposable {
  folder: string;
  /** The client's tarball. */
  tarball: string;
  /** Runs npm in the folder; gives what it writes to stdout. */
  npm(args: string[], env?: Record<string, string>): Promise<string>;
  /** Runs a command of one of the project's packages. */
  bin(name: string, args: string[], env?: Record<string, string>): Promise<string>;
  /**
   * Runs a package's command, or the one at this path, as a server on the port `{port}` of its arguments; gives its origin
   * once it answers.
   */
  serve(name: string, args: string[], env?: Record<string, string>): Promise<string>;
}

/** A folder with the packed client and all projects: the client is packed once, and examples find it where they expect it. */
let packed: Promise<{ root: string; tarball: string }> | undefined;

async function packOnce() {
  const root = await Deno.makeTempDir({ prefix: "relay-projects-" });
  addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));
  return { root, tarball: await pack(join(root, "dist")) };
}

/** Makes a folder for a project. */
export async function newProject(): Promise<Project> {
  const { root, tarball } = await (packed ??= packOnce());
  return projectIn(await Deno.makeTempDir({ dir: root, prefix: "project-" }), tarball);
}

/** Copies examples/<name>, and installs what its lock names, if it has one. */
export async function installExample(name: string): Promise<Project> {
  const { root, tarball } = await (packed ??= packOnce());
  const project = projectIn(join(root, "examples", name), tarball);
  await copyFolder(join(EXAMPLES, name), project.folder);
  const hasLock = await Deno.stat(join(project.folder, "package-lock.json")).then(() => true, () => false);
  await project.npm([hasLock ? "ci" : "install"]);
  return project;
}

function projectIn(folder: string, tarball: string): Project {
  const children: Deno.ChildProcess[] = [];
  const command = (name: string) => join(folder, name.includes("/") ? "" : "node_modules/.bin", name);
  const options = (env: Record<string, string>) => ({ cwd: folder, env: { ...NPM_ENV, ...env } });
  return {
    folder,
    tarball,
    npm: (args, env = {}) => run("npm", args, "", options(env)),
    bin: (name, args, env = {}) => run(command(name), args, "", options(env)),
    async serve(name, args, env = {}) {
      const port = freePort();
      const child = new Deno.Command(command(name), {
        args: args.map((arg) => arg.replace("{port}", port)),
        ...options(env),
        stdin: "null",
        stdout: "null",
        stderr: "inherit",
      }).spawn();
      children.push(child);
      const origin = `http://127.0.0.1:${port}`;
      await eventually(`${name} answers`, async () => {
        const response = await fetch(origin).catch(() => null);
        await response?.body?.cancel();
        return response?.ok;
      });
      return origin;
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) {
        try {
          child.kill("SIGKILL");
        } catch {
          // The server has ended by itself.
        }
        await child.status;
      }
    },
  };
}

/** The program of docs/client.md whose first line names this file. */
export async function programOf(name: string): Promise<string> {
  const page = await Deno.readTextFile(new URL("../../docs/client.md", import.meta.url));
  const programs = [...page.matchAll(/^```\w+\n\/\/ (\S+)\n(.*?)^```$/gms)];
  return programs.find(([, file]) => file === name)![2];
}

/** Leaves out what a developer has built or installed there. */
async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (["node_modules", "dist", ".next", ".env.local"].includes(name)) continue;
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

function freePort(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return String(listener.addr.port);
}
