import assert from "node:assert/strict";
import { RelayError } from "../_relay/protocol/errors.ts";
import { lastEventId } from "./last_event_id.ts";

/** What a request with this header and query says. */
function read(header: string | null, query = ""): number | null {
  return lastEventId(
    new Request(`http://edge.internal/stream/a${query}`, {
      headers: header === null ? {} : { "last-event-id": header },
    }),
  );
}

Deno.test("the header says it, or the query, or nobody", () => {
  assert.equal(read("17"), 17);
  assert.equal(read(null, "?last_event_id=17"), 17);
  assert.equal(read(null), null);
  assert.equal(read(null, "?other=17"), null);
});

Deno.test("the header wins over the query", () => {
  assert.equal(read("17", "?last_event_id=4"), 17);
  assert.equal(read("17", "?last_event_id=garbage"), 17);
  assert.equal(read("0", "?last_event_id=4"), 0);
});

Deno.test("what is empty says nothing, as a client says it that has seen no id", () => {
  assert.equal(read(""), null);
  assert.equal(read(" "), null);
  assert.equal(read(null, "?last_event_id="), null);
});

Deno.test("an offset has one to nine digits", () => {
  assert.equal(read("0"), 0);
  assert.equal(read("007"), 7);
  assert.equal(read("999999999"), 999_999_999);
});

Deno.test("what is no offset is refused, by name", () => {
  const garbage = ["-1", "+1", "1.5", "1e3", "0x1", "a", "1 2", "1,2", "٣"];
  for (const text of [...garbage, "1234567890", "9".repeat(400)]) {
    const query = `?last_event_id=${encodeURIComponent(text)}`;
    const requests = [() => read(null, query)];
    if (text !== "٣") requests.push(() => read(text));
    for (const request of requests) {
      assert.throws(request, (error) => {
        assert.ok(error instanceof RelayError);
        assert.equal(error.code, "invalid_request");
        assert.match(error.message, /^[A-Z].*[^.]$/s);
        assert.deepEqual(error.issues, [{
          path: "last_event_id",
          message: "Must be the id of an event, a number of at most 9 digits",
        }]);
        assert.doesNotMatch(error.message, /1234567890/);
        return true;
      }, text);
    }
  }
});
