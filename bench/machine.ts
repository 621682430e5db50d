/** Which core does what: the relay under test has one, everything else has the other. */

import { availableParallelism } from "node:os";

/** How programs are started on a core; empty arrays where the machine has one core or no taskset. */
export interface Cores {
  relay: string[];
  load: string[];
  /** What people should know about it; empty where all is as it should be. */
  note: string;
}

/** Moves this process, and with it all that it starts by default, to the first core. */
export async function takeCores(): Promise<Cores> {
  if (availableParallelism() < 2) {
    return none("this machine has one core, so the relay shares it with the load");
  }
  if (!await succeeds("taskset", ["-a", "-c", "-p", "0", String(Deno.pid)])) {
    return none("there is no taskset, so nothing is pinned to a core");
  }
  return { relay: ["taskset", "-c", "1"], load: ["taskset", "-c", "0"], note: "" };
}

function none(note: string): Cores {
  return { relay: [], load: [], note };
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
