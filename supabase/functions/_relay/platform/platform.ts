/** What a worker gets from its runtime, in one object that tests can replace. */

import type { Configuration, Environment } from "./configuration.ts";
import { readConfiguration } from "./configuration.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { KeepAlive } from "./keep_alive.ts";
import { createKeepAlive } from "./keep_alive.ts";
import type { Log } from "./log.ts";
import { createLog } from "./log.ts";
import type { Shutdown } from "./shutdown.ts";
import { createShutdown } from "./shutdown.ts";

/** The runtime as the other modules see it. */
export interface Platform {
  /** Names this worker in rows and log lines; new with each process or isolate. */
  workerId: string;
  configuration: Configuration;
  clock: Clock;
  log: Log;
  keepAlive: KeepAlive;
  shutdown: Shutdown;
}

/** Builds the real platform; throws a RangeError that names a variable that cannot be used. */
export function createPlatform(environment: Environment = (name) => Deno.env.get(name)): Platform {
  const log = createLog();
  return {
    workerId: crypto.randomUUID(),
    configuration: readConfiguration(environment),
    clock: systemClock,
    log,
    keepAlive: createKeepAlive(log),
    shutdown: createShutdown(log),
  };
}
