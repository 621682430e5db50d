/** The thread that attacks: its connections, its providers and its garbage are not those that measure, and end with it. */

import postgres from "postgres";
import type { Answer, Attacker, User } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { hasKey, KEY, startHostile } from "./hostile.ts";

/** What the thread gets. */
export interface Orders {
  /** The functions' base URL. */
  worker: string;
  database: string;
  attack: string;
  users: User[];
  /** What part of its floods an attack makes: several at once are no larger than one alone. */
  part: number;
}

/** What an attack has counted, all its users together. */
export type Tally = Record<string, number>;

/** What it says: what it has seen that must never be, what each attack has counted, and that it may be used. */
export type Report = { ready: true } | { wrong: string } | { tallies: Record<string, Tally> };

const main = self as unknown as Worker;
const say = (report: Report) => main.postMessage(report);
const heads = new Map<string, string[]>();
const counts = new Map<string, Attacker["count"]>();
const tallies: Record<string, Tally> = {};
const origin = startHostile({
  called(userId, name, head) {
    heads.set(userId + name, [...heads.get(userId + name) ?? [], head]);
    counts.get(userId)?.(`calls of "${name}"`);
  },
  sent: (userId, name, bytes) => counts.get(userId)?.(`bytes of "${name}"`, bytes),
});
let sql: postgres.Sql;

main.onmessage = ({ data }: MessageEvent<Orders>) => {
  sql ??= postgres(data.database, { max: 8, onnotice: () => {} });
  const { run } = ATTACKS.find(({ name }) => name === data.attack)!;
  for (const user of data.users) {
    const attacker = attackerOf(user, data);
    attacker.provider("kind").then(() => run(attacker)).catch(attacker.failed);
  }
};
setInterval(() => say({ tallies }), 200);
say({ ready: true });

function attackerOf(user: User, { worker, part, attack }: Orders) {
  const providerUrl = (name: string) => `${origin}/${encodeURIComponent(name)}/${user.id}/v1`;
  const wrong = (what: string) => say({ wrong: `${attack}: ${what}` });
  const tally = tallies[attack] ??= {};
  const count = (what: string, more = 1) => void (tally[what] = (tally[what] ?? 0) + more);
  counts.set(user.id, count);
  /** That the relay refuses or ends a connection is for the attack to count; all else is its own fault. */
  const failed = (error: Error) => isCutOff(error) ? count("cut off") : wrong(`it failed: ${error.stack}`);
  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${user.token}`, "content-type": "application/json", ...init.headers };
    const response = await fetch(worker + path, { ...init, headers });
    const { status } = response;
    count(`status ${status}`);
    const text = await read(response, attacker);
    if (status >= 500 && status !== 503) wrong(`status ${status}: ${text.slice(0, 200)}`);
    return { status, text };
  }
  const attacker: Attacker & { failed(error: Error): void } = {
    ...user,
    ...{ worker, count, wrong, failed },
    ask,
    start: (body) => ask("/stream", { method: "POST", body: JSON.stringify(body) }),
    sql: (text, ...values) =>
      sql.begin(async (transaction) => {
        const claims = JSON.stringify({ sub: user.id, role: "authenticated" });
        await transaction`select set_config('role', 'authenticated', true),
          set_config('request.jwt.claims', ${claims}, true), set_config('statement_timeout', '8s', true)`;
        // deno-lint-ignore no-explicit-any
        return [...await transaction.unsafe(text, values as any)];
      }) as Promise<Record<string, unknown>[]>,
    // deno-lint-ignore no-explicit-any
    operator: async (text, ...values) => [...await sql.unsafe(text, values as any)],
    async connect() {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(worker).port) });
      count("connections");
      return connection;
    },
    async provider(name) {
      const set = "update bots set access_path = $1, access_key = $2 where id = $3";
      await attacker.sql(set, providerUrl(name), KEY, user.bot_id);
    },
    providerUrl,
    flood(lanes, work) {
      let index = 0;
      const lane = async () => {
        for (;;) {
          await work(index++).catch((error) => {
            failed(error);
            return new Promise((resolve) => setTimeout(resolve, 20));
          });
        }
      };
      return Promise.all(Array.from({ length: Math.ceil(lanes * part) }, lane));
    },
    times: (count, work) => Promise.all(Array.from({ length: count }, (_, index) => work(index).catch(failed))),
    heads: (name) => heads.get(user.id + name) ?? [],
  };
  return attacker;
}

/** Gives the last 100,000 characters; all of them are searched for the key. */
async function read(response: Response, { count, wrong }: Attacker): Promise<string> {
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    count("characters read", part.length);
    if (hasKey(text.slice(-KEY.length) + part)) wrong("an answer has the key or an end of it");
    text = text.slice(-100_000) + part;
  }
  return text;
}

const CUT_OFF = [
  ...[Deno.errors.BrokenPipe, Deno.errors.ConnectionAborted, Deno.errors.ConnectionRefused],
  ...[Deno.errors.ConnectionReset, Deno.errors.Http, Deno.errors.UnexpectedEof],
];

function isCutOff(error: Error): boolean {
  return CUT_OFF.some((kind) => error instanceof kind) ||
    error instanceof TypeError && /error (sending request|reading a body)|connection/.test(error.message);
}
