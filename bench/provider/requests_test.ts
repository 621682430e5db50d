import { deepStrictEqual as equal } from "node:assert/strict";
import { type Asked, createRequestReader } from "./requests.ts";

const encoder = new TextEncoder();
const COUNTED = "POST /a HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED = "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
const EMPTY = "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
const BARE = "GET /d HTTP/1.1\r\n\r\n";

function read(...pieces: string[]): Asked[] {
  const asked: Asked[] = [];
  const push = createRequestReader((one) => asked.push(one));
  for (const piece of pieces) push(encoder.encode(piece));
  return asked;
}

Deno.test("requests are found one behind the other, with and without bodies", () => {
  equal(read(COUNTED + CHUNKED + EMPTY + BARE), [
    { method: "POST", path: "/a" },
    { method: "POST", path: "/b" },
    { method: "POST", path: "/c" },
    { method: "GET", path: "/d" },
  ]);
});

Deno.test("a request is given once, as soon as it is whole, wherever it is cut", () => {
  for (const request of [COUNTED, CHUNKED, EMPTY, BARE]) {
    const whole = read(request);
    equal(whole.length, 1);
    for (let cut = 1; cut < request.length; cut++) {
      equal(read(request.slice(0, cut)), [], `${cut} of ${request}`);
      equal(read(request.slice(0, cut), request.slice(cut)), whole);
    }
  }
});
