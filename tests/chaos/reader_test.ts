import assert from "node:assert/strict";
import { Violation } from "./experiment.ts";
import { createReader } from "./reader.ts";

const START = "id: 0\nevent: start\ndata: {}\n\n";
const DONE = 'event: done\ndata: {"stream_id":"s"}\n\n';
const token = (id: number, text: string) => `id: ${id}\nevent: token\ndata: ${text}\n\n`;

/** A worker that gives these answers, one after the other, and knows what it was asked. */
function startWorker(answers: string[]) {
  const asked: (string | null)[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, (request) => {
    asked.push(request.headers.get("last-event-id"));
    return new Response(answers.shift());
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** What is wrong with an answer. */
async function violationOf(answer: string): Promise<string> {
  await using worker = startWorker([answer]);
  const reader = createReader("s", "token");
  await reader.resume(worker.url);
  try {
    await reader.follow();
    return "nothing";
  } catch (error) {
    assert.ok(error instanceof Violation);
    return error.message;
  }
}

Deno.test("a reader comes back with what it has, and has the whole text in the end", async () => {
  await using worker = startWorker([START + token(2, "ab"), token(5, "cde") + DONE]);
  const reader = createReader("s", "token");
  await reader.resume(worker.url);
  assert.equal(await reader.follow(), "broken");
  await reader.resume(worker.url);
  assert.equal(await reader.follow(), "ended");
  assert.equal(reader.text, "abcde");
  assert.equal(reader.end?.event, "done");
  assert.deepEqual(worker.asked, [null, "2"]);
});

Deno.test("a reader that takes text back asks from there", async () => {
  await using worker = startWorker([START + token(4, "abcd"), token(4, "bcd") + DONE]);
  const reader = createReader("s", "token");
  await reader.resume(worker.url);
  await reader.follow();
  reader.rewind(1);
  await reader.resume(worker.url);
  assert.equal(await reader.follow(), "ended");
  assert.equal(reader.text, "abcd");
  assert.deepEqual(worker.asked, [null, "1"]);
});

Deno.test("text that is lost, doubled or another is a violation", async () => {
  const begun = START + token(2, "ab");
  assert.match(await violationOf(begun + token(6, "de")), /lost text/);
  assert.match(await violationOf(begun + token(3, "bc")), /doubled text/);
  assert.match(await violationOf(token(2, "ab")), /came before "start"/);
  assert.match(await violationOf(begun + START), /does not belong/);
  await using worker = startWorker([begun, token(2, "x")]);
  const reader = createReader("s", "token");
  await reader.resume(worker.url);
  await reader.follow();
  reader.rewind(1);
  await reader.resume(worker.url);
  await assert.rejects(reader.follow(), /tells another text at 1/);
});

Deno.test("anything behind the last event is a violation, a second last event too", async () => {
  assert.match(await violationOf(START + DONE + token(1, "a")), /came behind the last one/);
  assert.match(await violationOf(START + DONE + DONE), /came behind the last one/);
  assert.match(await violationOf(START + DONE.replace('"s"', '"t"')), /is of another stream/);
});
