/** What every test of a limit has at hand. */

import { deepStrictEqual as equal } from "node:assert/strict";
import { type FaultProxy, startFaultProxy } from "../../testkit/proxy.ts";
import { begin, type Rig, type Started, type Worker } from "../../testkit/rig.ts";
import type { Script } from "../../testkit/provider.ts";
import { post } from "../../testkit/reader.ts";
import { makeBot, signUp, type TestUser } from "../../testkit/target.ts";

/** A limit that is reached: just below it nothing happens, above it what docs/limits.md says. */
export interface Limit {
  /** The constants of limits.ts and the variables that it is about. */
  reaches: string[];
  title: string;
  run(bench: Bench): Promise<void>;
}

/** Workers with limits that a test can reach, in front of one stack. */
export interface Bench {
  rig: Rig;
  /** A user whom no limit stops on `main` and `quick`. */
  user: TestUser;
  /** Between `main` or `leased` and the stack. */
  proxy: FaultProxy;
  /** The default limits, but for a user's. */
  main: Worker;
  /** 100 ms to a ping, 1 s to a first token, 1 s between two, 3 s in all. */
  quick: Worker;
  /** Two generations a minute, one at once. */
  tight: Worker;
  /** One generation at once, a beat of 50 ms and a lease of 1.5 s. */
  leased: Worker;
}

/** Starts the workers. */
export async function openBench(rig: Rig): Promise<Bench> {
  const proxy = startFaultProxy(rig.stack.url);
  const through = { supabaseUrl: proxy.url };
  const [user, main, quick, tight, leased] = await Promise.all([
    signUp(rig.target),
    rig.worker({}, through),
    rig.worker({
      RELAY_PING_MS: "100",
      RELAY_FIRST_TOKEN_TIMEOUT_MS: "1000",
      RELAY_IDLE_TIMEOUT_MS: "1000",
      RELAY_TIMEOUT_MS: "3000",
    }),
    rig.worker({ RELAY_RATE_LIMIT_PER_MINUTE: "2", RELAY_MAX_CONCURRENT: "1" }),
    rig.worker({ RELAY_MAX_CONCURRENT: "1", RELAY_BEAT_MS: "50", RELAY_LEASE_MS: "1500" }, through),
  ]);
  return { rig, user, proxy, main, quick, tight, leased };
}

/** Starts a generation whose provider plays the script. */
export function tell(
  { rig, user, main }: Bench,
  script: Script,
  options: {
    worker?: Worker;
    user?: TestUser;
    body?: Record<string, unknown>;
  } = {},
): Promise<Started> {
  const url = rig.provider.script(script);
  const { worker = main, body } = options;
  return begin(rig, worker, options.user ?? user, url, body);
}

/** Posts a request that need not be admitted, for a bot that answers at once. */
export async function ask(
  { rig, user, main }: Bench,
  body: Record<string, unknown>,
  options: { worker?: Worker; user?: TestUser } = {},
): Promise<Response> {
  const asker = options.user ?? user;
  const url = rig.provider.script((call) => call.finish());
  const bot_id = await makeBot(rig.target, asker, url);
  const worker = options.worker ?? main;
  return post(`${worker.url}/stream`, asker.token, { bot_id, ...body });
}

/** The answer is a stream, which is read to its end. */
export async function expectAdmitted(response: Response): Promise<void> {
  const text = await response.text();
  equal([response.status, text.includes("event: done")], [200, true]);
}

/** The answer is an error with this status and code, readable for any page; gives its body's error. */
export async function expectRefused(
  response: Response,
  status: number,
  code: string,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const { error } = await response.json();
  equal([response.status, error.code], [status, code]);
  equal(response.headers.get("access-control-allow-origin"), "*");
  return error;
}
