/** The relay's SQL functions, called as a worker's database client calls them: by name. */
import type { Sql } from "postgres";
import type { Rpc } from "../../supabase/functions/_relay/database/rpc.ts";

/** The arguments of relay_begin; the rest has defaults. */
export interface Begin {
  user_id: string;
  stream_id?: string;
  conversation_id?: string;
  bot_id?: string;
  /** Absent: the active leaf. */
  parent_id?: string;
  rate_limit?: number;
  max_concurrent?: number;
  preview?: boolean;
}

/** An admitted generation. */
export interface Admitted {
  stream_id: string;
  user_id: string;
  fence: string;
  conversation_id: string;
  user_message_id: string;
}

/** How a generation has ended, as relay_finish answers. */
export interface Outcome {
  status: string;
  finish_reason: string | null;
  error_code: string | null;
  message_id: string | null;
  is_complete: boolean;
}

/** Asks for admission; answers what relay_begin does. */
// deno-lint-ignore no-explicit-any
export async function begin(sql: Sql, asked: Begin): Promise<any> {
  const [{ answer }] = await sql`
    select public.relay_begin(
      user_id => ${asked.user_id}, stream_id => ${asked.stream_id ?? crypto.randomUUID()},
      worker_id => 'a-test', prompt => 'Begin', reroll_of => null,
      conversation_id => ${asked.conversation_id ?? null}, bot_id => ${asked.bot_id ?? null},
      parent_id => ${asked.parent_id ?? null}, parent_is_given => ${asked.parent_id !== undefined},
      rate_limit => ${asked.rate_limit ?? 1000}, max_concurrent => ${asked.max_concurrent ?? 1000},
      lease_ms => 15000, max_context => 4000000, preview => ${asked.preview ?? false}
    ) as answer`;
  return answer;
}

/** Asks for admission and insists on it. */
export async function admit(sql: Sql, asked: Begin): Promise<Admitted> {
  const stream_id = asked.stream_id ?? crypto.randomUUID();
  const answer = await begin(sql, { ...asked, stream_id });
  if (answer.outcome !== "admitted") {
    throw new Error(`Not admitted: ${JSON.stringify(answer)}`);
  }
  return { ...answer, stream_id, user_id: asked.user_id };
}

/** Finishes with this text, which goes on from `start_at`. */
export async function finish(
  sql: Sql,
  { stream_id, fence }: Admitted,
  content = "Once upon a time.",
  start_at = 0,
): Promise<Outcome> {
  const [{ answer }] = await sql`
    select public.relay_finish(
      stream_id => ${stream_id}, fence => ${fence}, status => 'completed',
      finish_reason => 'stop', error_code => null, content => ${content},
      prompt_tokens => 7, completion_tokens => 11, total_tokens => 18,
      first_token_ms => 5, start_at => ${start_at}
    ) as answer`;
  return answer;
}

/** Finishes as a worker that has the whole text: from where the database says. */
export async function finishWhole(sql: Sql, generation: Admitted, text: string): Promise<Outcome> {
  let start = text.length;
  for (let attempt = 0; attempt < 5; attempt++) {
    const answer = await finish(sql, generation, text.slice(start), start);
    if (!("expected_start" in answer)) return answer;
    start = Number(answer.expected_start);
  }
  throw new Error("The beginning of the text moves for ever");
}

/** Makes the leases run out, as if the worker had been silent for longer than that. */
export async function expire(sql: Sql, generations: Pick<Admitted, "stream_id">[]): Promise<void> {
  const ids = generations.map(({ stream_id }) => stream_id).join(",");
  await sql`
    update relay.generations set lease_expires_at = clock_timestamp() - interval '1 second'
    where stream_id = any (string_to_array(${ids}, ','))`;
}

/** Sweeps one user's generations; answers how many were closed. */
export async function sweep(sql: Sql, { user_id }: Pick<Admitted, "user_id">): Promise<number> {
  const [{ answer }] = await sql`select public.relay_sweep(user_id => ${user_id}) as answer`;
  return answer.closed;
}

/** Reads as a remote reader that has nothing yet. */
export async function read(
  sql: Sql,
  { user_id, stream_id }: Admitted,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const [{ answer }] = await sql`
    select public.relay_read(
      user_ids => array[${user_id}::uuid], stream_ids => array[${stream_id}::text],
      from_units => array[0]
    ) as answer`;
  return answer[0];
}

/** Cancels as the owner; answers the status. */
export async function cancel(sql: Sql, { user_id, stream_id }: Admitted): Promise<string> {
  const [{ answer }] = await sql`
    select public.relay_cancel(user_id => ${user_id}, stream_id => ${stream_id}) as answer`;
  return answer.status;
}

/** What a beat answers. */
export interface Beat {
  stored: Record<string, number>;
  cancelled: string[];
  lost: string[];
}

/** Beats for these generations, in this order; each brings this part of its text. */
export async function beat(
  sql: Sql,
  generations: Admitted[],
  parts: { start: number; text: string }[] = [],
): Promise<Beat> {
  const list = (field: "stream_id" | "fence") => generations.map((generation) => generation[field]).join(",");
  const all = generations.map((_, index) => parts[index] ?? { start: 0, text: "" });
  const [{ answer }] = await sql`
    select public.relay_beat(
      stream_ids => string_to_array(${list("stream_id")}, ','),
      fences => string_to_array(${list("fence")}, ',')::uuid[],
      lease_ms => 15000,
      starts => string_to_array(${all.map(({ start }) => start).join(",")}, ',')::integer[],
      ends => string_to_array(${all.map(({ start, text }) => start + text.length).join(",")}, ',')::integer[],
      texts => string_to_array(${all.map(({ text }) => text).join("|")}, '|')
    ) as answer`;
  return answer;
}

/** The generation's row, and its messages. */
export async function stateOf(sql: Sql, { stream_id }: Admitted) {
  const [generation] = await sql`
    select status, finish_reason, message_id, conversation_id
    from relay.generations where stream_id = ${stream_id}`;
  const messages = await sql`
    select id, content, is_complete, finish_reason from public.messages
    where stream_id = ${stream_id}`;
  return { generation, messages: [...messages] };
}

/** A worker's calls of the database, on one connection. */
export const rpcOf = (sql: Sql): Rpc =>
  (async (name: string, args: Record<string, unknown>) => {
    const names = Object.keys(args);
    const list = names.map((argument, index) => `${argument} => $${index + 1}`).join(", ");
    const values = Object.values(args).map((value) =>
      Array.isArray(value) ? `{${value.map((item) => item ?? "null").join()}}` : value as string | number | null
    );
    const [{ answer }] = await sql.unsafe(`select public.${name}(${list}) as answer`, values);
    return answer;
  }) as Rpc;

/** As a worker does: what waits too long for a lock is called again after a while. Nothing ends in a deadlock. */
export async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === 20 || (error as { code?: string }).code !== "55P03") throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}
