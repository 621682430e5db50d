import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { type Answer, makeLab, makeStream, refusal, say } from "./testing/fake_relay.ts";

const ASK = { prompt: "Tell me", stream_id: "s1" };
const whole = () => makeStream(say.start + say.done()).answer;
const expired = refusal(401, "unauthenticated");

Deno.test("a refused token is asked for once more, and the request sent again", async () => {
  const { client, requests, tokens } = makeLab([expired, whole()]);
  tokens.unshift("old", "new");
  equal((await client.start(ASK).done).outcome, "completed");
  equal(requests.map(({ headers }) => headers.get("authorization")), ["Bearer old", "Bearer new"]);
});

Deno.test("a second refusal is the end, and so is the same token again", async () => {
  const twice = makeLab([expired, expired]);
  twice.tokens.unshift("old", "new");
  const { outcome, error } = await twice.client.start(ASK).done;
  equal([outcome, error!.code, error!.status], ["failed", "unauthenticated", 401]);
  const same = makeLab([expired]);
  equal((await same.client.start(ASK).done).error!.code, "unauthenticated");
  equal([twice.requests.length, same.requests.length], [2, 1]);
});

Deno.test("a token that expires amid the stream is renewed when the connection is made again", async () => {
  const first = makeStream(say.start + say.token("ab", 2));
  first.end();
  const second = makeStream(say.token("cd", 4) + say.done());
  const { client, clock, tokens, requests } = makeLab([first.answer, expired, second.answer]);
  tokens.unshift("one", "two", "three");
  const generation = client.start(ASK);
  await clock.run(500);
  equal((await generation.done).text, "abcd");
  equal(requests.at(-1)!.headers.get("authorization"), "Bearer three");
});

Deno.test("a refusal has the relay's code, message and issues", async () => {
  const issues = [{ path: "prompt", message: "Must not be empty" }];
  const { client, requests } = makeLab([
    () => Response.json({ error: { code: "invalid_request", message: "Cannot accept", issues } }, { status: 400 }),
  ]);
  const { error } = await client.start(ASK).done;
  equal([error!.code, error!.message, error!.status, error!.issues], ["invalid_request", "Cannot accept", 400, issues]);
  equal([error!.retryable, requests.length], [false, 1]);
});

Deno.test("an error page is read up to a limit, however much there is of it", async () => {
  let pages = 0;
  const endless: Answer = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          pages++;
          controller.enqueue(new Uint8Array(16 * 1024).fill(65));
        },
      }),
      { status: 404, headers: { "content-type": "text/html" } },
    );
  const { client, clock } = makeLab([endless]);
  const { error } = await client.start(ASK).done;
  equal([error!.code, error!.status], ["unexpected_response", 404]);
  ok(pages <= 6, `${pages} pages were read`);
  equal(clock.pending, 0);
});

Deno.test("an error page that stops amid its text is given up with the request", async () => {
  const stuck: Answer = () => new Response(new ReadableStream({}), { status: 404 });
  const { client, clock } = makeLab([stuck], { retry: { attempts: 0 } });
  const generation = client.start(ASK);
  await clock.run(15_000);
  equal((await generation.done).error!.code, "unreachable");
});

Deno.test("an event past the limit is a typed end", async () => {
  const stream = makeStream("event: token\nid: 1\n");
  const { client, clock } = makeLab([stream.answer], { retry: { attempts: 0 } });
  const generation = client.start(ASK);
  const line = `data: ${"x".repeat(1024 * 1024)}\n`;
  for (let lines = 0; lines < 17; lines++) stream.send(line);
  const { error } = await generation.done;
  equal(error!.code, "unexpected_response");
  await clock.run(0);
  ok(stream.cancelled);
});

Deno.test("events that are not known are skipped, data that is no JSON is refused", async () => {
  const odd = makeStream("event: news\ndata: x\n\ndata: y\n\n" + say.done());
  equal((await makeLab([odd.answer]).client.start(ASK).done).outcome, "completed");
  const broken = makeStream("event: done\ndata: {\n\n");
  const { client } = makeLab([broken.answer], { retry: { attempts: 0 } });
  equal((await client.start(ASK).done).error!.code, "unexpected_response");
});

Deno.test("an answer whose headers were cut off is tried again", async () => {
  for (const type of [null, "text/ev"]) {
    const cut: Answer = () =>
      new Response(new Uint8Array(), { headers: type === null ? {} : { "content-type": type } });
    const { client, clock } = makeLab([cut, whole()]);
    const generation = client.start(ASK);
    await clock.run(500);
    equal((await generation.done).outcome, "completed");
  }
});
