/** Holds docs/runbook.md to the alerts and the log: a section for each, and no other. */
import assert from "node:assert/strict";
import { hasProgram, skip } from "../../testkit/skipped.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const runbook = read("docs/runbook.md");
const rules = read("server/alerts.yml").split(/^ {6}- alert: /m).slice(1).map((rule) => ({
  name: rule.split("\n")[0],
  severity: /severity: (\w+)/.exec(rule)?.[1],
  summary: /^ +summary: (.+)$/m.exec(rule)?.[1],
  runbook: /^ +runbook: (.+)$/m.exec(rule)?.[1],
}));
const hasJq = await hasProgram("jq");
if (!hasJq) skip("jq was not found: the runbook's ways to read the log were not tried");
const [, ...sections] = runbook.split(/^## /m);
const titles = sections.map((section) => section.split("\n")[0]);

Deno.test("each alert has a section in docs/runbook.md, in the same order, and links to it", () => {
  assert.ok(rules.length > 10);
  assert.deepEqual(rules.map(({ name }) => name), titles.slice(0, -1));
  for (const { name, severity, summary, runbook } of rules) {
    assert.equal(runbook, `docs/runbook.md#${name.toLowerCase()}`);
    assert.ok(severity === "page" || severity === "ticket", name);
    assert.match(summary ?? "", /^[A-Z].*[^.]$/, name);
  }
});

Deno.test("each of these sections says what it means, what to look at, what to do, and when it is over", () => {
  for (const section of sections.slice(0, -1)) {
    const [title] = section.split("\n");
    const said = [...section.matchAll(/\*\*(Means|Look|Do|Over)\b/g)].map(([, word]) => word);
    // A table after "Look" may have the last column "do".
    const expected = ["Means", "Look", "Do", "Over"].filter((word) => word !== "Do" || said.includes("Do"));
    assert.deepEqual(said, expected, title);
    assert.ok(said.includes("Do") || /\| do +\|/.test(section), title);
  }
});

Deno.test("each event that is logged as an error has a part of docs/runbook.md, and each part has its event", () => {
  const log = read("docs/operations.md").split("\n## ").find((text) => text.startsWith("The log"))!;
  const events = [...log.matchAll(/^\| `(\w+)` +\| ([\w;` ]+?) +\|/gm)].map(([, event, levels]) => ({ event, levels }));
  const errors = events.filter(({ levels }) => levels.includes("error")).map(({ event }) => event);
  const [last] = sections.slice(-1);
  const parts = [...last.matchAll(/^- \*\*`(\w+)`\*\*/gm)].map(([, event]) => event);
  assert.ok(errors.length > 5);
  assert.deepEqual(errors.filter((event) => !parts.includes(event)), []);
  assert.deepEqual(
    parts.filter((part) => !events.some(({ event, levels }) => event === part && levels !== "info")),
    [],
  );
  // The database counts the same events.
  const metrics = read("supabase/migrations/20261126100500_counters.sql");
  const [, counted] = /'event', event\)\nfrom unnest\(array\[([^\]]+)\]/.exec(metrics)!;
  const names = [...counted.matchAll(/'(\w+)'/g)].map(([, event]) => event);
  assert.deepEqual(names.sort(), errors.sort());
});

Deno.test(
  "each way to read the log gives its lines of JSON, oldest first, and nothing else",
  { ignore: !hasJq },
  async () => {
    const lines = ['{"event":"first"}', "thread panicked", '{"event":"second"}'];
    const newestFirst = { result: lines.toReversed().map((event_message) => ({ event_message })) };
    const folder = await Deno.makeTempDir();
    const stub = (name: string, text: string) =>
      Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`, { mode: 0o755 });
    await stub("curl", JSON.stringify(newestFirst));
    await stub("docker", lines.join("\n"));
    await stub("journalctl", lines.join("\n"));
    const blocks = [...runbook.matchAll(/^```sh setup\n(.*?)^```$/gms)].map(([, text]) => text);
    assert.equal(blocks.length, 3);
    for (const block of blocks) {
      const script = `set -eu\n${block}\nlines | jq -r .event; echo "$RELAY_URL"`;
      const env = { PATH: `${folder}:${Deno.env.get("PATH")}` };
      const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script], env }).output();
      assert.match(new TextDecoder().decode(stdout), /^first\nsecond\nhttps?:/, new TextDecoder().decode(stderr));
    }
    await Deno.remove(folder, { recursive: true });
  },
);
