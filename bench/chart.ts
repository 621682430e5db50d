/** The CPU of all relays as a picture: bars as long as the logarithm of their ratio, for they differ by a hundred. */

import { short } from "./statistics.ts";

/** A group of bars. */
export interface Panel {
  title: string;
  bars: { label: string; ratio: number; ours: boolean; saturated: boolean }[];
}

const WIDTH = 860;
const LABELS = 264;
const ROW = 22;
const HEAD = 44;
const LEFT = LABELS + 10;
const RIGHT = 120;
const SMALLEST = 0.1;

/** SVG that needs no style of its own around it; ratios that are not there give no bar. */
export function chartOf(title: string, panels: Panel[]): string {
  const ratios = panels.flatMap(({ bars }) => bars.map(({ ratio }) => ratio))
    .filter(Number.isFinite);
  const largest = 10 ** Math.ceil(Math.log10(Math.max(...ratios, 10)));
  const scale = (WIDTH - LEFT - RIGHT) / Math.log10(largest / SMALLEST);
  const x = (ratio: number) => LEFT + Math.max(Math.log10(ratio / SMALLEST), 0) * scale;
  let top = 40;
  const parts: string[] = [];
  for (const { title, bars } of panels) {
    const height = HEAD + bars.length * ROW;
    parts.push(`<text x="16" y="${top + 22}" class="head">${escape(title)}</text>`);
    for (let power = SMALLEST; power <= largest; power *= 10) {
      const at = x(power).toFixed(1);
      parts.push(
        `<line x1="${at}" x2="${at}" y1="${top + 32}" y2="${top + height}" class="${
          Math.round(power * 10) === 10 ? "one" : "grid"
        }"/>`,
      );
      parts.push(`<text x="${at}" y="${top + height + 13}" class="tick">${Number(power.toPrecision(1))}</text>`);
    }
    bars.forEach(({ label, ratio, ours, saturated }, place) => {
      const y = top + 36 + place * ROW;
      parts.push(`<text x="${LABELS}" y="${y + 13}" class="label${ours ? " ours" : ""}">${escape(label)}</text>`);
      if (!Number.isFinite(ratio)) {
        parts.push(`<text x="${LEFT + 4}" y="${y + 13}">no figure</text>`);
        return;
      }
      const width = Math.max(x(ratio) - LEFT, 1).toFixed(1);
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width}" height="${ROW - 5}" class="${ours ? "bar own" : "bar"}"/>`,
        `<text x="${(x(ratio) + 6).toFixed(1)}" y="${y + 13}">${short(ratio)}${saturated ? ", saturated" : ""}</text>`,
      );
    });
    top += height + 28;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="${
    escape(title)
  }">
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2933; }
.title { font-size: 15px; font-weight: 600; }
.head { font-weight: 600; }
.label { text-anchor: end; }
.ours { font-weight: 600; }
.tick { text-anchor: middle; fill: #6b7784; font-size: 11px; }
.grid { stroke: #e3e7eb; }
.one { stroke: #6b7784; stroke-dasharray: 3 3; }
.bar { fill: #9fb3c8; }
.own { fill: #d9623b; }
</style>
<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>
<text x="16" y="28" class="title">${escape(title)}</text>
${parts.join("\n")}
</svg>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
