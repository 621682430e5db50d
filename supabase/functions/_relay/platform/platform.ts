/** What a worker gets from its runtime and shares out, in one object that tests can replace. */

import { type Clock, systemClock } from "./clock.ts";
import { type Configuration, type Environment, readConfiguration } from "./configuration.ts";
import { createKeepAlive, createShutdown, type KeepAlive, type Shutdown } from "./lifetime.ts";
import { createErrorLines, createLog, type ErrorLines, type Log } from "./log.ts";
import { createMemory, type Memory } from "./memory.ts";
import { unknownVariables, visibleVariables } from "./variables.ts";
import { VERSION } from "./version.ts";

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

/**
 * Builds the real platform, and logs `worker_started`; throws a RangeError that names a variable that cannot be used.
 * `names` are searched for variables that nothing reads.
 */
export function createPlatform(
  environment: Environment = (name) => Deno.env.get(name),
  names: () => string[] = visibleVariables,
): Platform {
  const errorLines = createErrorLines();
  const log = createLog(undefined, undefined, errorLines);
  const known = new Set<string>();
  const configuration = readConfiguration((name) => {
    known.add(name);
    return environment(name);
  });
  const workerId = crypto.randomUUID();
  log("info", "worker_started", { worker_id: workerId, version: VERSION });
  const unknown = unknownVariables(names(), known);
  if (unknown.length > 0) log("warn", "variables_unknown", { worker_id: workerId, cause: unknown.join("; ") });
  return {
    workerId,
    configuration,
    memory: createMemory(configuration.memoryBytes / 2),
    clock: systemClock,
    log,
    errorLines,
    keepAlive: createKeepAlive(log),
    shutdown: createShutdown(log),
  };
}
