/** What a run has found, as one table and one chart. */

import { median } from "../testkit/figures.ts";
import { tableOf as markdownTable } from "../testkit/page.ts";
import { short } from "./figures.ts";
import { RELAYS } from "./relays.ts";
import type { Results } from "./scenarios.ts";

type Figure = [scenario: string, name: string];

/** A relay's figure, and what it is to the passthrough's of the same round: a slow round is slow for both. */
function compare(results: Results, [scenario, name]: Figure, relay: string) {
  const [base, own] = [RELAYS[0].name, relay].map((relay) => results[scenario]?.[relay] ?? []);
  const rounds = own.map(({ figures }, round) => [figures[name] ?? NaN, base[round]?.figures[name] ?? NaN]);
  return {
    // A failure counts for nothing.
    failed: own.some(({ failure }) => failure !== null),
    mark: own.some(({ saturated }) => saturated) ? ", saturated" : "",
    value: median(rounds.map(([own]) => own)),
    ratio: median(rounds.map(([own, base]) => own / base)),
    added: median(rounds.map(([own, base]) => own - base)),
  };
}

type Cell = (figure: ReturnType<typeof compare>) => string;
const cpu: Cell = ({ ratio, value }) => `${short(ratio)} × (${short(value)} µs)`;
const delay: Cell = ({ ratio, value }) => `${short(ratio)} × (${short(value)} ms)`;
const first: Cell = ({ value, added }) => `${added > 0 ? "+" : ""}${short(added || value)} ms`;
const milliseconds: Cell = ({ value }) => `${short(value)} ms`;
const megabytes: Cell = ({ value }) => `${short(value)} MB`;

const SECURE = ", TLS to the provider";
const BEYOND = ", beyond a round trip";
const ROWS: [title: string, figure: Figure, cell: Cell][] = [
  ["CPU a token, 200 paced streams", ["paced", "cpuUs"], cpu],
  ["CPU a token, burst, one event a write", ["burst-1", "cpuUs"], cpu],
  ["CPU a token, burst, 20 events a write", ["burst-20", "cpuUs"], cpu],
  ["delay of a token, p99, 200 streams", ["paced", "delayP99"], delay],
  ["longest delay of a token, 200 streams", ["paced", "delayMax"], milliseconds],
  ["longest delay past the relay at that time", ["paced", "directMax"], milliseconds],
  ["first token, alone", ["first", "firstToken"], first],
  ["first token, with 200 streams", ["paced", "firstToken"], first],
  [`first token, alone${BEYOND}`, ["first", "firstBeyond"], first],
  [`first token, with 200 streams${BEYOND}`, ["paced", "firstBeyond"], first],
  [`CPU a token, 200 paced streams${SECURE}`, ["paced-tls", "cpuUs"], cpu],
  [`CPU a token, burst, 20 events a write${SECURE}`, ["burst-20-tls", "cpuUs"], cpu],
  [`first token, alone${SECURE}`, ["first-tls", "firstToken"], first],
  ["memory, idle", ["memory", "idleMb"], megabytes],
  ["memory, 1,000 streams", ["memory", "openMb"], megabytes],
  ["memory for each stream", ["memory", "perStreamKb"], ({ value }) => `${short(value)} KB`],
];

/** One row for each measure, one column for each relay, of those that the run had. */
export function tableOf(results: Results): string {
  const relays = RELAYS.filter(({ name }) => Object.values(results).some((samples) => name in samples));
  const rows = ROWS.filter(([, [scenario]]) => scenario in results).map(([title, figure, cell]) => [
    title,
    ...relays.map(({ name }) => {
      const compared = compare(results, figure, name);
      if (compared.failed) return "failed";
      return Number.isNaN(compared.value) ? "" : cell(compared) + compared.mark;
    }),
  ]);
  return markdownTable([["", ...relays.map(({ title }) => title)], ...rows]);
}

const TITLE = "CPU of the relay for each token, as a multiple of the Deno passthrough's (logarithmic)";
const STYLE = `text { font: 12px system-ui, sans-serif; fill: #1f2933; }
.head, .ours { font-weight: 600; }
.label { text-anchor: end; }
rect { fill: #9fb3c8; }
rect.ours { fill: #d9623b; }`;

/** SVG that needs no style around it: the ratios differ by a hundred, so bars have the length of their logarithm. */
export function chartOf(results: Results): string {
  const parts: string[] = [];
  let y = 48;
  const text = (x: number, words: string, kind = "") =>
    parts.push(`<text x="${x}" y="${y + 13}" class="${kind}">${words.replaceAll(/[*\`]/g, "")}</text>`);
  for (const [title, figure] of ROWS.filter(([title, [, name]]) => name === "cpuUs" && !title.endsWith(SECURE))) {
    text(16, title, "head");
    y += 24;
    for (const { name, title } of RELAYS) {
      const { failed, ratio, mark } = compare(results, figure, name);
      const known = !failed && ratio > 0;
      const kind = title.startsWith("**") ? "ours" : "";
      // From half to a hundred times.
      const width = known ? Math.max(Math.round(Math.log10(ratio * 2) * 240), 1) : 0;
      text(170, title, `label ${kind}`);
      parts.push(`<rect x="180" y="${y}" width="${width}" height="17" class="${kind}"/>`);
      text(186 + width, known ? short(ratio) + mark : "no figure");
      y += 22;
    }
    y += 12;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="860" height="${y}" viewBox="0 0 860 ${y}" role="img"
  aria-label="${TITLE}"><style>${STYLE}</style>
<rect width="860" height="${y}" style="fill: #ffffff"/>
<text x="16" y="28" class="head">${TITLE}</text>
${parts.join("\n")}
</svg>
`;
}
