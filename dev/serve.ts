/** `deno task serve`: hosts the functions on a server, against any Supabase project. */

import { createFunctions } from "./functions.ts";
import { flagsOrExit, parseFlags, portOf } from "./flags.ts";
import { fail, note, print, untilStopped } from "./process.ts";
import { listen } from "./server.ts";

const ACTION = "Cannot start";

const HELP = `SUPABASE_URL=… SUPABASE_SECRET_KEY=… deno task serve

Serves the relay's functions against a Supabase project whose migrations are pushed. SIGTERM ends it: what runs is
stored first. It has no flags; these variables and those of docs/configuration.md are read:

  SUPABASE_URL          the project, such as https://<ref>.supabase.co
  SUPABASE_SECRET_KEY   a secret key of it
  PORT                  the port to listen on, 8000 by default, 0 for a free one
  HOST                  the address to listen on, 0.0.0.0 by default
`;

flagsOrExit(HELP, (args) => parseFlags(ACTION, args, {}));
try {
  const stopped = untilStopped();
  const functions = createFunctions((name) => Deno.env.get(name));
  const port = portOf(ACTION, "PORT", Deno.env.get("PORT") ?? "8000");
  const server = listen(Deno.env.get("HOST") ?? "0.0.0.0", port, functions.fetch);
  print(JSON.stringify({ url: server.url }) + "\n");
  note(`The relay listens at ${server.url}`);

  await stopped;
  // New connections are refused from here on, while the running generations come to their end.
  await Promise.all([server.close(), functions.close()]);
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);
