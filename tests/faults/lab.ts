/** What every fault scenario has at hand, and what it asserts of how a generation ended. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { eventually } from "../../testkit/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../../testkit/proxy.ts";
import { begin, type Rig, type Runtime, type Started, type Worker } from "../../testkit/rig.ts";
import { dataOf, post, textOf } from "../../testkit/reader.ts";
import { BOT_KEY, signUp, storedMessage, type TestUser } from "../../testkit/target.ts";

/** One thing that goes wrong, as a test. */
export interface Scenario {
  /** A rule, as a test's title states it. */
  title: string;
  run(lab: Lab): Promise<void>;
}

/** The workers of one runtime, and a user whom no limit stops. */
export interface Lab {
  rig: Rig;
  runtime: Runtime;
  user: TestUser;
  /** Between `main` and the stack. */
  proxy: FaultProxy;
  main: Worker;
  /** Waits 1 s for a first token and half a second for each further one. */
  hasty: Worker;
  /** Lets a generation run for two seconds. */
  brief: Worker;
  /** Calls public providers alone. */
  strict: Worker;
  /** Calls the providers of one host alone. */
  choosy: Worker;
  close(): Promise<void>;
}

/** Starts the workers of one runtime. */
export async function openLab(rig: Rig, runtime: Runtime): Promise<Lab> {
  const proxy = startFaultProxy(rig.stack.url);
  const [user, main, hasty, brief, strict, choosy] = await Promise.all([
    signUp(rig.target),
    rig.worker({ RELAY_BEAT_MS: "200" }, { runtime, supabaseUrl: proxy.url }),
    rig.worker({ RELAY_FIRST_TOKEN_TIMEOUT_MS: "1000", RELAY_IDLE_TIMEOUT_MS: "500" }, { runtime }),
    rig.worker({ RELAY_TIMEOUT_MS: "2000" }, { runtime }),
    rig.worker({ RELAY_ALLOW_PRIVATE_PROVIDERS: "false" }, { runtime }),
    rig.worker({ RELAY_PROVIDER_HOSTS: "127.0.0.1" }, { runtime }),
  ]);
  return { ...{ rig, runtime, user, proxy, main, hasty, brief, strict, choosy }, close: () => proxy.close() };
}

/** A word that every prompt and every answer of these scenarios holds, so that log lines can be searched for it. */
const MARK = "heron";
export const PROMPT = `Tell me of the ${MARK}`;
/** What providers say here before they fail. */
export const PARTIAL = `  The ${MARK}\n\nwaits `;

/** Asks for a story whose prompt must not be seen in a log. */
export function beginStory({ rig, user }: Lab, worker: Worker, accessPath: string): Promise<Started> {
  return begin(rig, worker, user, accessPath, { prompt: PROMPT });
}

/** How a generation is to end. */
export type Expected =
  & {
    /** The text that is streamed and stored; absent: whatever was streamed. */
    text?: string;
  }
  & ({
    error: { code: string; message: string; retryable: boolean };
    /** Of the stored row; "error" where it is not said. */
    finishReason?: string;
    status?: string;
  } | {
    done: { finish_reason: string; is_complete: boolean; usage: unknown };
    status?: string;
  });

/** What providers report of a whole answer here. */
export const USAGE = { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 };

/** Reads the stream to its end, and looks at all that is left of the generation; `accessPath` is null where nobody was called. */
export async function expectEnd(
  lab: Lab,
  worker: Worker,
  accessPath: string | null,
  started: Started,
  expected: Expected,
): Promise<void> {
  const { rig, user } = lab;
  const { streamId, events } = started;
  await started.rest();
  const ends = events.filter(({ event }) => event === "done" || event === "error");
  equal(ends.length, 1, `There are ${ends.length} terminal events`);
  const last = events.at(-1)!;
  equal(ends[0], last);
  equal(events[0].event, "start");
  const start = JSON.parse(events[0].data);

  const text = textOf(events);
  if (expected.text !== undefined) equal(text, expected.text);
  const stored = await storedMessage(rig.target, user, streamId);
  const data = JSON.parse(last.data);
  const identity = { stream_id: streamId, message_id: stored?.id ?? null };
  let row;
  if ("error" in expected) {
    equal([last.event, data], ["error", { ...expected.error, ...identity }]);
    const finish_reason = expected.finishReason ?? "error";
    row = { finish_reason, is_complete: false, usage: null };
  } else {
    equal([last.event, data], ["done", { ...expected.done, ...identity }]);
    row = expected.done;
  }
  if (text === "") {
    equal(stored, undefined);
  } else {
    const { content, finish_reason, is_complete, usage, parent_id } = stored;
    equal({ content, finish_reason, is_complete, usage, parent_id }, {
      content: text,
      ...row,
      parent_id: start.user_message_id,
    });
  }

  const status = expected.status ??
    ("error" in expected ? "failed" : "completed");
  await expectOver(lab, accessPath, started, worker, status);
  expectQuiet(lab, worker, started);
}

/** The provider's connection is over, the generation has ended, and its worker has said so once. */
async function expectOver(
  { rig, user }: Lab,
  accessPath: string | null,
  { streamId }: Started,
  worker: Worker,
  status: string,
): Promise<void> {
  if (accessPath !== null) {
    await eventually("the provider has no open answer", () => rig.provider.open(accessPath) === 0);
  }
  const finished = await eventually(
    "the log says that the generation finished",
    () => {
      const found = logOf(worker).filter((line) => line.event === "generation_finished" && line.stream_id === streamId);
      return found.length > 0 && found;
    },
  );
  equal(finished.map(({ outcome }) => outcome), [status]);
  // A cancel of what has ended tells how it did; asked of a worker that lives, for this one may not.
  const answer = await post(`${rig.stack.functions_url}/cancel/${streamId}`, user.token, {});
  equal([answer.status, await answer.json()], [200, { stream_id: streamId, status }]);
}

/** Neither the answer nor the log holds a key or a token, and the log holds nothing of the story. */
export function expectQuiet({ rig, user }: Lab, worker: Worker, started?: Started): void {
  const secrets = [BOT_KEY, rig.stack.secret_key, rig.stack.jwt_secret, user.token];
  const log = worker.log();
  for (const secret of [...secrets, MARK]) {
    ok(!log.includes(secret), "The log holds what it must not");
  }
  if (!started) return;
  const headers = [...started.stream.response.headers];
  const answer = JSON.stringify([headers, started.events]);
  for (const secret of secrets) {
    ok(!answer.includes(secret), "The answer holds a secret");
  }
}

/** The log lines of a worker, parsed; what is no JSON is for people. */
export function logOf(worker: Worker): Record<string, unknown>[] {
  return worker.log().split("\n").filter((line) => /^\{.*\}$/.test(line)).map((line) => JSON.parse(line));
}

/** The worker still does its work. */
export async function expectAlive(lab: Lab, worker: Worker): Promise<void> {
  const url = lab.rig.provider.script((call) => call.finish());
  const events = await (await beginStory(lab, worker, url)).rest();
  equal(dataOf(events, "done").finish_reason, "stop");
}

/** An error's answer before the stream: status, code and what every page of a browser needs to read it. */
export async function expectRefusal(response: Response, status: number, code: string): Promise<void> {
  const body = await response.json();
  equal([response.status, body.error?.code], [status, code]);
  equal(response.headers.get("access-control-allow-origin"), "*");
  const exposed = response.headers.get("access-control-expose-headers") ?? "";
  ok(exposed.includes("retry-after"), "Retry-After is not exposed");
}
