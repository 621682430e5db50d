import { deepStrictEqual as equal, match, rejects } from "node:assert/strict";
import { newClient } from "../../testkit/author.ts";
import { type Client, createClient } from "./client.ts";
import { numbered } from "./numbered.ts";

const START = "id: 0\nevent: start\ndata: {}\n\n";
const DONE = 'event: done\ndata: {"stream_id":"s"}\n\n';
const nowhere = { workers: [], supabaseUrl: "", publishableKey: "", secretKey: "", jwtSecret: "" };
const requests = await newClient(nowhere, { id: "", email: "", token: "" });
const token = (id: number, text: string) => `id: ${id}\nevent: token\ndata: ${text}\n\n`;

/** Reads these answers of a worker one after the other, with a step back between them; gives what was asked. */
async function read(client: Client, answers: string[], stepBack = 0) {
  const asked: (string | null)[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    asked.push(request.headers.get("last-event-id"));
    return new Response(answers[asked.length - 1], { headers: { "content-type": "text/event-stream" } });
  });
  const followed = [];
  for (const _ of answers) {
    client.rewind(client.text.length - stepBack);
    await client.open(`http://127.0.0.1:${server.addr.port}`);
    followed.push(await client.follow());
  }
  return { asked, followed };
}

Deno.test("a client comes back with what it has, less or all of it, and has the whole text in the end", async () => {
  const client = createClient("s", requests);
  const { asked, followed } = await read(client, [START + token(2, "ab"), token(5, "cde") + DONE]);
  equal([asked, followed, client.text, client.end?.event], [[null, "2"], ["broken", "ended"], "abcde", "done"]);
  const other = createClient("s", requests);
  equal((await read(other, [START + token(4, "abcd"), token(4, "d") + DONE], 1)).asked, [null, "3"]);
  equal(other.text, "abcd");
});

Deno.test("text that is lost, doubled or another, and an event where it cannot be, fail an experiment", async () => {
  const begun = START + token(2, "ab");
  const failing = {
    "lost text": [begun + token(6, "de")],
    "doubled text": [begun + token(3, "bc")],
    "another text after 1": [begun, token(2, "x")],
    'came before "start"': [token(2, "ab")],
    "does not belong": [begun + START],
    '"token" came after the last one': [START + DONE + token(1, "a")],
    '"done" came after the last one': [START + DONE + DONE],
    "of another stream": [START + DONE.replace('"s"', '"t"')],
  };
  for (const [message, answers] of Object.entries(failing)) {
    await rejects(read(createClient("s", requests), answers, answers.length - 1), new RegExp(message));
  }
});

Deno.test("no token is like another; with a size it is ASCII of that size, without one it has all that is hard", () => {
  const text = numbered("a", { tokens: 200, size: 0, intervalMs: 0 });
  match(text, /\n.*[\uD800-\uDBFF][\uDC00-\uDFFF]/);
  equal(new Set(text.split("a-")).size, 201);
  const short = numbered("a", { tokens: 2_000, size: 5, intervalMs: 0 });
  equal([short.length, new Set(short.split(" ")).size], [10_000, 2_001]);
});
