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
  first_token_ms integer,
  start_at integer default 0,
  overhead_ms integer default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_generation relay.generations;
  v_expected integer;
  v_message_id uuid;
  v_was_swept boolean;
begin
  -- The conversation before the generation: the order in which deleting a conversation takes them too.
  perform 1
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
  if v_generation.status not in ('running', 'interrupted') or v_generation.fence is distinct from relay_finish.fence
    or relay_finish.fence is null
  then
    return relay.outcome_of(v_generation);
  end if;

  v_was_swept := v_generation.status = 'interrupted';

  -- The content goes behind what the beats brought; after a sweep it is the whole text, which replaces the message.
  v_expected := case when v_was_swept then 0 else v_generation.text_units end;
  if relay_finish.start_at is distinct from v_expected then
    return jsonb_build_object('expected_start', v_expected);
  end if;

  -- Who cancelled was told that it would end so: a provider that finished in the same second does not change that.
  if v_generation.cancel_requested_at is not null then
    relay_finish.status := 'cancelled';
    relay_finish.finish_reason := 'cancelled';
    relay_finish.error_code := null;
  end if;

  v_message_id := relay.store_message(
    v_generation,
    relay.text_of(v_generation.stream_id) || coalesce(content, ''),
    relay_finish.finish_reason,
    relay_finish.status = 'completed',
    case
      when coalesce(prompt_tokens, completion_tokens, total_tokens) is not null then jsonb_build_object(
        'prompt_tokens', prompt_tokens, 'completion_tokens', completion_tokens, 'total_tokens', total_tokens
      )
    end
  );
  delete from relay.chunks c where c.stream_id = v_generation.stream_id;

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
    first_token_ms = relay_finish.first_token_ms,
    overhead_ms = relay_finish.overhead_ms
  where g.stream_id = relay_finish.stream_id
  returning g.* into v_generation;
  perform relay.count_finish(v_generation, v_was_swept);

  return relay.outcome_of(v_generation);
end;
$$;

comment on function public.relay_finish(
  text, uuid, text, text, text, text, integer, integer, integer, integer, integer, integer
) is
  'Stores the message and the outcome of a generation; a late, repeated or foreign call changes nothing and gets the outcome that is. expected_start: the content must begin there. Null: no such generation.';
revoke all on function public.relay_finish(
  text, uuid, text, text, text, text, integer, integer, integer, integer, integer, integer
) from public, anon, authenticated;
grant execute on function public.relay_finish(
  text, uuid, text, text, text, text, integer, integer, integer, integer, integer, integer
) to service_role;
