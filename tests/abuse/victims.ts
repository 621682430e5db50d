/** The other users of the worker: they start stories and read them, and measure what an attack does to them. */

import type { Sql } from "postgres";
import { largest, quantile } from "../../testkit/figures.ts";
import { type Script, startProvider, tokenEvent } from "../../testkit/provider.ts";
import { post, readEvents } from "../../testkit/reader.ts";
import type { User } from "./attack.ts";

/** One token in so many milliseconds, each of so many characters. */
const TOKEN_MS = 50;
const TOKEN_UNITS = 10;
const START_MS = 200;
const LOOK_MS = 100;

/** What the victims have seen in one stretch of time. */
export interface Seen {
  /** Milliseconds from the request to the event `start`, of those that were accepted. */
  starts: number[];
  /** How many got `503` within a second. */
  refused: number;
  /** How late a token came, and how far a stored text was behind its provider, at most. */
  late: number;
  behind: number;
  /** How late a token came to a reader whose story another worker runs. */
  far: number;
  /** What must never be. */
  wrong: string[];
}

/** A story on its way. */
interface Story {
  due: number[];
  tokens: number;
  /** Whether another worker runs it, and the one that is attacked serves its reader. */
  far: boolean;
}

/** What was seen in two stretches of time, as if in one. */
export function merge(a: Seen, b: Seen): Seen {
  const most = (measure: "late" | "behind" | "far") => Math.max(a[measure], b[measure]);
  return {
    starts: [...a.starts, ...b.starts],
    refused: a.refused + b.refused,
    ...{ late: most("late"), behind: most("behind"), far: most("far") },
    wrong: [...a.wrong, ...b.wrong],
  };
}

/** Victims of a worker. `url` is asked for each time, as a new worker may take the place of one that died. */
export function createVictims(url: () => string, other: string, sql: Sql, userOf: (provider: string) => Promise<User>) {
  const stories = new Map<string, Story>();
  /** How often the provider was called for each `stream_id`. */
  const calls = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  let seen = empty();
  let going = true;

  const script: Script = async (call) => {
    const [streamId, count] = call.body.messages.at(-1).content.split(" ");
    const story = stories.get(streamId);
    calls.set(streamId, (calls.get(streamId) ?? 0) + 1);
    for (let token = 0; token < Number(count) && !call.over; token++) {
      story?.due.push(performance.now());
      await call.send(tokenEvent(tokenOf(token)));
      await sleep(TOKEN_MS);
    }
    await call.finish();
  };
  const provider = startProvider();
  const baseUrl = provider.script(script);
  const user = () => userOf(baseUrl);

  /** Reads one to its end; gives false where the start was refused. */
  async function read(streamId: string, tokens: number, { token }: User): Promise<boolean> {
    const startedAt = performance.now();
    const took = () => performance.now() - startedAt;
    const body = { prompt: `${streamId} ${tokens}`, stream_id: streamId, on_disconnect: "continue" };
    const far = stories.get(streamId)?.far ?? false;
    let response = await post(`${far ? other : url()}/stream`, token, body);
    if (far && response.status === 200) {
      response.body?.pipeTo(new WritableStream()).catch(() => {});
      response = await fetch(`${url()}/stream/${streamId}`, { headers: { authorization: `Bearer ${token}` } });
    }
    if (response.status !== 200) {
      const text = await response.text();
      if (calls.has(streamId)) throw new Error(`the provider was called for a start with status ${response.status}`);
      if (response.status === 503 && took() < 1_000) seen.refused++;
      else seen.wrong.push(`a start got status ${response.status} after ${took() | 0} ms: ${text.slice(0, 200)}`);
      return false;
    }
    const reader = readEvents(response);
    let text = "";
    for (let event = await reader.next();; event = await reader.next()) {
      if (event === undefined) throw new Error("it broke off");
      if (event.event === "start" && !far) seen.starts.push(took());
      if (event.event === "token") {
        text += event.data;
        look(streamId, text.length / TOKEN_UNITS);
      }
      if (event.event === "error") throw new Error(event.data);
      if (event.event === "done") break;
    }
    const whole = Array.from({ length: tokens }, (_, token) => tokenOf(token)).join("");
    if (text !== whole) throw new Error(`it is not whole: ${text.length} of ${whole.length} characters`);
    const stored = await sql`select content from public.messages where stream_id = ${streamId} and not is_user_author`;
    if (stored.length !== 1) throw new Error(`it is stored ${stored.length} times`);
    if (stored[0].content !== whole) throw new Error(`what is stored is not whole: ${stored[0].content.length}`);
    if (calls.get(streamId) !== 1) throw new Error(`the provider was called ${calls.get(streamId)} times`);
    calls.delete(streamId);
    return true;
  }

  /** The token that is due longest and has not come, or has come now. */
  function look(streamId: string, tokens: number) {
    const story = stories.get(streamId);
    if (!story) return;
    const measure = story.far ? "far" : "late";
    seen[measure] = Math.max(seen[measure], performance.now() - (story.due[story.tokens] ?? Infinity));
    story.tokens = tokens;
  }

  async function lookAtStored() {
    const now = performance.now();
    for (const [streamId, { tokens }] of stories) look(streamId, tokens);
    const rows = await sql`
      select stream_id, text_units from relay.generations
      where stream_id = any(${[...stories.keys()]}) and status = 'running'`;
    for (const { stream_id, text_units } of rows) {
      const story = stories.get(stream_id);
      if (!story || story.far) continue;
      seen.behind = Math.max(seen.behind, now - (story.due[text_units / TOKEN_UNITS] ?? Infinity));
    }
  }

  function tell(streamId: string, tokens: number, by: User): Promise<boolean> {
    return read(streamId, tokens, by).catch((error) => {
      if (going) seen.wrong.push(`a story of ${tokens} tokens: ${error.message}`);
      return false;
    });
  }

  const looks = setInterval(() =>
    lookAtStored().catch((error) => {
      // What is not looked at would count as in time.
      if (going) seen.wrong.push(`the stored texts could not be looked at: ${error.message}`);
    }), LOOK_MS);
  return {
    baseUrl,
    /** One story after the other, each by a user who has told none before; gives how many were whole. */
    async ordinary(seconds: number, until: () => boolean, far = false): Promise<number> {
      let whole = 0;
      while (going && !until()) {
        const streamId = crypto.randomUUID();
        stories.set(streamId, { due: [], tokens: 0, far });
        const ended = await tell(streamId, seconds * 1_000 / TOKEN_MS | 0, await user());
        stories.delete(streamId);
        if (ended) whole++;
        else await sleep(1_000);
      }
      return whole;
    },
    /**
     * Starts stories, each by a user of its own, for as long as the work takes; gives what all victims have seen since
     * it gave the last.
     */
    async during(work: () => Promise<unknown>): Promise<Seen> {
      let over = false;
      // Whether or not the last one was answered: a worker that stands still is met by many.
      const starts = (async () => {
        for (; !over; await sleep(START_MS)) {
          const started = user().then((by) => tell(crypto.randomUUID(), 1, by)).then(() => {});
          pending.add(started.finally(() => pending.delete(started)));
        }
      })();
      await work();
      over = true;
      await starts;
      await within(Promise.all(pending), 10_000);
      const all = seen;
      seen = empty();
      return all;
    },
    async close() {
      going = false;
      clearInterval(looks);
      await provider.close();
    },
  };
}

/**
 * What the victims of an attack may see, from what the users of an idle worker see at the same time: a machine that is
 * busy with other things is no fault of the worker's. Never below what is promised.
 */
export function boundsOf(calm: Seen, startMs: number) {
  return {
    start: Math.max(3 * quantile(calm.starts, 0.9) || 0, startMs),
    slowestStart: Math.max(3 * largest(calm.starts) || 0, 2_000),
    late: Math.max(3 * calm.late, 2_000),
    behind: Math.max(2 * calm.behind, 2_000),
    // A beat until it is stored, a beat until it is read, and as much again.
    far: Math.max(4 * calm.behind, 4_000),
  };
}

const empty = (): Seen => ({ starts: [], refused: 0, late: 0, behind: 0, far: 0, wrong: [] });
const tokenOf = (index: number) => `${String(index).padStart(TOKEN_UNITS - 1, "0")} `;
/** Waits for it, but not longer. */
async function within(work: Promise<unknown>, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise<void>((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer);
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
