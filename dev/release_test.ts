import { deepStrictEqual as equal, match, ok, throws } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { VERSION } from "../supabase/functions/_relay/platform/version.ts";
import { checkGreater, closeSection, sectionOf } from "./release.ts";

const RELEASE = fileURLToPath(new URL("./release.ts", import.meta.url));
const read = (path: string) => Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));

const CHANGELOG = "# Changelog\n\nNewest first.\n\n## Unreleased\n\n- A thing.\n\n### Fixed\n\n- Another.\n";

Deno.test("the functions and the client have one version, and the changelog a section for what comes", () => {
  equal(JSON.parse(read("client/package.json")).version, VERSION);
  match(VERSION, /^\d+\.\d+\.\d+$/);
  ok(sectionOf(read("CHANGELOG.md"), "Unreleased") !== null);
});

Deno.test("a section is closed with its version and date, below a new one", () => {
  const closed = closeSection(CHANGELOG, "0.1.0", "2026-11-27");
  ok(closed.includes("Newest first.\n\n## Unreleased\n\n## 0.1.0 (2026-11-27)\n\n- A thing.\n"));
  equal(sectionOf(closed, "0.1.0"), "- A thing.\n\n### Fixed\n\n- Another.");
  equal([sectionOf(closed, "Unreleased"), sectionOf(closed, "0.1")], ["", null]);
  throws(() => closeSection(closed, "0.2.0", "2026-11-28"), /"Unreleased" in CHANGELOG\.md is empty/);
  throws(() => closeSection("# Changelog\n", "0.2.0", "2026-11-28"), /has no section "## Unreleased"/);
});

Deno.test("a version is greater than each that was released, number by number", () => {
  for (const version of ["0.2.0", "0.1.10", "1.0.0"]) checkGreater(version, ["0.1.9", "0.1.2"]);
  throws(() => checkGreater("0.1.9", ["0.1.2", "0.1.9"]), /0\.1\.9 is released already/);
  throws(() => checkGreater("0.1.3", ["0.1.2", "0.1.10"]), /0\.1\.3 is not greater than 0\.1\.10/);
  for (const version of ["v0.1.0", "0.1", "0.1.0-rc1", "01.1.0", ""]) {
    throws(() => checkGreater(version, ["0.0.1"]), /is not a version such as "0\.1\.0"/, version);
  }
});

/** A repository with what a release changes, and a package that is made by `pack`. */
async function makeRepository(pack: string) {
  const root = await Deno.makeTempDir({ prefix: "relay-release-" });
  const files: Record<string, string> = {
    "deno.json": JSON.stringify({ tasks: { pack } }),
    ".gitignore": "dist\n",
    "CHANGELOG.md": CHANGELOG,
    "client/package.json": read("client/package.json"),
    "supabase/functions/_relay/platform/version.ts": read("supabase/functions/_relay/platform/version.ts"),
  };
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${root}/${path}`, text);
  }
  const run = async (command: string, args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd: root, env: { NO_COLOR: "1" } })
      .output();
    const decoder = new TextDecoder();
    return { code, said: decoder.decode(stdout), problem: decoder.decode(stderr) };
  };
  const git = async (...args: string[]) => {
    const { code, said, problem } = await run("git", ["-c", "user.name=T", "-c", "user.email=t@example.com", ...args]);
    equal(code, 0, problem);
    return said.trim();
  };
  await git("init", "--quiet");
  await git("config", "user.name", "T");
  await git("config", "user.email", "t@example.com");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "first");
  return {
    git,
    path: (path: string) => `${root}/${path}`,
    read: (path: string) => Deno.readTextFileSync(`${root}/${path}`),
    release: (...args: string[]) => run(Deno.execPath(), ["run", "-A", "--no-lock", "--no-config", RELEASE, ...args]),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

Deno.test("one command writes the version and the changelog, makes the package, commits and tags", async () => {
  await using on = await makeRepository("echo dist/client.tgz");
  const dry = await on.release("7.8.9", "--dry-run");
  equal([dry.code, await on.git("status", "--porcelain"), await on.git("tag")], [0, "", ""]);
  match(dry.said, /Would write 7\.8\.9 [^]*- A thing\./);

  const { code, said, problem } = await on.release("7.8.9");
  equal(code, 0, problem);
  match(said, /git push --atomic origin HEAD v7\.8\.9/);
  match(problem, /dist\/client\.tgz/);
  equal(await on.git("log", "-1", "--format=%s"), "chore(release): 7.8.9");
  equal(await on.git("describe", "--exact-match"), "v7.8.9");
  equal(await on.git("status", "--porcelain"), "");
  equal(JSON.parse(on.read("client/package.json")), { ...JSON.parse(read("client/package.json")), version: "7.8.9" });
  match(on.read("supabase/functions/_relay/platform/version.ts"), /^export const VERSION = "7\.8\.9";$/m);
  match(on.read("CHANGELOG.md"), /## Unreleased\n\n## 7\.8\.9 \(\d{4}-\d\d-\d\d\)\n\n- A thing\./);
  const notes = await on.release("--notes", "7.8.9");
  equal([notes.code, notes.said], [0, "- A thing.\n\n### Fixed\n\n- Another.\n"]);

  const again = await on.release("7.8.9");
  equal([again.code, again.problem], [1, "Cannot release: 7.8.9 is released already\n"]);
  const empty = await on.release("7.9.0");
  match(empty.problem, /^Cannot release: "Unreleased" in CHANGELOG\.md is empty/);
});

Deno.test("changes that are not committed stop it, and a package that cannot be made leaves nothing behind", async () => {
  await using on = await makeRepository("exit 3");
  const { code, problem } = await on.release("7.8.9");
  equal(code, 1);
  match(problem, /task --quiet pack failed/);
  equal([await on.git("status", "--porcelain"), await on.git("tag")], ["", ""]);
  await Deno.writeTextFile(on.path("new.txt"), "x");
  const dirty = await on.release("7.8.9");
  equal([dirty.code, dirty.problem], [1, "Cannot release: there are changes that are not committed\n?? new.txt\n"]);
  const wrong = await on.release("1.0", "2.0");
  equal([wrong.code, wrong.problem], [2, "Cannot release: name one version, such as 0.1.0\n"]);
});
