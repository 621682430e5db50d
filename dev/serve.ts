/** `deno task serve`: hosts the functions on a server, against any Supabase project. */

import { variables } from "./environment.ts";
import { createLog } from "../supabase/functions/_relay/platform/log.ts";
import { readConfiguration } from "../supabase/functions/_relay/platform/configuration.ts";
import { VERSION } from "../supabase/functions/_relay/platform/version.ts";
import { createFunctions } from "./functions.ts";
import { flagsOrExit, integerOf, parseFlags, portOf } from "./flags.ts";
import { fail, note, print, untilStopped } from "./process.ts";
import { listen } from "./server.ts";

const ACTION = "Cannot start";

const HELP = `SUPABASE_URL=… SUPABASE_SECRET_KEY=… deno task serve

Serves the relay's functions against a Supabase project whose migrations are pushed. SIGTERM ends it: what runs is
stored first. These variables and those of docs/configuration.md are read:

  SUPABASE_URL          the project, such as https://<ref>.supabase.co
  SUPABASE_SECRET_KEY   a secret key of it
  PORT                  the port to listen on, 8000 by default, 0 for a free one
  HOST                  the address to listen on, 0.0.0.0 by default
  MAX_CONNECTIONS       how many connections may be open at once, 2500 by default

  --version             prints the version, and starts nothing
`;

/** What a request may take longer than a generation: its body comes before, its last events may wait for a reader. */
const REQUEST_MARGIN_MS = 60_000;

const { version } = flagsOrExit(HELP, (args) => parseFlags(ACTION, args, { version: { type: "boolean" } }));
if (version) {
  print(`${VERSION}\n`);
  Deno.exit(0);
}

// One request's fault must not end the streams of all the others.
let log = createLog();
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  log("error", "uncaught_error", { cause: event.reason });
});
addEventListener("error", (event) => {
  event.preventDefault();
  log("error", "uncaught_error", { cause: event.error });
});

try {
  const stopped = untilStopped();
  const environment = (name: string): string | undefined => variables[name];
  const valueOf = (name: string, fallback: string) => environment(name)?.trim() || fallback;
  const port = portOf(ACTION, "PORT", valueOf("PORT", "8000"));
  const maxConnections = integerOf(ACTION, "MAX_CONNECTIONS", valueOf("MAX_CONNECTIONS", "2500"), 16, 1_000_000);
  const functions = createFunctions(environment, () => Object.keys(variables));
  log = functions.log;
  const limits = { maxConnections, requestMs: readConfiguration(environment).timeoutMs + REQUEST_MARGIN_MS };
  const server = listen(valueOf("HOST", "0.0.0.0"), port, functions.fetch, limits, log);
  print(JSON.stringify({ url: server.url }) + "\n");
  note(`The relay listens at ${server.url}`);

  await stopped;
  // New connections are refused from here on, while the running generations come to their end.
  await Promise.all([server.close(), functions.close()]);
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);
