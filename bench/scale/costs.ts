/** Unit costs out of the measured loads. */

import type { Measured } from "./measured.ts";
import type { Point } from "./point.ts";
import type { Usage } from "./meter.ts";
import { leastSquares } from "./least_squares.ts";

/**
 * What each thing costs. CPU is in seconds of one core of the machine that measured, WAL and bodies in bytes. A row is one
 * generation in one beat.
 */
export interface Costs {
  relayCpu: { token: number; streamSecond: number; generation: number };
  databaseCpu: {
    row: number;
    /** More for each other generation in the same beat: a large beat costs more than two small ones. */
    pair: number;
    generation: number;
    /** More at the end, for each row that the beats have brought: it is read, deleted, and becomes part of the message. */
    rowAtEnd: number;
  };
  wal: { row: number; textByte: number; generation: number; rowAtEnd: number };
  body: { row: number; textByte: number; generation: number };
  clientBytes: { token: number };
  memoryMb: { worker: number; stream: number };
  /** Milliseconds inside the database. */
  callMs: { row: number; pair: number; begin: number; finish: number };
}

const rowsASecond = ({ streams, beatMs }: Point) => streams / beatMs * 1_000;
const beatsOf = ({ calls }: Usage) => calls.relay_beat ?? 0;

/** Reads them out of the calibration alone. */
export function costsOf({ calibration: points, ends }: Measured): Costs {
  const windows = points.map(({ window }) => window);
  const rows = points.map((point) => beatsOf(point.window) * point.streams);
  const perStory = (sum: number) => sum / ends.stories;
  const generation = {
    relayCpu: perStory(ends.whole.relayCpu),
    databaseCpu: perStory(databaseCpuOf(ends.whole)),
    wal: perStory(ends.whole.wal),
  };

  const [token, streamSecond] = leastSquares(
    points.map(({ window, streams }) => [window.tokens, streams * window.seconds]),
    windows.map(({ relayCpu }) => relayCpu),
  );
  const [row, pair] = leastSquares(
    points.map(({ streams }, at) => [rows[at], rows[at] * streams]),
    windows.map(databaseCpuOf),
  );
  // Pieces of text are too short to be compressed, so a byte of text is one of a record: the rest is the row's.
  const walText = 1;
  const [walRow] = leastSquares(rows.map((count) => [count]), windows.map(({ wal, text }) => wal - walText * text));
  const [bodyRow, bodyText] = leastSquares(
    windows.map(({ text }, at) => [rows[at], text]),
    windows.map(({ body }) => body),
  );
  const [client] = leastSquares(windows.map(({ tokens }) => [tokens]), windows.map((window) => window.client));
  const [stream] = leastSquares(
    points.map(({ streams }) => [streams]),
    points.map(({ openMb, idleMb }) => openMb - idleMb),
  );
  const [rowMs, pairMs] = leastSquares(
    points.map(({ streams }) => [streams, streams * streams]),
    windows.map(({ callMs }) => callMs.relay_beat),
  );
  return {
    relayCpu: { token, streamSecond, generation: generation.relayCpu },
    databaseCpu: {
      row,
      pair,
      generation: generation.databaseCpu,
      rowAtEnd: atEnd(
        points,
        (point) =>
          databaseCpuOf(point.whole) -
          point.streams * generation.databaseCpu -
          rowsOf(point) * (row + pair * point.streams),
      ),
    },
    wal: {
      row: walRow,
      textByte: walText,
      generation: generation.wal,
      rowAtEnd: atEnd(
        points,
        (point) =>
          point.whole.wal - point.streams * generation.wal -
          rowsOf(point) * walRow - point.whole.text * walText,
      ),
    },
    body: { row: bodyRow, textByte: bodyText, generation: perStory(ends.whole.body) },
    clientBytes: { token: client },
    memoryMb: {
      worker: points.reduce((sum, { idleMb }) => sum + idleMb, 0) /
        points.length,
      stream,
    },
    callMs: { row: rowMs, pair: pairMs, begin: ends.whole.callMs.relay_begin, finish: ends.whole.callMs.relay_finish },
  };
}

/** Rows that all stories of a point have brought in their lives. */
export function rowsOf(point: Point): number {
  return rowsASecond(point) * point.tokensAStory * point.everyMs / 1_000;
}

/** What is left of a whole run for each row, the mean over the points. */
function atEnd(points: Point[], rest: (point: Point) => number): number {
  const each = points.map((point) => rest(point) / rowsOf(point));
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}

/** Only a server of the bench's own tells its CPU. */
export function databaseCpuOf({ databaseCpu }: Usage): number {
  if (databaseCpu !== null) return databaseCpu;
  throw new TypeError("Cannot take the costs apart: the database's CPU was not measured");
}
