/** `deno task install`: puts the relay's functions and migrations into another Supabase project, or upgrades them. */

import { fileURLToPath } from "node:url";
import { flagsOrExit, parseFlags } from "./flags.ts";
import { MANIFEST, planInstall, readGuest, readRelay, writePlan } from "./install_plan.ts";
import { fail, note, print } from "./process.ts";

const HELP = `deno task install [flags] FOLDER

Puts the relay into the Supabase project in a folder: its functions and migrations, and their sections in
supabase/config.toml. Nothing else of the project's is changed. Run it again for an upgrade.

  --dry-run             shows what would be written, and writes nothing
  --allow-dirty         writes although the project has uncommitted changes below supabase/
  --rewrite-migrations  replaces migrations that have changed since they were installed; a database that has them keeps
                        what it has, so this is for a database that is made anew

The exit code is 1 where something is in the way: then a list says what, and nothing was written.
`;

const ACTION = "Cannot install";

if (import.meta.main) {
  const flags = flagsOrExit(HELP, (args) => {
    const parsed = parseFlags(ACTION, args, {
      "dry-run": { type: "boolean" },
      "allow-dirty": { type: "boolean" },
      "rewrite-migrations": { type: "boolean" },
    }, { takesWords: true });
    if (parsed.words.length !== 1) throw new TypeError(`${ACTION}: name one folder, that of the project`);
    return parsed;
  });
  try {
    const relay = await readRelay(fileURLToPath(new URL("..", import.meta.url)));
    const guest = await readGuest(flags.words[0], relay);
    const plan = await planInstall(relay, guest, { rewriteMigrations: flags["rewrite-migrations"] });
    if (plan.obstacles.length > 0) {
      throw new Error([`${ACTION} into "${guest.root}", nothing was written:`, ...plan.obstacles].join("\n- "));
    }
    if (plan.changes.length === 0) {
      note(`The relay in "${guest.root}" is up to date`);
      Deno.exit(0);
    }
    if (!flags["dry-run"] && !flags["allow-dirty"]) await refuseUncommitted(guest.root);
    if (!flags["dry-run"]) await writePlan(guest, plan);
    const verbs = flags["dry-run"] ? "Would write" : "Wrote";
    print(`${verbs} into "${guest.root}":\n${plan.changes.map((change) => `  ${describe(change)}\n`).join("")}`);
    if (!flags["dry-run"]) print(nextSteps(relay.slugs, plan.upgrade));
  } catch (error) {
    fail(error, 1);
  }
}

function describe({ path, was, text }: { path: string; was: string | undefined; text: string | undefined }): string {
  return `${was === undefined ? "new     " : text === undefined ? "deleted " : "changed "} ${path}`;
}

/** What is committed can be compared and undone. A folder outside of any repository has no such net. */
async function refuseUncommitted(root: string): Promise<void> {
  const git = (args: string[]) => new Deno.Command("git", { args: ["-C", root, ...args], stdin: "null" }).output();
  let status: Deno.CommandOutput;
  try {
    status = await git(["status", "--porcelain", "--", "supabase"]);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    throw cause;
  }
  const lines = new TextDecoder().decode(status.stdout).split("\n").filter((line) => line !== "");
  if (!status.success || lines.length === 0) return;
  throw new Error(
    `${ACTION} into "${root}": ${lines.length} uncommitted changes below supabase/, commit or stash them so that ` +
      "what is written can be compared and undone, or pass --allow-dirty",
  );
}

function nextSteps(slugs: string[], upgrade: boolean): string {
  const secrets = upgrade ? "" : `
  npx supabase@3.1.0 secrets set RELAY_TIMEOUT_MS=65000   # on the Free plan; docs/configuration.md has all`;
  const bot = upgrade ? "" : `
  deno task bot --user you@example.com --model gpt-4o-mini   # here, once: without a bot there is no answer`;
  return `
Next, in that folder (migrations before functions), after a look at \`git diff\`:
  npx supabase@3.1.0 db push --remote${secrets}
  npx supabase@3.1.0 functions deploy ${slugs.join(" ")} --use-api${bot}

Commit all of it, ${MANIFEST} too: an upgrade needs it. To upgrade, run this command again.
`;
}
