-- Admission, in one transaction and one round trip: either the generation is there, with all that its worker needs, or
-- nothing has changed.
create function public.relay_begin(
  user_id uuid,
  stream_id text,
  worker_id text,
  prompt text,
  reroll_of uuid,
  conversation_id uuid,
  bot_id uuid,
  parent_id uuid,
  parent_is_given boolean,
  rate_limit integer,
  max_concurrent integer,
  lease_ms integer,
  max_context integer,
  fence uuid default gen_random_uuid()
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_owner uuid;
  v_fence uuid;
  v_load record;
  v_place record;
  v_conversation public.conversations;
  v_bot public.bots;
  v_answered uuid;
  v_user_message_id uuid;
  v_path jsonb;
  v_rate jsonb;
  v_generation relay.generations;
begin
  -- Two classes of locks, always in this order: the user's makes the counts true, the stream's lets one of two users
  -- that name the same stream_id win before anything is written.
  perform pg_advisory_xact_lock(7301, hashtext(relay_begin.user_id::text));
  perform pg_advisory_xact_lock(7302, hashtext(relay_begin.stream_id));
  -- What this user's dead workers left behind becomes part of the story before the story is read.
  perform relay.close_expired(g.stream_id)
  from relay.generations g
  where g.user_id = relay_begin.user_id and g.status = 'running' and g.lease_expires_at < clock_timestamp();
  -- Not now(): the transaction may have begun long before it got the locks.
  v_now := clock_timestamp();

  v_load := relay.load_of(relay_begin.user_id, v_now);
  v_rate := jsonb_build_object(
    'limit', rate_limit,
    'remaining', greatest(rate_limit - v_load.recent, 0),
    'reset_s', coalesce(ceil(extract(epoch from v_load.oldest + interval '1 minute' - v_now)), 0)
  );

  -- A repeated stream_id is no new generation, so it meets no limit.
  select taken.user_id, taken.fence into v_owner, v_fence
  from (
    select g.user_id, g.fence from relay.generations g where g.stream_id = relay_begin.stream_id
    union all
    select m.user_id, null from public.messages m where m.stream_id = relay_begin.stream_id
  ) taken
  limit 1;
  if found and v_owner = relay_begin.user_id and v_fence = relay_begin.fence then
    -- The same worker asks again, for the answer got lost on its way: the answer is the same.
    select g.* into v_generation
    from relay.generations g
    where g.stream_id = relay_begin.stream_id and g.status = 'running';
  end if;
  if v_generation.bot_id is not null then
    v_path := relay.story_path(v_generation.parent_id, max_context);
    return relay.admission_of(v_generation, v_path -> 'messages', v_rate);
  end if;
  if v_owner is not null then
    return jsonb_build_object(
      'outcome', case when v_owner = relay_begin.user_id then 'exists' else 'refused' end,
      'code', 'stream_id_taken',
      'rate', v_rate
    );
  end if;

  if v_load.recent >= rate_limit then
    return jsonb_build_object(
      'outcome', 'refused', 'code', 'rate_limited', 'rate', v_rate,
      'retry_after_s', greatest((v_rate ->> 'reset_s')::integer, 1)
    );
  end if;
  if v_load.running >= max_concurrent then
    return jsonb_build_object('outcome', 'refused', 'code', 'too_many_streams', 'rate', v_rate, 'retry_after_s', 5);
  end if;

  v_place := relay.place_of(
    relay_begin.user_id, relay_begin.conversation_id, reroll_of, relay_begin.parent_id, parent_is_given
  );
  if v_place.refused is not null then
    return jsonb_build_object('outcome', 'refused', 'code', v_place.refused, 'rate', v_rate);
  end if;
  v_conversation := v_place.conversation;
  v_answered := v_place.answered;

  select b.* into v_bot
  from public.bots b
  where b.id = relay.resolve_bot(relay_begin.user_id, relay_begin.bot_id, v_conversation.bot_id)
  for key share;
  if not found then
    return jsonb_build_object('outcome', 'refused', 'code', 'bot_not_found', 'rate', v_rate);
  end if;

  v_path := relay.story_path(v_answered, max_context - length(coalesce(prompt, '')));
  if not (v_path ->> 'fits')::boolean then
    return jsonb_build_object(
      'outcome', 'refused', 'code', 'payload_too_large', 'rate', v_rate,
      'characters', (v_path ->> 'characters')::bigint + length(coalesce(prompt, ''))
    );
  end if;

  if v_conversation.id is null then
    insert into public.conversations (user_id, bot_id)
    values (relay_begin.user_id, v_bot.id)
    returning * into v_conversation;
  end if;

  -- The user's words are safe before the provider is asked, and the reader stands on them while it answers.
  if prompt is not null then
    insert into public.messages (user_id, conversation_id, parent_id, content, is_user_author, is_complete)
    values (relay_begin.user_id, v_conversation.id, v_answered, prompt, true, true)
    returning id into v_user_message_id;
    v_answered := v_user_message_id;

    update public.conversations c
    set active_message_id = v_user_message_id, updated_at = v_now
    where c.id = v_conversation.id
    returning * into v_conversation;
  end if;

  insert into relay.generations (
    stream_id, user_id, conversation_id, bot_id, user_message_id, parent_id, leaf_id, model, worker_id,
    fence, lease_expires_at, started_at
  )
  values (
    relay_begin.stream_id, relay_begin.user_id, v_conversation.id, v_bot.id, v_user_message_id, v_answered,
    v_conversation.active_message_id, v_bot.model, relay_begin.worker_id,
    relay_begin.fence, v_now + make_interval(secs => lease_ms / 1000.0), v_now
  )
  returning * into v_generation;
  perform relay.count_up(('generations_started_total', '{}', 1)::relay.increment);

  return relay.admission_of(
    v_generation,
    (v_path -> 'messages') || case
      when prompt is null then '[]'::jsonb
      else jsonb_build_array(jsonb_build_object('role', 'user', 'content', prompt))
    end,
    v_rate || jsonb_build_object(
      'remaining', rate_limit - v_load.recent - 1,
      'reset_s', ceil(extract(epoch from coalesce(v_load.oldest, v_now) + interval '1 minute' - v_now))
    )
  );
end;
$$;

comment on function public.relay_begin(
  uuid, text, text, text, uuid, uuid, uuid, uuid, boolean, integer, integer, integer, integer, uuid
) is
  'Admits one generation or refuses it. outcome: admitted, with fence, bot and context; exists, the user''s own stream_id again; refused, with a code. The same fence again gets the same answer.';
revoke all on function public.relay_begin(
  uuid, text, text, text, uuid, uuid, uuid, uuid, boolean, integer, integer, integer, integer, uuid
) from public, anon, authenticated;
grant execute on function public.relay_begin(
  uuid, text, text, text, uuid, uuid, uuid, uuid, boolean, integer, integer, integer, integer, uuid
) to service_role;
