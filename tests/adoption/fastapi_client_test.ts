/**
 * A client that was written for the FastAPI relay, and knows nothing of this one: it reads the lines of the stream
 * itself, understands `token`, `ping`, `error` and `done`, and skips everything else.
 */

import { deepStrictEqual as equal } from "node:assert/strict";
import { newAuthor } from "../../testkit/author.ts";
import { makeBot, type Target } from "../../testkit/people.ts";
import { answers, type ScriptedProvider, stalls } from "../../testkit/provider.ts";
import { type Stack, startStack } from "../../testkit/stack.ts";

/** One line of `event`, then lines of `data`, then a blank line; other lines are skipped. */
async function readLikeFastapiClient(response: Response, onToken = () => {}) {
  equal(response.status, 200);
  const seen = { text: "", last: "" };
  let [event, data, rest] = ["message", [] as string[], ""];
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("event: ")) event = line.slice(7);
      else if (line.startsWith("data: ")) data.push(line.slice(6));
      else if (line === "") {
        if (event === "token") {
          seen.text += data.join("\n");
          onToken();
        }
        if (event === "done" || event === "error") seen.last = event;
        data = [];
      }
    }
  }
  return seen;
}

/** Streams, cancels and asks for health, below the paths of a relay. */
async function play(
  base: string,
  streams: string,
  cancel: (id: string) => string,
  target: Target,
  provider: ScriptedProvider,
) {
  const { user, botId, stored } = await newAuthor(target, provider, answers("Once upon\n", "\n  a time 🐉"));
  const headers = { authorization: `Bearer ${user.token}`, "content-type": "application/json" };
  const start = (body: Record<string, unknown>) =>
    fetch(base + streams, { method: "POST", headers, body: JSON.stringify(body) });

  const [first, second] = [crypto.randomUUID(), crypto.randomUUID()].map((id) => `fastapi-${id}`);
  const prompt = { prompt: "A story", system: "Be brief" };
  const whole = await readLikeFastapiClient(await start({ ...prompt, bot_id: botId, stream_id: first }));
  equal(whole, { text: "Once upon\n\n  a time 🐉", last: "done" });
  const { content, is_streaming, is_complete, conversation_id } = await stored(first);
  equal([content, is_streaming, is_complete], [whole.text, false, true]);

  const bot_id = await makeBot(target, user, provider.script(stalls("For ever")));
  const response = await start({ prompt: "Another", bot_id, conversation_id, stream_id: second });
  let cancelled: Promise<Response> | undefined;
  const cut = await readLikeFastapiClient(response, () => {
    cancelled = fetch(base + cancel(second), { method: "POST", headers });
  });
  const answer = await cancelled!;
  equal([answer.status, (await answer.json()).status], [202, "cancelling"]);
  equal(cut, { text: "For ever", last: "done" });
  equal((await stored(second)).is_complete, false);
  equal(await (await fetch(`${base}/healthz`)).json(), { status: "ok" });
}

let stack: Stack;

Deno.test.beforeAll(async () => void (stack = await startStack()));
Deno.test.afterAll(() => stack.stop());

Deno.test("a client of the FastAPI relay works with the functions' base URL in place of its own", async () => {
  await play(stack.functions_url, "/stream", (id) => `/cancel/${id}`, stack.target, stack.provider);
});

Deno.test("a client of the FastAPI relay works unchanged with the standalone server", async () => {
  const worker = await stack.worker();
  await play(worker.url, "/v1/stream", (id) => `/v1/streams/${id}/cancel`, stack.target, stack.provider);
  await worker.stop();
});
