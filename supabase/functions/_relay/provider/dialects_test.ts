/** Bytes in, what a user gets out: each answer whole, cut once at every byte, and one byte a read. */

import assert from "node:assert/strict";
import { RelayError } from "../protocol/errors.ts";
import { createManualClock } from "../testing/platform.ts";
import { splitEverywhere } from "../testing/split.ts";
import type { Delta } from "./provider.ts";
import { secretsOf } from "./redact.ts";
import { thinksFirst } from "./thinking.ts";
import { APIS, createProvider } from "./client.ts";
import { ANTHROPIC_FAILURES, ANTHROPIC_STREAMS } from "../testing/dialects_anthropic.ts";
import { COUNTS, type Dialect, KEY } from "../testing/dialects.ts";
import { FAILURES } from "../testing/dialects_errors.ts";
import { STREAMS } from "../testing/dialects_frames.ts";
import { GEMINI_FAILURES, GEMINI_STREAMS } from "../testing/dialects_gemini.ts";
import { RESPONSES_FAILURES, RESPONSES_STREAMS } from "../testing/dialects_responses.ts";
import { createAnswerReader } from "./reader.ts";

interface Seen {
  shown: string;
  end: string;
  usage: string;
}

const DIALECTS = [
  ...[...STREAMS, ...FAILURES],
  ...[...ANTHROPIC_STREAMS, ...ANTHROPIC_FAILURES],
  ...[...RESPONSES_STREAMS, ...RESPONSES_FAILURES],
  ...[...GEMINI_STREAMS, ...GEMINI_FAILURES],
];

/** Made once: they depend on nothing that a read changes. */
const SECRETS = secretsOf(KEY, {});

/** Neighbours of a kind as one, with reasoning in angle brackets. */
function shownOf(deltas: Delta[]): string {
  return deltas.map(({ kind, text }) => kind === "text" ? text : `<${text}>`).join("").replaceAll("><", "");
}

function failureOf(error: unknown): string {
  assert.ok(error instanceof RelayError, String(error));
  return `${error.code}: ${error.message}`;
}

/** As the client reads a body. */
function read(
  { api = "chat_completions", type = "text/event-stream", model = "m" }: Dialect,
  reads: Uint8Array[],
): Seen {
  const deltas: Delta[] = [];
  const seen: Seen = { shown: "", end: "", usage: "null" };
  try {
    const options = {
      secrets: SECRETS,
      thinksFirst: thinksFirst(model),
      contentType: type,
      onSkippedLine: assert.fail,
    };
    const answer = createAnswerReader(APIS[api], options, (more) => deltas.push(...more));
    for (const bytes of reads) {
      if (answer.isDone()) break;
      answer.push(bytes);
    }
    answer.finish();
    const { finishReason, usage } = answer.end();
    Object.assign(seen, { end: finishReason, usage: JSON.stringify(usage) });
  } catch (error) {
    seen.end = failureOf(error);
  }
  return { ...seen, shown: shownOf(deltas) };
}

/** Through the whole client, in one read. */
async function ask({ api, body, status = 200, type = "text/event-stream", model = "m" }: Dialect, reads: Uint8Array[]) {
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = reads.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  }, { highWaterMark: 0 });
  const answer = () =>
    Promise.resolve(new Response(body === "" ? null : stream, { status, headers: { "content-type": type } }));
  const provider = createProvider(createManualClock(), { fetch: answer });
  const call = { api, accessKey: KEY, model, temperature: null, params: {}, messages: [] };
  const baseUrl = new URL("https://provider.test/v1");
  const deltas: Delta[] = [];
  const seen = await provider.stream({ ...call, baseUrl }, new AbortController().signal, (more) => deltas.push(...more))
    .then(({ finishReason, usage }) => ({ end: finishReason, usage: JSON.stringify(usage) }))
    .catch((error) => ({ end: failureOf(error), usage: "null" }));
  return { ...seen, shown: shownOf(deltas) };
}

function assertSeen({ name, shown, end, usage }: Dialect, seen: Seen, how: string) {
  const where = `${name} (${how})`;
  assert.equal(seen.shown, shown, where);
  const [code, words] = end.split(/: (.*)/s);
  if (words === undefined && code === seen.end.split(":", 1)[0]) return assert.ok(!seen.end.includes("sk-p"), where);
  if (words === undefined) assert.equal(seen.end, end, where);
  else assert.ok(seen.end.startsWith(`${code}: `) && seen.end.includes(words), `${where}: ${seen.end}, wanted ${end}`);
  assert.equal(seen.usage, JSON.stringify(usage === true ? COUNTS : usage ?? null), where);
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("each dialect has a name of its own, and there are enough of them", () => {
  const names = DIALECTS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.length >= 120, String(names.length));
});

for (const dialect of DIALECTS) {
  Deno.test(`a provider's answer is read as it is meant: ${dialect.name}`, async () => {
    const whole = bytes(dialect.body);
    if (dialect.body !== "") assertSeen(dialect, await ask(dialect, [whole]), "whole, by the client");
    if ((dialect.status ?? 200) === 200) {
      for (const [cut, reads] of [...splitEverywhere(whole)].entries()) {
        assertSeen(dialect, read(dialect, reads), ["whole", "one byte a read"][cut] ?? `cut at ${cut - 1}`);
      }
    } else {
      // It is read as a whole before it is looked at.
      assertSeen(dialect, await ask(dialect, [...whole].map((byte) => Uint8Array.of(byte))), "one byte a read");
    }
  });
}
