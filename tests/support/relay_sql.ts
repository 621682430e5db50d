/** The relay's SQL functions, called as a worker's database client calls them: by name. */
import type { Sql } from "postgres";

/** What relay_begin is asked; the rest has defaults. */
export interface Begin {
  user_id: string;
  stream_id?: string;
  conversation_id?: string;
  rate_limit?: number;
  max_concurrent?: number;
}

/** An admitted generation. */
export interface Admitted {
  stream_id: string;
  user_id: string;
  fence: string;
  conversation_id: string;
  user_message_id: string;
}

/** How a generation stands, as relay_finish tells it. */
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
      user_id => ${asked.user_id}, stream_id => ${
    asked.stream_id ?? crypto.randomUUID()
  },
      worker_id => 'a-test', prompt => 'Begin', reroll_of => null,
      conversation_id => ${asked.conversation_id ?? null}, bot_id => null,
      parent_id => null, parent_is_given => false,
      rate_limit => ${asked.rate_limit ?? 1000}, max_concurrent => ${
    asked.max_concurrent ?? 1000
  },
      lease_ms => 15000, max_context => 4000000
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

/** Finishes as a provider that has said this and stopped. */
export async function finish(
  sql: Sql,
  { stream_id, fence }: Admitted,
  content = "Once upon a time.",
): Promise<Outcome> {
  const [{ answer }] = await sql`
    select public.relay_finish(
      stream_id => ${stream_id}, fence => ${fence}, status => 'completed',
      finish_reason => 'stop', error_code => null, content => ${content},
      prompt_tokens => 7, completion_tokens => 11, total_tokens => 18,
      first_token_ms => 5
    ) as answer`;
  return answer;
}

/** Cancels as the owner; answers the status. */
export async function cancel(
  sql: Sql,
  { user_id, stream_id }: Admitted,
): Promise<string> {
  const [{ answer }] = await sql`
    select public.relay_cancel(user_id => ${user_id}, stream_id => ${stream_id}) as answer`;
  return answer.status;
}

/** Beats for these generations, in this order. */
export async function beat(
  sql: Sql,
  generations: Admitted[],
): Promise<{ cancelled: string[]; lost: string[] }> {
  const list = (field: "stream_id" | "fence") =>
    generations.map((generation) => generation[field]).join(",");
  const [{ answer }] = await sql`
    select public.relay_beat(
      stream_ids => string_to_array(${list("stream_id")}, ','),
      fences => string_to_array(${list("fence")}, ',')::uuid[],
      lease_ms => 15000
    ) as answer`;
  return answer;
}

/** The generation's row beside the messages that bear its name. */
export async function stateOf(sql: Sql, { stream_id }: Admitted) {
  const [generation] = await sql`
    select status, finish_reason, message_id, conversation_id
    from relay.generations where stream_id = ${stream_id}`;
  const messages = await sql`
    select id, content, is_complete, finish_reason from public.messages
    where stream_id = ${stream_id}`;
  return { generation, messages: [...messages] };
}
