/** What a worker gets from its runtime and shares out, in one object that tests can replace. */

import { type Clock, systemClock } from "./clock.ts";
import { type Configuration, type Environment, readConfiguration } from "./configuration.ts";
import { createKeepAlive, createShutdown, type KeepAlive, type Shutdown } from "./lifetime.ts";
import { createErrorLines, createLog, type ErrorLines, type Log } from "./log.ts";
import { createMemory, type Memory } from "./memory.ts";

/** The runtime as the other modules see it. */
export interface Platform {
  /** Names this worker in rows and log lines; new with each process or isolate. */
  workerId: string;
  configuration: Configuration;
  memory: Memory;
  clock: Clock;
  log: Log;
  errorLines: ErrorLines;
  keepAlive: KeepAlive;
  shutdown: Shutdown;
}

/** Builds the real platform; throws a RangeError that names a variable that cannot be used. */
export function createPlatform(environment: Environment = (name) => Deno.env.get(name)): Platform {
  const errorLines = createErrorLines();
  const log = createLog(undefined, undefined, errorLines);
  const configuration = readConfiguration(environment);
  return {
    workerId: crypto.randomUUID(),
    configuration,
    memory: createMemory(configuration.memoryBytes / 2),
    clock: systemClock,
    log,
    errorLines,
    keepAlive: createKeepAlive(log),
    shutdown: createShutdown(log),
  };
}
