import assert from "node:assert/strict";
import { VERSION } from "../_relay/platform/version.ts";
import { MAX_READ_STREAMS } from "../_relay/protocol/limits.ts";
import { makeView } from "../_relay/testing/generation.ts";
import { makeDependencies, makeWorker } from "../_relay/testing/worker.ts";
import { createStreamHandler } from "../stream/handler.ts";
import { createStreamsHandler } from "./handler.ts";

/** A handler whose database has no stream yet. */
function make() {
  const worker = makeWorker();
  const dependencies = makeDependencies(worker);
  const handler = createStreamsHandler(dependencies);
  const send = (method: string, path: string, body?: unknown) => {
    const init = { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) };
    return handler(new Request(`http://edge.internal${path}`, init as RequestInit));
  };
  return { ...worker, dependencies, send };
}

Deno.test("a stream starts below v1, from a body as the FastAPI relay's client sends it", async () => {
  for (const path of ["/streams/v1/stream", "/functions/v1/streams/v1/stream", "/streams//v1/stream/"]) {
    const { database, keepAlive, send } = make();
    const response = await send("POST", path, { prompt: "Hi", bot_id: null, stream_id: "", style: 1 });
    assert.equal(response.status, 200);
    const [name, userId, , , request] = database.calls[0];
    assert.deepEqual([name, userId, request], ["begin", "user-1", { prompt: "Hi", on_disconnect: "stop" }]);
    await response.body!.cancel();
    await keepAlive.settled();
  }
});

Deno.test("a stream is cancelled, with and without v1/streams before its id", async () => {
  for (
    const path of [
      ...["/streams/a%3Ab/cancel", "/streams/v1/streams/a%3Ab/cancel", "/functions/v1/streams/a:b/cancel"],
      "/streams//v1/streams/a:b/cancel/",
    ]
  ) {
    const { database, send } = make();
    const response = await send("POST", path);
    assert.deepEqual([response.status, await response.json()], [202, { stream_id: "a:b", status: "cancelling" }]);
    assert.deepEqual(database.calls, [["cancel", "user-1", "a:b"]]);
  }
});

Deno.test("its health is asked for below it, and all else is not found or no method", async () => {
  const { database, send } = make();
  for (const path of ["/streams/healthz", "/streams//healthz/"]) {
    assert.deepEqual(await (await send("GET", path)).json(), { status: "ok", version: VERSION });
  }
  const cases = [["GET", "/streams", 404], ["POST", "/streams/a", 404], ["POST", "/streams/v1/streams", 404]] as const;
  for (const [method, path, status] of [...cases, ["GET", "/streams/a/cancel", 405] as const]) {
    const response = await send(method, path);
    assert.equal(response.status, status, path);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    await response.body!.cancel();
  }
  assert.deepEqual(database.calls, []);
});

Deno.test("a request's signal is not touched: Deno 2.9 prints a line that is no JSON where it is", async () => {
  const { dependencies } = make();
  const request = new Request("http://edge.internal/streams/healthz");
  Object.defineProperty(request, "signal", { get: () => assert.fail("The signal was read") });
  assert.deepEqual(await (await createStreamsHandler(dependencies)(request)).json(), {
    status: "ok",
    version: VERSION,
  });
});

Deno.test("a user's readers are counted over these paths and those of stream, where one worker serves both", async () => {
  const { clock, database, dependencies, send, shutdown } = make();
  database.views.set("elsewhere", makeView("Once"));
  const stream = createStreamHandler(dependencies);
  const bodies = [];
  for (let reader = 0; reader < MAX_READ_STREAMS; reader++) {
    const response = await (reader % 2 === 0
      ? stream(new Request("http://edge.internal/stream/elsewhere"))
      : send("GET", "/streams/v1/stream/elsewhere"));
    assert.equal(response.status, 200);
    bodies.push(response.body!);
  }
  const refused = await send("GET", "/streams/v1/stream/elsewhere");
  assert.equal((await refused.json()).error.code, "too_many_streams");
  shutdown.begin("the test ends");
  for (const body of bodies) await body.cancel();
  await clock.run(0);
  assert.equal(clock.pending, 0);
});
