-- The end of a generation, once: message, active leaf and outcome in one transaction.
create function public.relay_finish(
  stream_id text,
  fence uuid,
  status text,
  finish_reason text,
  error_code text,
  content text,
  prompt_tokens integer,
  completion_tokens integer,
  total_tokens integer,
  first_token_ms integer
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_conversation public.conversations;
  v_generation relay.generations;
  v_message_id uuid;
begin
  -- The conversation before the generation: the order in which deleting a conversation takes them too.
  select c.* into v_conversation
  from public.conversations c
  where c.id = (
    select g.conversation_id from relay.generations g where g.stream_id = relay_finish.stream_id
  )
  for no key update;

  select g.* into v_generation
  from relay.generations g
  where g.stream_id = relay_finish.stream_id
  for update;
  if not found then
    return null;
  end if;
  if v_generation.status <> 'running' or v_generation.fence is distinct from relay_finish.fence then
    return relay.outcome_of(v_generation);
  end if;

  -- Who cancelled was told that it would end so: a provider that finished in the same second does not change that.
  if v_generation.cancel_requested_at is not null then
    relay_finish.status := 'cancelled';
    relay_finish.finish_reason := 'cancelled';
    relay_finish.error_code := null;
  end if;

  -- A branch that was deleted meanwhile takes no answer: below a lost parent it would become a story of its own.
  if content <> '' and v_conversation.id is not null then
    perform 1 from public.messages m where m.id = v_generation.parent_id for key share;
    if found or v_generation.parent_id is null then
      insert into public.messages (
        user_id, conversation_id, parent_id, bot_id, content, is_user_author, is_complete, stream_id, finish_reason, usage
      )
      values (
        v_generation.user_id, v_conversation.id, v_generation.parent_id, v_generation.bot_id, content, false,
        relay_finish.status = 'completed', v_generation.stream_id, relay_finish.finish_reason,
        case
          when coalesce(prompt_tokens, completion_tokens, total_tokens) is not null then jsonb_build_object(
            'prompt_tokens', prompt_tokens, 'completion_tokens', completion_tokens, 'total_tokens', total_tokens
          )
        end
      )
      returning id into v_message_id;

      update public.conversations c
      set active_message_id = v_message_id, updated_at = clock_timestamp()
      where c.id = v_conversation.id and c.active_message_id is not distinct from v_generation.leaf_id;
    end if;
  end if;

  update relay.generations g
  set
    status = relay_finish.status,
    finish_reason = relay_finish.finish_reason,
    error_code = relay_finish.error_code,
    message_id = v_message_id,
    finished_at = clock_timestamp(),
    fence = null,
    prompt_tokens = relay_finish.prompt_tokens,
    completion_tokens = relay_finish.completion_tokens,
    total_tokens = relay_finish.total_tokens,
    first_token_ms = relay_finish.first_token_ms
  where g.stream_id = relay_finish.stream_id
  returning g.* into v_generation;

  return relay.outcome_of(v_generation);
end;
$$;

comment on function public.relay_finish(
  text, uuid, text, text, text, text, integer, integer, integer, integer
) is
  'Stores the message and the outcome of a generation; a late, repeated or foreign call changes nothing and gets the outcome that is. Null: no such generation.';
revoke all on function public.relay_finish(
  text, uuid, text, text, text, text, integer, integer, integer, integer
) from public, anon, authenticated;
grant execute on function public.relay_finish(
  text, uuid, text, text, text, text, integer, integer, integer, integer
) to service_role;
