/** Brings packages of other ecosystems into the bench's own folder, once. */

import { note } from "../../dev/process.ts";
import { Unavailable, type World } from "./relay.ts";

/** The folder of a Python environment that has exactly these; `title` is who is left out where pip cannot bring them. */
export function pythonPackages({ cache }: World, title: string, packages: string[]): Promise<string> {
  return once(cache, title, packages, async (folder) => {
    await run(["python3", "-m", "venv", folder], title);
    await run([`${folder}/bin/pip`, "install", "--quiet", "--disable-pip-version-check", ...packages], title);
  });
}

/** The folder in whose `node_modules` these are. */
export function npmPackages({ cache }: World, title: string, packages: string[]): Promise<string> {
  return once(cache, title, packages, async (folder) => {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/package.json`, '{"private":true}\n');
    await run(["npm", "install", "--silent", "--no-audit", "--no-fund", ...packages], title, folder);
  });
}

/** A list beside the packages says that all of them came; other versions are another list. */
async function once(
  cache: string,
  title: string,
  packages: string[],
  fetch: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = cache + title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  const list = `${folder}/packages.txt`;
  const wanted = packages.join("\n");
  try {
    if (await Deno.readTextFile(list) === wanted) return folder;
    await Deno.remove(folder, { recursive: true });
  } catch {
    // Nothing was fetched yet.
  }
  note(`Fetching ${title}, once`);
  await fetch(folder);
  await Deno.writeTextFile(list, wanted);
  return folder;
}

async function run([command, ...args]: string[], title: string, cwd?: string): Promise<void> {
  let reason = `"${command}" is not installed`;
  try {
    const { success, stderr } = await new Deno.Command(command, {
      args,
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (success) return;
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    reason = `"${command.split("/").at(-1)}" could not bring it (${said})`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new Unavailable(`${title}: ${reason}`);
}
