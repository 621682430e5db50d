/** Prometheus' own reader takes the whole page of /metrics and finds nothing wrong with it. */
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { FAMILIES } from "../../supabase/functions/metrics/families.ts";
import { newAuthor } from "../../testkit/author.ts";
import { scrapeText } from "../../testkit/metrics.ts";
import { refuses } from "../../testkit/provider.ts";
import { hasProgram, skip } from "../../testkit/skipped.ts";
import { startStack } from "../../testkit/stack.ts";

/** Feeds a page to `promtool check metrics`. */
const check = (page: string) => promtool(["check", "metrics"], page);

async function promtool(args: string[], input = "") {
  const child = new Deno.Command("promtool", { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** What is read of a panel of the dashboard. */
interface Panel {
  targets: { expr: string }[];
}

if (await hasProgram("promtool")) registerTests();
else skip("promtool was not found (Debian: prometheus): no check of /metrics");

function registerTests() {
  Deno.test("promtool takes the whole page of /metrics, before and after generations", async () => {
    await using stack = await startStack();
    const { target, provider } = stack;
    const empty = await scrapeText(stack.functions_url);
    for (const script of [undefined, refuses(500, {})]) {
      await (await newAuthor(target, provider, script)).generate({ prompt: "x" });
    }
    for (const page of [empty, await scrapeText(stack.functions_url)]) {
      equal(await check(page), { code: 0, said: "" });
      // More than its head: the database and the page call it the same.
      for (const { name } of FAMILIES) ok(page.includes(`\nstorytellr_${name}`), name);
    }
  });

  Deno.test("promtool takes the scrape configurations of docs and server, the alerts, and the dashboard's queries", async () => {
    const read = (name: string) => Deno.readTextFile(new URL(`../../${name}`, import.meta.url));
    const [inDocs] = /(?<=^```yaml\n).*?(?=^```$)/ms.exec(await read("docs/operations.md"))!;
    const folder = await Deno.makeTempDir();
    try {
      for (const text of [inDocs, await read("server/prometheus.yml")]) {
        await Deno.writeTextFile(`${folder}/prometheus.yml`, text);
        // The files with the token and the alerts are on the machine that scrapes.
        const { code, said } = await promtool(["check", "config", "--syntax-only", `${folder}/prometheus.yml`]);
        equal(code, 0, said);
      }
      await Deno.writeTextFile(`${folder}/alerts.yml`, await read("server/alerts.yml"));
      // JSON is YAML: what each panel asks for, as a rule.
      const { panels } = JSON.parse(await read("server/grafana/dashboard.json")) as { panels: Panel[] };
      const queries = panels.flatMap(({ targets }) =>
        targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "5m"))
      );
      const rules = queries.map((expr, index) => ({ record: `panel:${index}`, expr }));
      await Deno.writeTextFile(`${folder}/dashboard.yml`, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
      for (const name of ["alerts", "dashboard"]) {
        const { code, said } = await promtool(["check", "rules", `${folder}/${name}.yml`]);
        equal(code, 0, said);
        ok(/SUCCESS: \d+ rules found/.test(said), said);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test("promtool would complain about a page that is not right", async () => {
    const page = "# TYPE storytellr_x counter\nstorytellr_x 1\n";
    const { code, said } = await check(page);
    ok(code !== 0 && said.includes("_total"), said);
    equal((await check('storytellr_x{code="} 1\n')).code, 1);
  });
}
