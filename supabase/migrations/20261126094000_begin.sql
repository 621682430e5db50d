-- Admission, in one transaction and one round trip: the generation is there with all that its worker needs, or nothing
-- has changed.
create function relay.refusal(code text, rate jsonb, more jsonb default '{}') returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object('outcome', 'refused', 'code', code, 'rate', rate) || more
$$;
comment on function relay.refusal(text, jsonb, jsonb) is 'What relay_begin answers where it refuses.';

create function relay.admission_of(generation relay.generations, context jsonb, rate jsonb) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'outcome', 'admitted', 'fence', generation.fence, 'conversation_id', generation.conversation_id,
      'bot_id', b.id, 'user_message_id', generation.user_message_id, 'parent_id', generation.parent_id,
      'access_key', b.access_key, 'access_path', b.access_path, 'model', b.model, 'temperature', b.temperature,
      'system_prompt', b.system_prompt, 'params', b.params, 'headers', b.headers,
      'takes_system', b.takes_system, 'first_turn_is_user', b.first_turn_is_user, 'thinks_first', b.thinks_first,
      'context', context, 'rate', rate
    )
    from public.bots b
    where b.id = generation.bot_id
  );
end;
$$;
comment on function relay.admission_of(relay.generations, jsonb, jsonb) is
  'Everything that the worker of an admitted generation needs, the bot''s key included; null without a bot.';

create function public.relay_begin(
  user_id uuid, stream_id text, worker_id text, prompt text, reroll_of uuid, conversation_id uuid, bot_id uuid,
  parent_id uuid, parent_is_given boolean, rate_limit integer, max_concurrent integer, lease_ms integer,
  max_context integer, fence uuid default gen_random_uuid()
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_now timestamptz;
  v_load record;
  v_answer jsonb;
  v_place record;
  v_conversation public.conversations;
  v_bot public.bots;
  v_context jsonb;
  v_stored record;
  v_prompt_id uuid;
  v_generation relay.generations;
begin
  -- Two classes of locks, always in this order: the user's makes the counts true, the stream's lets one of two users
  -- that name the same stream_id win before anything is written.
  perform pg_advisory_xact_lock(7301, hashtext(relay_begin.user_id::text));
  perform pg_advisory_xact_lock(7302, hashtext(relay_begin.stream_id));
  -- What this user's dead workers left behind becomes part of the conversation before the conversation is read.
  perform relay.close_expired(g.stream_id)
  from relay.generations g
  where g.user_id = relay_begin.user_id and g.status = 'running' and g.lease_expires_at < clock_timestamp();
  -- Not now(): the transaction may have begun long before it got the locks.
  v_now := clock_timestamp();
  v_load := relay.load_of(relay_begin.user_id, rate_limit, v_now);

  -- A repeated stream_id is no new generation, so it meets no limit.
  v_answer := relay.known_stream(relay_begin.user_id, relay_begin.stream_id, fence, max_context, v_load.rate);
  if v_answer is not null then
    return v_answer;
  elsif v_load.recent >= rate_limit then
    return relay.refusal('rate_limited', v_load.rate, jsonb_build_object(
      'retry_after_s', greatest((v_load.rate ->> 'reset_s')::integer, 1)
    ));
  elsif v_load.running >= max_concurrent then
    return relay.refusal('too_many_streams', v_load.rate, '{"retry_after_s": 5}');
  end if;

  v_place := relay.find_parent(
    relay_begin.user_id, relay_begin.conversation_id, reroll_of, relay_begin.parent_id, parent_is_given
  );
  if v_place.refused is not null then
    return relay.refusal(v_place.refused, v_load.rate);
  end if;
  v_conversation := v_place.conversation;
  select b.* into v_bot from public.bots b
  where b.id = relay.resolve_bot(relay_begin.user_id, relay_begin.bot_id, v_conversation.bot_id)
  for key share;
  if not found then
    return relay.refusal('bot_not_found', v_load.rate);
  end if;

  v_context := relay.context_of(v_place.parent, max_context, prompt);
  if not (v_context ->> 'fits')::boolean then
    return relay.refusal('payload_too_large', v_load.rate, v_context - 'fits' - 'messages');
  end if;

  if prompt is not null then
    v_stored := relay.store_prompt(v_conversation, relay_begin.user_id, v_bot.id, v_place.parent, prompt);
    v_conversation := v_stored.conversation;
    v_prompt_id := v_stored.message_id;
  end if;
  insert into relay.generations (
    stream_id, user_id, conversation_id, bot_id, user_message_id, parent_id, leaf_id, model, worker_id, fence,
    started_at, lease_expires_at
  )
  values (
    relay_begin.stream_id, relay_begin.user_id, v_conversation.id, v_bot.id, v_prompt_id,
    coalesce(v_prompt_id, v_place.parent), v_conversation.active_message_id, v_bot.model, relay_begin.worker_id,
    relay_begin.fence, v_now, v_now + make_interval(secs => lease_ms / 1000.0)
  )
  returning * into v_generation;
  insert into relay.uncounted (name) values ('generations_started_total');
  return relay.admission_of(v_generation, v_context -> 'messages', v_load.next_rate);
end;
$$;
comment on function public.relay_begin is
  'Admits one generation or refuses it. outcome: admitted, with fence, bot and context; exists: the user''s stream_id '
  'again; refused, with a code. The same fence again gets the same answer.';

revoke all on function public.relay_begin from public, anon, authenticated;
grant execute on function public.relay_begin to service_role;
