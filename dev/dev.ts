import { HELP, parseFlags } from "./flags.ts";
import { logToStderr } from "./log.ts";
import { fail, note, print, untilStopped } from "./process.ts";
import { startStack } from "./stack.ts";
import { usage } from "./usage.ts";

logToStderr();
const flags = flagsOrExit();
const stopped = untilStopped();
const stack = await startStack({ ...flags, progress: note }).catch((e) => fail(e, 1));
const { close, ...facts } = stack;
print(flags.json ? JSON.stringify(facts) + "\n" : usage(stack));

await stopped;
await close();
Deno.exit(0);

function flagsOrExit() {
  try {
    const flags = parseFlags(Deno.args);
    if (!flags.help) return flags;
    print(HELP);
  } catch (error) {
    fail(error, 2);
  }
  Deno.exit(0);
}
