/** The thread that attacks: its connections, its providers and its garbage are not those that measure, and end with it. */

import postgres from "postgres";
import type { Attacker, User } from "./attack.ts";
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

/** What it says: what it has seen that must never be, how its requests were answered, and that it may be used. */
export type Report = { ready: true } | { wrong: string } | { answers: Record<string, number> };

const main = self as unknown as Worker;
const say = (report: Report) => main.postMessage(report);
const seen = new Map<string, string[]>();
const origin = startHostile((name, head) => seen.set(name, [...seen.get(name) ?? [], head]));
const answers: Record<string, number> = {};
const count = (what: string) => answers[what] = (answers[what] ?? 0) + 1;
let sql: postgres.Sql;

main.onmessage = ({ data }: MessageEvent<Orders>) => {
  sql ??= postgres(data.database, { max: 8, onnotice: () => {} });
  const { run } = ATTACKS.find(({ name }) => name === data.attack)!;
  for (const user of data.users) {
    const attacker = attackerOf(user, data);
    attacker.provider("kind").then(() => run(attacker)).catch((error) =>
      say({ wrong: `the attack failed: ${error.message}` })
    );
  }
};
setInterval(() => say({ answers }), 200);
say({ ready: true });

function attackerOf(user: User, { worker, part }: Orders): Attacker {
  const providerUrl = (name: string) => `${origin}/${encodeURIComponent(name)}/v1`;
  const wrong = (what: string) => say({ wrong: what });
  const attacker: Attacker = {
    ...user,
    worker,
    async ask(path, init = {}) {
      const headers = { authorization: `Bearer ${user.token}`, "content-type": "application/json", ...init.headers };
      const response = await fetch(worker + path, { ...init, headers });
      count(String(response.status));
      const text = await read(response, wrong);
      if (response.status >= 500 && response.status !== 503) wrong(`status ${response.status}: ${text.slice(0, 200)}`);
      return text;
    },
    start: (body) => attacker.ask("/stream", { method: "POST", body: JSON.stringify(body) }),
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
    connect: () => Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(worker).port) }),
    async provider(name) {
      const set = "update bots set access_path = $1, access_key = $2 where id = $3";
      await attacker.sql(set, providerUrl(name), KEY, user.bot_id);
    },
    providerUrl,
    flood(lanes, work) {
      let index = 0;
      const lane = async () => {
        // A refused connection costs the attacker nothing either.
        for (;;) await work(index++).catch(() => new Promise((resolve) => setTimeout(resolve, 20)));
      };
      return Promise.all(Array.from({ length: Math.ceil(lanes * part) }, lane));
    },
    heads: (name) => seen.get(name) ?? [],
    wrong,
  };
  return attacker;
}

/** Gives the last 100,000 characters; all of them are searched for the key. */
async function read(response: Response, wrong: (what: string) => void): Promise<string> {
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    if (hasKey(text.slice(-KEY.length) + part)) wrong("an answer has the key or an end of it");
    text = text.slice(-100_000) + part;
  }
  return text;
}
