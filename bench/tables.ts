/** The figures of a run as tables in Markdown. */

import type { Findings, Result } from "./run.ts";
import type { Sample } from "./scenarios/scenario.ts";
import { median, medianExcess, medianRatio, short } from "./statistics.ts";

/** What every ratio is to, and what first tokens are counted from. */
const BASE = "passthrough";
const FLOOR = "direct";
const OURS = "storytellr";
const NONE = "";

/** One figure of each round. */
type Series = (scenario: string, relay: string, figure: string) => number[];

/** All relays beside each other, one row each. */
export function relayTable(findings: Findings): string {
  const series = seriesOf(findings.results);
  const columns = [
    cpu("paced", "200 streams, a token each 20 ms"),
    cpu("burst-1", "64 streams flat out, one event a write"),
    cpu("burst-20", "the same, 20 events a write"),
    {
      title: "delay of a token, p99, 200 streams",
      scenario: "paced",
      text: (relay: string) => ms(median(series("paced", relay, "delayP99")), 1),
    },
    { title: "added to the first token, alone", scenario: "first", text: (relay: string) => added("first", relay) },
    { title: "the same, with 200 streams", scenario: "paced", text: (relay: string) => added("paced", relay) },
    {
      title: "memory idle, with 1,000 streams",
      scenario: "memory",
      text: (relay: string) =>
        pair(median(series("memory", relay, "idleMb")), median(series("memory", relay, "openMb"))),
    },
    {
      title: "for each stream",
      scenario: "memory",
      text: (relay: string) => unit(median(series("memory", relay, "perStreamKb")), 0, "KB"),
    },
  ].filter(({ scenario }) => has(findings.results, scenario));

  function cpu(scenario: string, title: string) {
    return {
      title,
      scenario,
      text(relay: string) {
        const own = series(scenario, relay, "cpuUs");
        const ratio = medianRatio(own, series(scenario, BASE, "cpuUs"));
        if (Number.isNaN(median(own))) return NONE;
        const time = `${short(median(own))} µs`;
        return Number.isNaN(ratio) ? time : `${short(ratio)} (${time})`;
      },
    };
  }
  function added(scenario: string, relay: string): string {
    if (relay === FLOOR) return NONE;
    return ms(medianExcess(series(scenario, relay, "firstToken"), series(scenario, FLOOR, "firstToken")), 1);
  }

  const rows = findings.relays.map(({ name, title }) => [
    title,
    ...columns.map(({ scenario, text }) => judged(samplesOf(findings.results, scenario, name), () => text(name))),
  ]);
  return table(["relay", ...columns.map(({ title }) => title)], rows);
}

/** A failure counts for nothing, and what could not keep up is marked. */
function judged(samples: Sample[], text: () => string): string {
  if (samples.some(({ failure }) => failure)) return "failed";
  const behind = samples.some(({ saturated, cutOff }) => saturated || cutOff > 0);
  const said = text();
  return behind && said ? `${said}, saturated` : said;
}

/** The goals of our relay that this run has measured; each row begins with its scenario. */
export function goalTable({ results }: Findings): string {
  const series = seriesOf(results);
  const own = (scenario: string, figure: string) => series(scenario, OURS, figure);
  const ratio = (scenario: string, figure: string) =>
    short(medianRatio(own(scenario, figure), series(scenario, BASE, figure)));
  const one = (scenario: string, figure: string) => median(own(scenario, figure));
  const added = (scenario: string) => medianExcess(own(scenario, "firstToken"), series(scenario, FLOOR, "firstToken"));
  const trip = one("database", "beginMs");
  const rows = [
    ["paced", "CPU a token, 200 paced streams", "2.0 × passthrough", `${ratio("paced", "cpuUs")} ×`],
    ["burst-20", "CPU a token, burst, 20 events a write", "3.0 × passthrough", `${ratio("burst-20", "cpuUs")} ×`],
    [
      "first",
      "added to the first token, alone",
      "one round trip + 2 ms",
      `${ms(added("first"), 1)}: ${ms(trip, 1)} are \`relay_begin\`, ${
        ms(added("first") - trip, 1)
      } are not (an empty call takes ${ms(one("database", "emptyBeatMs"), 1)})`,
    ],
    [
      "paced",
      "added to the first token, 200 streams",
      "10 ms above that",
      `${ms(added("paced"), 1)}, which is ${ms(added("paced") - added("first"), 1)} above`,
    ],
    [
      "paced",
      "delay of a token, p99, 200 streams",
      "2 × passthrough",
      `${ratio("paced", "delayP99")} × (${ms(one("paced", "delayP99"), 1)})`,
    ],
    ["memory", "memory for each of 1,000 streams", "80 KB", unit(one("memory", "perStreamKb"), 0, "KB")],
    [
      "cold",
      "a cold worker's first answer",
      "1.5 × Deno with the four packages",
      `${coldRatio("")} × (${ms(one("cold", "oursMs"), 0)}, ${
        unit(one("cold", "oursMb"), 0, "MB")
      }); as one bundled file ${coldRatio("Bundle")} × (${ms(one("cold", "oursBundleMs"), 0)}, ${
        unit(one("cold", "oursBundleMb"), 0, "MB")
      })`,
    ],
    [
      "database",
      "database calls",
      "1 before the first token, 1 a second and worker, 1 at the end",
      `${short(one("database", "beginsPerGeneration"))}, ${short(one("database", "beatsPerSecond"))}, ${
        short(one("database", "finishesPerGeneration"))
      }`,
    ],
    [
      "database",
      "bytes sent to the database",
      "1.3 × the text",
      `text ${short(one("database", "textSentPerText"))} ×, whole bodies ${
        short(one("database", "bodySentPerText"))
      } × (and ${short(one("database", "logWrittenPerText"))} × of log records)`,
    ],
    [
      "churn",
      "memory after 1,000 and after 10,000 generations",
      "the same",
      pair(one("churn", "mbAfter1000"), one("churn", "mbAfter10000")),
    ],
  ];
  function coldRatio(form: string): string {
    return short(medianRatio(own("cold", `ours${form}Ms`), own("cold", `packages${form}Ms`)));
  }
  return table(
    ["measure", "goal, at most", "measured"],
    rows.filter(([scenario]) => has(results, scenario)).map(([_, ...cells]) => cells),
  );
}

function samplesOf(results: Result[], scenario: string, relay: string) {
  return results.find((result) => result.scenario.name === scenario)?.samples
    .get(relay) ?? [];
}

function seriesOf(results: Result[]): Series {
  return (scenario, relay, figure) => samplesOf(results, scenario, relay).map(({ figures }) => figures[figure] ?? NaN);
}

function has(results: Result[], name: string): boolean {
  return results.some(({ scenario }) => scenario.name === name);
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function unit(value: number, digits: number, name: string): string {
  return Number.isNaN(value) ? NONE : `${value.toFixed(digits)} ${name}`;
}

function ms(value: number, digits: number): string {
  return unit(value, Math.abs(value) >= 20 ? 0 : digits, "ms");
}

function pair(first: number, second: number): string {
  if (Number.isNaN(second)) return NONE;
  return `${first.toFixed(0)}, ${second.toFixed(0)} MB`;
}
