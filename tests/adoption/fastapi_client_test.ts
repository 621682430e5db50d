/**
 * Plays a client that was written for the FastAPI relay, and knows nothing of this one: it reads the lines of the
 * stream by itself, understands `token`, `ping`, `error` and `done`, and skips what else there is.
 */

import assert from "node:assert/strict";
import { type DevStack, startDevStack } from "../../testkit/stack.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../testkit/provider.ts";
import { makeBot, signUp, storedMessage, type Target } from "../../testkit/target.ts";
import { startWorkers } from "../../testkit/workers.ts";

/** The paths of a relay, below its base URL. */
interface Paths {
  stream: string;
  cancel(streamId: string): string;
  health: string;
}

const FASTAPI: Paths = {
  stream: "/v1/stream",
  cancel: (streamId) => `/v1/streams/${streamId}/cancel`,
  health: "/healthz",
};
const FUNCTIONS: Paths = { stream: "/stream", cancel: (streamId) => `/cancel/${streamId}`, health: "/healthz" };

interface Seen {
  text: string;
  last: string;
  data: string;
}

/** One line of `event`, then lines of `data`, then a blank line; other lines are skipped. */
async function readLikeFastapiClient(
  response: Response,
  onToken: (text: string) => void = () => {},
): Promise<Seen> {
  assert.equal(response.status, 200);
  const seen = { text: "", last: "", data: "" };
  let event = "message";
  let data: string[] = [];
  let rest = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("event: ")) event = line.slice(7);
      else if (line.startsWith("data: ")) data.push(line.slice(6));
      else if (line === "") {
        const text = data.join("\n");
        data = [];
        if (event === "token") {
          seen.text += text;
          onToken(text);
        } else if (event === "done" || event === "error") {
          seen.last = event;
          seen.data = text;
        }
      }
    }
  }
  return seen;
}

async function play(base: string, paths: Paths, target: Target, provider: ScriptedProvider) {
  const user = await signUp(target);
  const headers = { authorization: `Bearer ${user.token}`, "content-type": "application/json" };
  const told = provider.script(async (call) => {
    await call.token("Once upon\n");
    await call.token("\n  a time 🐉");
    await call.finish();
  });
  const bot_id = await makeBot(target, user, told);
  const stream_id = `fastapi-${crypto.randomUUID()}`;
  const story = await readLikeFastapiClient(
    await fetch(base + paths.stream, {
      method: "POST",
      headers,
      body: JSON.stringify({ prompt: "A story", system: "Be brief", bot_id, stream_id }),
    }),
  );
  assert.equal(story.text, "Once upon\n\n  a time 🐉");
  assert.equal(story.last, "done");
  const message = await storedMessage(target, user, stream_id);
  assert.equal(message.content, story.text);
  assert.equal(message.is_streaming, false);
  assert.equal(message.is_complete, true);

  const endless = provider.script(async (call) => {
    await call.token("For ever");
    await call.closed;
  });
  const endless_bot = await makeBot(target, user, endless);
  const second = `fastapi-${crypto.randomUUID()}`;
  const response = await fetch(base + paths.stream, {
    method: "POST",
    headers,
    body: JSON.stringify({
      prompt: "Another",
      bot_id: endless_bot,
      conversation_id: message.conversation_id,
      stream_id: second,
    }),
  });
  const stopped = Promise.withResolvers<number>();
  const cut = await readLikeFastapiClient(response, () => {
    fetch(base + paths.cancel(second), { method: "POST", headers }).then(
      async (answer) => {
        await answer.body?.cancel();
        stopped.resolve(answer.status);
      },
      stopped.reject,
    );
  });
  assert.equal(await stopped.promise, 202);
  assert.equal(cut.text, "For ever");
  assert.equal(cut.last, "done");
  assert.equal((await storedMessage(target, user, second)).is_complete, false);

  const health = await fetch(base + paths.health);
  assert.deepEqual(await health.json(), { status: "ok" });
}

let stack: DevStack | undefined;
let provider: ScriptedProvider | undefined;

function target(): Target {
  return {
    workers: [stack!.functions_url],
    supabaseUrl: stack!.url,
    publishableKey: stack!.publishable_key,
    secretKey: stack!.secret_key,
    jwtSecret: stack!.jwt_secret,
  };
}

Deno.test.beforeAll(async () => {
  stack = await startDevStack();
  provider = startScriptedProvider();
});
Deno.test.afterAll(async () => {
  await provider?.close();
  await stack?.stop();
});

Deno.test("a client of the FastAPI relay works with the functions' base URL in place of its own", async () => {
  await play(stack!.functions_url, FUNCTIONS, target(), provider!);
});

Deno.test("a client of the FastAPI relay works unchanged with the standalone server", async () => {
  await using workers = await startWorkers(stack!, [Deno.execPath()]);
  await play(workers.urls[0], FASTAPI, target(), provider!);
});
