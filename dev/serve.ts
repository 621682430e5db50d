import { createFunctions } from "./functions.ts";
import { fail, note, print, untilStopped } from "./process.ts";
import { listen } from "./server.ts";

try {
  const stopped = untilStopped();
  const functions = createFunctions((name) => Deno.env.get(name));
  const server = listen(Deno.env.get("HOST") ?? "0.0.0.0", port(), functions.fetch);
  print(JSON.stringify({ url: server.url }) + "\n");
  note(`The relay listens at ${server.url}`);

  await stopped;
  // New connections are refused from here on, while the running generations are brought to their end.
  await Promise.all([server.close(), functions.close()]);
} catch (error) {
  fail(error, 1);
}
Deno.exit(0);

function port(): number {
  const text = Deno.env.get("PORT") ?? "8000";
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new TypeError(`Cannot start: PORT is "${text}", not a number from 0 to 65535`);
}
