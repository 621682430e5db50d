/** `deno task dev`: starts the embedded stack and keeps it running. */

import { flagsOrExit, parseFlags, portOf } from "./flags.ts";
import { fail, logToStderr, note, print, untilStopped } from "./process.ts";
import { type Stack, type StackOptions, startStack } from "./stack.ts";

const HELP = `deno task dev [flags]

Starts Supabase's Auth and Data API on an embedded Postgres, the relay's functions, a provider that tells stories,
a demo user and the page. Ctrl-C ends it.

  --port 54321      port to listen on, 0 for a free one
  --database URL    run on this Postgres server instead of inside the process
  --data DIR        keep users, bots and messages in this folder
  --provider URL    use this provider instead of the demo provider
  --json            print one line of JSON when ready
`;

/** Throws a TypeError that names the flag that is wrong. */
export function parseDevFlags(args: string[]): StackOptions & { json: boolean } {
  const action = "Cannot start";
  const { words: _, port, database, provider, ...rest } = parseFlags(action, args, {
    port: { type: "string", default: "54321" },
    database: { type: "string" },
    data: { type: "string" },
    provider: { type: "string" },
    json: { type: "boolean" },
  });
  checkUrl(action, "--database", database, ["postgres:", "postgresql:"]);
  checkUrl(action, "--provider", provider, ["http:", "https:"]);
  return { ...rest, database, provider, port: portOf(action, "--port", port) };
}

function checkUrl(action: string, name: string, text: string | undefined, protocols: string[]): void {
  if (text === undefined || URL.canParse(text) && protocols.includes(new URL(text).protocol)) return;
  // The value is not repeated: a database's URL holds a password.
  throw new TypeError(`${action}: ${name} is not a URL that begins with ${protocols[0]}//`);
}

/** What a person needs to know about a stack that has just started. */
function welcome({ url, functions_url, publishable_key, secret_key, provider_url, demo }: Stack): string {
  const credentials = JSON.stringify({ email: demo.email, password: demo.password });
  const request = JSON.stringify({ prompt: "Tell me a story about the sea", conversation_id: demo.conversation_id });
  return `
Open ${url} and press "Use the demo account".

  demo user        ${demo.email}, password ${demo.password}
  functions        ${functions_url}
  publishable key  ${publishable_key}
  secret key       ${secret_key}
  provider         ${provider_url}

Or sign in and stream a story from a shell:

TOKEN=$(curl -s '${url}/auth/v1/token?grant_type=password' \\
  -H 'apikey: ${publishable_key}' -H 'content-type: application/json' \\
  -d '${credentials}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

curl -N ${functions_url}/stream \\
  -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '${request}'

Ctrl-C ends it.
`;
}

if (import.meta.main) {
  const { json, ...options } = flagsOrExit(HELP, parseDevFlags);
  logToStderr();
  const stopped = untilStopped();
  const stack = await startStack({ ...options, progress: note }).catch((error) => fail(error, 1));
  const { close, ...facts } = stack;
  print(json ? JSON.stringify(facts) + "\n" : welcome(stack));

  await stopped;
  await close();
  Deno.exit(0);
}
