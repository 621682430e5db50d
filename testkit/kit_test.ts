import { deepStrictEqual as equal, rejects } from "node:assert/strict";
import { answers, hangs, hangsUp, refuses, stalls, startProvider, USAGE } from "./provider.ts";
import { ordered } from "./ordered.ts";
import { startProxy } from "./proxy.ts";
import { dataOf, post, readEvents, textOf } from "./reader.ts";

const ask = (baseUrl: string, prompt = "Begin", signal?: AbortSignal) =>
  fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ messages: [{ role: "user", content: prompt }] }),
    signal,
  });

Deno.test("the provider plays scripts, counts what is open, and sees a client disconnect", async () => {
  await using provider = startProvider();
  const url = provider.script(answers("Once ", "upon"));
  const answer = await (await ask(url)).text();
  equal(answer.match(/"content":"[^"]*"/g), ['"content":"Once "', '"content":"upon"']);
  equal(answer.includes(JSON.stringify(USAGE)) && answer.endsWith("data: [DONE]\n\n"), true);

  const open = provider.script(stalls("Once"));
  const abort = new AbortController();
  const asked = ask(open, "Begin", abort.signal);
  const call = await provider.called(open);
  await (await asked).body!.getReader().read();
  equal([provider.open(open), provider.open(url), provider.open()], [1, 0, 1]);
  abort.abort();
  await call.closed;
  equal([provider.open(open), provider.calls(url).length], [0, 1]);

  const refusal = await ask(provider.script(refuses(429, { no: true })));
  equal([refusal.status, await refusal.json()], [429, { no: true }]);
  const [one, two] = [await ask(provider.script(ordered)), await ask(provider.script(ordered), '{"chunks":20}')];
  equal(await one.text(), await two.text());
});

Deno.test("the provider plays below HTTP: it hangs before the headers, and hangs up", async () => {
  await using provider = startProvider();
  const abort = new AbortController();
  const silent = provider.socket(hangs);
  const asked = ask(silent, "Begin", abort.signal);
  await provider.called(silent);
  equal(provider.open(silent), 1);
  abort.abort();
  await rejects(asked);
  await rejects(ask(provider.socket(hangsUp)));
});

Deno.test("the proxy passes streams on, loses and replaces calls, goes away, and cuts", async () => {
  const executed: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    executed.push(new URL(request.url).pathname);
    await request.body?.cancel();
    const body = `event: token\nid: 4\ndata: Once\n\nevent: done\ndata: {"is_complete":true}\n\n`;
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  await using proxy = startProxy(`http://127.0.0.1:${server.addr.port}/base`);
  const call = (name: string) => post(`${new URL(proxy.url).origin}/rest/v1/rpc/${name}`, null, { a: 1 });

  const reader = readEvents(await post(`${proxy.url}/stream`, null, {}));
  equal([textOf(await reader.until("token")), await reader.rest()], ["Once", reader.events.slice(1)]);
  equal(dataOf(reader.events, "done"), { is_complete: true });
  proxy.intercept((name, args) => name === "lost" ? "lose" : Response.json(args));
  await rejects(call("lost"));
  equal(await (await call("other")).json(), { a: 1 });
  // On a connection that it had used before, fetch tries once more.
  equal(new Set(executed), new Set(["/base/stream", "/rest/v1/rpc/lost"]));
  proxy.intercept();
  proxy.away();
  await rejects(call("x"));
  proxy.back();
  await (await call("x")).text();
  proxy.cutAfter(() => 10);
  proxy.away();
  proxy.back();
  await rejects(call("x"));
  equal(proxy.cuts, 1);
});

Deno.test("the proxy closes although its target does not answer", async () => {
  using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const proxy = startProxy(`http://127.0.0.1:${target.addr.port}`);
  const asked = rejects(fetch(proxy.url));
  using _ = await target.accept();
  await proxy.close();
  await asked;
});
