/**
 * The real Supabase CLI, from npm, which carries its binary. It neither needs nor uses an account here: a database is
 * named by its URL, and the management API is a stand-in.
 */

import { join } from "node:path";

const PACKAGE = "supabase@3.1.0";

/** What one call of the CLI left: its exit code, its answer on stdout, its progress on stderr. */
export interface CliResult {
  readonly code: number;
  /** The answer of `--output-format json`; undefined where the CLI gave none. */
  readonly answer: Record<string, unknown> | undefined;
  readonly stderr: string;
}

/**
 * The environment of this process without what would point a child at another project, another database or another
 * configuration of the relay.
 */
export function neutralEnvironment(): Record<string, string> {
  const foreign = /^(SUPABASE_|SB_|RELAY_|PG|PORT$|HOST$)/;
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !foreign.test(name)));
}

let binary: Promise<string> | undefined;

/** The program itself: npx and the package's launcher in front of it take more CPU than it does. */
async function findBinary(): Promise<string> {
  const args = ["-y", "--package", PACKAGE, "-c", "command -v supabase"];
  const { success, stdout } = await new Deno.Command("npx", { args, stdin: "null", stderr: "inherit" }).output();
  if (!success) throw new Error(`Cannot run the Supabase CLI: npx cannot bring ${PACKAGE}`);
  const launcher = await Deno.realPath(new TextDecoder().decode(stdout).trim());
  const packages = join(launcher, "../../../@supabase");
  const { name } = [...Deno.readDirSync(packages)].find(({ name }) => name.startsWith("cli-"))!;
  return join(packages, name, "bin/supabase");
}

/** Runs the CLI on the project in a folder. */
export async function runSupabase(
  project: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<CliResult> {
  const home = await Deno.makeTempDir({ prefix: "relay-supabase-home-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(await (binary ??= findBinary()), {
      args: ["--workdir", project, "--output-format", "json", "--yes", ...args],
      stdin: "null",
      clearEnv: true,
      env: {
        ...neutralEnvironment(),
        // Its own settings and telemetry state go there.
        SUPABASE_HOME: home,
        // With these two the CLI connects to nothing but what the arguments name (seen with strace).
        DO_NOT_TRACK: "1",
        SUPABASE_NO_UPDATE_NOTIFIER: "1",
        ...env,
      },
    }).output();
    return { code, answer: parseAnswer(stdout), stderr: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Pushes a project's migrations onto the database of this URL; gives the CLI's answer. */
export async function pushMigrations(project: string, target: string) {
  const { code, answer, stderr } = await runSupabase(project, ["db", "push", remoteFlag(target)]);
  if (code !== 0 || !answer) throw new Error(`Cannot push: ${stderr}${JSON.stringify(answer)}`);
  return answer as { upToDate: boolean; migrations: string[] };
}

/** Names a database. Without "sslmode" the CLI tries TLS first, and warns that there is none. */
export function remoteFlag(target: string): string {
  const url = new URL(target);
  url.searchParams.set("sslmode", "disable");
  return `--remote=${url.href}`;
}

function parseAnswer(stdout: Uint8Array): CliResult["answer"] {
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1) ?? "";
  return line.startsWith("{") ? JSON.parse(line) : undefined;
}
