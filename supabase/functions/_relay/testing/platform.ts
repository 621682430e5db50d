/** Builds a platform for tests: time stands still, log lines are kept, nothing is read from the environment. */

import type { Clock } from "../platform/clock.ts";
import { type Configuration, readConfiguration } from "../platform/configuration.ts";
import { createKeepAlive, createShutdown } from "../platform/lifetime.ts";
import { createErrorLines, createLog } from "../platform/log.ts";
import { createMemory, type Hold, MEMORY_STEP_BYTES } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import { LARGE_MEMORY_BYTES } from "../protocol/limits.ts";

/** A clock that moves only when the test moves it. */
export interface ManualClock extends Clock {
  /** Moves time and fires, in order and synchronously, each timer that falls due, also those that timers set. */
  advance(ms: number): void;
  /** The same, and gives promises a turn before, between and after the timers: for loops that await a pause. */
  run(ms: number): Promise<void>;
  /** How many timers are set: a test that ends with one left has found a leak. */
  readonly pending: number;
}

/** One log line, parsed. */
export type LogLine =
  & { timestamp: string; level: string; event: string }
  & Record<string, unknown>;

/** A platform whose clock, log and shutdown a test can reach; `shutdown.begin(reason)` begins the end. */
export interface TestPlatform extends Platform {
  clock: ManualClock;
  lines: LogLine[];
  /** The lines without their time. */
  logged(): Record<string, unknown>[];
}

/** What a test may want otherwise. */
export interface PlatformOverrides {
  configuration?: Partial<Configuration>;
  workerId?: string;
  /** Shared by workers that live at the same time. */
  clock?: ManualClock;
}

/** Builds a platform with the default configuration of `http://supabase.test`, at 2026-01-01T00:00:00Z. */
export function makePlatform(overrides: PlatformOverrides = {}): TestPlatform {
  const clock = overrides.clock ?? createManualClock();
  const lines: LogLine[] = [];
  const errorLines = createErrorLines();
  const log = createLog((line) => lines.push(JSON.parse(line)), () => new Date(clock.now()), errorLines);
  const configuration = makeConfiguration(overrides.configuration);
  return {
    workerId: overrides.workerId ?? "00000000-0000-4000-8000-00000000000a",
    configuration,
    memory: createMemory(configuration.memoryBytes / 2),
    clock,
    lines,
    logged: () => lines.map(({ timestamp: _, ...line }) => line),
    log,
    errorLines,
    keepAlive: createKeepAlive(log),
    shutdown: createShutdown(log, new EventTarget()),
  };
}

/** Takes what is left of a worker's budget, for users of its own; the returned function gives it back. */
export function fillMemory({ memory }: Pick<Platform, "memory">): () => void {
  const holds: Hold[] = [];
  for (let bytes = LARGE_MEMORY_BYTES; bytes >= MEMORY_STEP_BYTES;) {
    try {
      holds.push(memory.open(crypto.randomUUID(), bytes));
    } catch {
      bytes /= 2;
    }
  }
  return () => holds.forEach((hold) => hold.end());
}

/** What is built, and the maps that it keeps: nothing else shows that what is forgotten takes no memory any more. */
export function withMaps<T>(build: () => T): [T, Map<unknown, unknown>[]] {
  const { Map } = globalThis;
  const maps: Map<unknown, unknown>[] = [];
  globalThis.Map = new Proxy(Map, {
    construct: (target, args) => {
      const map = Reflect.construct(target, args);
      maps.push(map);
      return map;
    },
  });
  try {
    return [build(), maps];
  } finally {
    globalThis.Map = Map;
  }
}

/** The default configuration of `http://supabase.test`, but for the overrides. */
export function makeConfiguration(overrides: Partial<Configuration> = {}): Configuration {
  const environment: Record<string, string> = {
    SUPABASE_URL: "http://supabase.test",
    SUPABASE_SECRET_KEY: "sb_secret_test",
  };
  return { ...readConfiguration((name) => environment[name]), ...overrides };
}

/** Builds a clock that stands at `start` until it is moved; `settle` waits for all that goes on without time. */
export function createManualClock(start = Date.UTC(2026, 0, 1), settle = turns): ManualClock {
  let now = start;
  const timers = new Set<{ at: number; callback: () => void }>();
  /** Fires the next timer that is due by `end`; timers of the same moment fire in the order they were set. */
  function fireNext(end: number): boolean {
    let next: { at: number; callback: () => void } | undefined;
    for (const timer of timers) {
      if (timer.at <= end && (!next || timer.at < next.at)) next = timer;
    }
    if (!next) return false;
    timers.delete(next);
    now = Math.max(now, next.at);
    next.callback();
    return true;
  }
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      while (fireNext(end));
      now = end;
    },
    async run(ms) {
      const end = now + ms;
      do await settle(); while (fireNext(end));
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets promises go on that wait for nothing but each other. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await null;
}
