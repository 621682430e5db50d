import assert from "node:assert/strict";
import { createManualClock } from "../testing/platform.ts";
import { createLookUp } from "./models.ts";
import type { ProviderCall } from "./provider.ts";

const KEY = "sk-secret";

/** What a look-up gives where these addresses answer so, and what it asked for. */
async function ask(
  call: Partial<ProviderCall>,
  answers: Record<string, unknown>,
  signal: AbortSignal = new AbortController().signal,
) {
  const asked: string[] = [];
  const lookUp = createLookUp(createManualClock(), (input, init) => {
    const url = String(input);
    const headers = new Headers(init?.headers);
    assert.equal(init?.method, "GET");
    assert.ok([...headers.values()].some((value) => value.endsWith(KEY)));
    asked.push(url);
    if (!Object.hasOwn(answers, url)) return Promise.resolve(new Response("{}", { status: 404 }));
    const answer = answers[url];
    return Promise.resolve(answer instanceof Response ? answer : Response.json(answer));
  });
  const full: ProviderCall = {
    ...{ baseUrl: new URL("https://p.test/v1"), accessKey: KEY, model: "m", temperature: null, params: {} },
    ...{ messages: [], ...call },
  };
  return { found: await lookUp(full, signal), asked };
}

Deno.test("a model is looked up by its name first, at the address and with the headers of its API", async () => {
  const cases: [Partial<ProviderCall>, string, unknown, number | null][] = [
    [{}, "https://p.test/v1/models/m", { id: "m" }, null],
    [{ model: "a/b c" }, "https://p.test/v1/models/a/b%20c", { id: "a/b c", context_window: 131072 }, 131072],
    [{ baseUrl: new URL("https://p.test/x/chat/completions?v=1") }, "https://p.test/x/models/m?v=1", { id: "m" }, null],
    [
      { api: "anthropic_messages", baseUrl: new URL("https://p.test") },
      "https://p.test/v1/models/m",
      { id: "m", max_input_tokens: 200000 },
      200000,
    ],
    [{ api: "openai_responses" }, "https://p.test/v1/models/m", { id: "m", context_length: 12 }, null],
    [
      { api: "gemini", baseUrl: new URL("https://p.test/v1beta") },
      "https://p.test/v1beta/models/m",
      { name: "models/m", inputTokenLimit: 1048576 },
      1048576,
    ],
  ];
  for (const [call, url, answer, contextTokens] of cases) {
    const { found, asked } = await ask(call, { [url]: answer });
    assert.deepEqual([found, asked], [{ isListed: true, contextTokens }, [url]]);
  }
});

Deno.test("else it is looked for in the list; what cannot be read says nothing", async () => {
  const list = "https://p.test/v1/models";
  const unknown = { isListed: null, contextTokens: null };
  const cases: [unknown, unknown][] = [
    [{ data: [{ id: "m", max_model_len: 4096 }] }, { isListed: true, contextTokens: 4096 }],
    [{ models: [{ model: "m" }] }, { isListed: true, contextTokens: null }],
    [[{ id: "m", context_length: 1.5 }], { isListed: true, contextTokens: null }],
    [{ data: [{ id: "M" }, null, "m"] }, { isListed: false, contextTokens: null }],
    [{ data: {} }, unknown],
    [null, unknown],
    [new Response("no JSON"), unknown],
    [new Response("[", { status: 500 }), unknown],
    [new Response(null, { status: 302, headers: { location: "https://elsewhere.test" } }), unknown],
  ];
  for (const [answer, wanted] of cases) {
    const { found, asked } = await ask({}, { [list]: answer });
    assert.deepEqual([found, asked], [wanted, [`${list}/m`, list]]);
  }
  // What is too long is let go, and once it was aborted nothing else is asked for.
  let cancelled = 0;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20)),
    cancel: () => void cancelled++,
  });
  assert.deepEqual([(await ask({}, { [list]: new Response(endless) })).found, cancelled], [unknown, 1]);
  assert.deepEqual((await ask({}, {}, AbortSignal.abort(new Error("too late")))).asked, [`${list}/m`]);
});
