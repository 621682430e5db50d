/** What was measured, what it costs by the piece, and how well the model says it again, in Markdown. */

import { short } from "../statistics.ts";
import { compare, errorOf } from "./compare.ts";
import { type Costs, costsOf, databaseCpuOf } from "./costs.ts";
import type { Measured } from "./measured.ts";
import { planTables } from "./plan_tables.ts";
import type { Point } from "./point.ts";
import { amount, markdown } from "./markdown.ts";

/** All of them, with headings. */
export function tablesOf(measured: Measured): string {
  const costs = costsOf(measured);
  return [
    measured.about,
    pointTable(measured),
    endsLine(measured),
    "### By the piece",
    costTable(costs),
    "### The model beside loads that it was not made from",
    checkTable(measured.checks, costs),
    planTables(costs),
  ].join("\n\n");
}

function nameOf({ streams, everyMs, beatMs }: Point): string {
  const beat = beatMs === 1_000 ? "" : `, a beat each ${beatMs / 1_000} s`;
  return `${amount(streams)} at ${everyMs} ms${beat}`;
}

function pointTable({ calibration, checks }: Measured): string {
  return markdown([
    [
      "streams, a token each",
      "tokens a second",
      "relay's CPU",
      "for a token",
      "for a second of a stream",
      "memory idle, full",
      "`relay_beat` a second",
      "each, in the database",
      "database's CPU",
      "request bodies",
      "log records",
      "connections to the Data API, the provider",
    ],
    ...[...calibration, ...checks].map((point) => {
      const { window, streams } = point;
      const { seconds } = window;
      return [
        nameOf(point),
        amount(window.tokens / seconds),
        `${short(window.relayCpu / seconds * 100)} %`,
        `${short(window.relayCpu / window.tokens * 1e6)} µs`,
        `${short(window.relayCpu / streams / seconds * 1e3)} ms`,
        `${short(point.idleMb)}, ${short(point.openMb)} MB`,
        short((window.calls.relay_beat ?? 0) / seconds),
        `${short(window.callMs.relay_beat)} ms`,
        `${short(databaseCpuOf(window) / seconds * 100)} %`,
        `${short(window.body / seconds / 1e3)} KB/s`,
        `${short(window.wal / seconds / 1e3)} KB/s`,
        `${point.dataApiConnections}, ${point.providerConnections}`,
      ];
    }),
  ]);
}

function endsLine({ ends: { stories, whole } }: Measured): string {
  const each = (sum: number, factor: number) => short(sum / stories * factor);
  return `To begin and to finish, the mean of ${amount(stories)} stories of one token: ${
    each(whole.relayCpu, 1e3)
  } ms of the relay's CPU, ${each(databaseCpuOf(whole), 1e3)} ms of the database's (${
    short(whole.callMs.relay_begin)
  } ms in \`relay_begin\`, ${short(whole.callMs.relay_finish)} ms in \`relay_finish\`), ${
    each(whole.wal, 1e-3)
  } KB of log records, ${each(whole.body, 1)} bytes in bodies.`;
}

function costTable({ relayCpu, databaseCpu, wal, body, clientBytes, memoryMb }: Costs) {
  const us = (seconds: number) => `${short(seconds * 1e6)} µs`;
  const bytes = (count: number) => `${short(count)} B`;
  const none = "";
  return markdown([
    ["piece", "relay's CPU", "database's CPU", "log records", "request bodies", "to the reader", "memory"],
    ["a token", us(relayCpu.token), none, none, none, bytes(clientBytes.token), none],
    ["a byte of text", none, none, bytes(wal.textByte), bytes(body.textByte), none, none],
    ["a second of a stream", us(relayCpu.streamSecond), none, none, none, none, none],
    ["a generation in a beat", none, us(databaseCpu.row), bytes(wal.row), bytes(body.row), none, none],
    ["more for each other one in that beat", none, us(databaseCpu.pair), none, none, none, none],
    ["the same again, at the story's end", none, us(databaseCpu.rowAtEnd), bytes(wal.rowAtEnd), none, none, none],
    [
      "a begin and a finish",
      us(relayCpu.generation),
      us(databaseCpu.generation),
      bytes(wal.generation),
      bytes(body.generation),
      none,
      none,
    ],
    ["an open stream", none, none, none, none, none, `${short(memoryMb.stream * 1e3)} KB`],
    ["a worker", none, none, none, none, none, `${short(memoryMb.worker)} MB`],
  ]);
}

function checkTable(checks: Point[], costs: Costs): string {
  const all = checks.map((point) => compare(point, costs));
  return markdown([
    ["", ...checks.map(nameOf)],
    ...all[0].map(({ name, unit }, row) => [
      `${name} (${unit})`,
      ...all.map((comparisons) => {
        const comparison = comparisons[row];
        const error = Math.round(errorOf(comparison) * 100);
        return `${amount(comparison.predicted)} for ${amount(comparison.measured)}: ${error > 0 ? "+" : ""}${error} %`;
      }),
    ]),
  ]);
}
