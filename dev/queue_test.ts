import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { createQueue } from "./queue.ts";

Deno.test("a queue starts nothing before the work ahead of it has ended", async () => {
  const queue = createQueue();
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue(async () => {
    events.push("first begins");
    await gate.promise;
    events.push("first ends");
  });
  const second = queue(() => {
    events.push("second begins");
    return Promise.resolve("answer");
  });
  await Promise.resolve();
  equal(events, ["first begins"]);
  gate.resolve();
  await first;
  equal(await second, "answer");
  equal(events, ["first begins", "first ends", "second begins"]);
});

Deno.test("a queue tells a failure to whom it belongs and goes on", async () => {
  const queue = createQueue();
  const failing = queue(() => Promise.reject(new Error("broken")));
  const next = queue(() => Promise.resolve(1));
  await rejects(failing, { message: "broken" });
  equal(await next, 1);
});
