/** Prometheus' own program takes what docs and server/ have for it. */
import { equal, ok } from "node:assert/strict";
import { hasProgram, skip } from "../../testkit/skipped.ts";
import { promtool } from "../faults/alert_rules.ts";

/** What is read of a panel of the dashboard. */
interface Panel {
  targets: { expr: string }[];
}

if (await hasProgram("promtool")) registerTests();
else skip("promtool was not found (Debian: prometheus): no check of alerts and queries");

function registerTests() {
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
}
