import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { createResponseReader } from "./response.ts";

const encoder = new TextEncoder();
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
const CHUNKED = HEAD +
  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nD\r\n, reader of 1\r\n0\r\n\r\n";

function read(...pieces: string[]) {
  let body = "";
  const reader = createResponseReader((bytes) => body += new TextDecoder().decode(bytes));
  for (const piece of pieces) reader.push(encoder.encode(piece));
  return { status: reader.status, complete: reader.complete, body };
}

Deno.test("chunks are put together, wherever they are cut", () => {
  const whole = { status: 200, complete: true, body: "hello, reader of 1" };
  equal(read(CHUNKED), whole);
  for (let cut = 1; cut < CHUNKED.length - 2; cut++) {
    equal(read(CHUNKED.slice(0, cut), CHUNKED.slice(cut)), whole, String(cut));
  }
  equal(read(...CHUNKED), whole);
});

Deno.test("a chunked body that breaks off is not complete", () => {
  equal(read(CHUNKED.slice(0, -6)).complete, false);
});

Deno.test("a body with a length ends there", () => {
  const text = `${HEAD}Content-Length: 5\r\n\r\nhello`;
  equal(read(text), { status: 200, complete: true, body: "hello" });
  equal(read(text.slice(0, -1)).complete, false);
});

Deno.test("a body without a length lasts as long as the connection", () => {
  equal(read(`${HEAD}\r\nhello`), { status: 200, complete: false, body: "hello" });
});

Deno.test("a refusal has its status", () => {
  equal(read("HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n"), { status: 429, complete: true, body: "" });
});

Deno.test("what is no response is told", () => {
  throws(() => read("SSH-2.0-x\r\n\r\n"), /it is not HTTP\/1\.1/);
  throws(() => read("x".repeat(20_000)), /its head has no end/);
  const bad = HEAD + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n";
  throws(() => read(bad), /a chunk has no size/);
});
