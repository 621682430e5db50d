/** Plays what a worker's /metrics showed, minute by minute, to Prometheus' rules. */
import { changes, type Scrape } from "../../testkit/metrics.ts";

const [head, ...rules] = Deno.readTextFileSync(new URL("../../server/alerts.yml", import.meta.url))
  .split(/(?=^ {6}- alert: )/m);

/** What one minute changed, and the gauges at its end; null: /metrics could not be read. */
export interface Minute {
  before: Scrape;
  after: Scrape | null;
}

/** How many minutes of each kind follow each other. */
export interface Timeline {
  well: number;
  fault: number;
  over: number;
}

const GAUGES = /^(active_generations|expired_generations|resting_providers)$/;

/** The labels under which an alert fires at the end of the ordinary minutes, of the fault, and of what followed it. */
export async function firing(
  alert: string,
  [well, fault, over]: Minute[],
  timeline: Timeline,
): Promise<Record<keyof Timeline, string[]>> {
  const rule = rules.find((text) => text.startsWith(`      - alert: ${alert}\n`));
  if (rule === undefined) throw new Error(`server/alerts.yml has no ${alert}`);
  const names = new Set([...rule.matchAll(/storytellr_(\w+)/g)].map(([, name]) => name));
  const phases = [[well, timeline.well], [fault, timeline.fault], [over, timeline.over]] as const;
  const series = [...well.before.keys()].filter((name) => names.has(name.replace(/\{.*/, ""))).map((name) =>
    seriesOf(
      `storytellr_${name}`,
      phases.map(([minute, count]) => valuesOf(name, minute, count)),
      well.before.get(name)!,
    )
  );
  series.push({
    series: 'up{job="storytellr"}',
    values: phases.map(([{ after }, count]) => `${after ? 1 : 0}x${count - 1}`).join(" "),
  });
  const ends = [timeline.well - 1, timeline.well + timeline.fault - 1];
  const times = [...ends, ends[1] + timeline.over].map((minutes) => `${minutes}m`);
  const folder = await Deno.makeTempDir();
  try {
    // One rule, in one pass for all three: a day of all rules takes many seconds.
    await Deno.writeTextFile(`${folder}/alerts.yml`, head + rule);
    await Deno.writeTextFile(`${folder}/test.json`, JSON.stringify(testOf(series, alert, times)));
    const { said } = await promtool(["test", "rules", `${folder}/test.json`]);
    const given = said.split("got:").slice(1).map(labelsIn);
    if (given.length !== times.length) throw new Error(`promtool said:\n${said}`);
    const [before, during, after] = given;
    return { well: before, fault: during, over: after };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** JSON is YAML. The expectation is wrong on purpose, because promtool then prints what it got. */
function testOf(input_series: unknown[], alert: string, times: string[]) {
  const expr = `ALERTS{alertname="${alert}",alertstate="firing"} or vector(-1)`;
  const promql_expr_test = times.map((eval_time) => ({ expr, eval_time, exp_samples: [{ labels: "no", value: 7 }] }));
  return {
    rule_files: ["alerts.yml"],
    evaluation_interval: "1m",
    tests: [{ interval: "1m", input_series, promql_expr_test }],
  };
}

/** Reads what follows `got:` in promtool's output, which goes by time. */
function labelsIn(got: string): string[] {
  return [...got.matchAll(/\{__name__="ALERTS", ([^}]*)\}/g)].map(([, labels]) =>
    labels.replaceAll("\\", "").split(", ").filter((label) => !/^alert(name|state)=/.test(label)).sort().join()
  );
}

function valuesOf(name: string, { before, after }: Minute, count: number) {
  if (after === null) return { count, step: null, value: null };
  if (GAUGES.test(name)) return { count, step: 0, value: after.get(name)! };
  return { count, step: changes(before, after)[name] ?? 0, value: null };
}

/** A series as promtool writes it: a start, a step, and how often. */
function seriesOf(series: string, phases: ReturnType<typeof valuesOf>[], first: number) {
  let at = first;
  const parts = phases.map(({ count, step, value }) => {
    if (step === null) return Array(count).fill("stale").join(" ");
    if (value !== null) return `${value}x${count - 1}`;
    const part = `${at + step}+${step}x${count - 1}`;
    at += step * count;
    return part;
  });
  return { series, values: parts.join(" ") };
}

/** Runs Prometheus' own program, and gives its exit code and all that it said. */
export async function promtool(args: string[], input = "") {
  const child = new Deno.Command("promtool", { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
