-- Steps of relay_begin: how much the user runs, and a stream_id that is taken.

create function relay.load_of(
  user_id uuid, rate_limit integer, at timestamptz,
  out recent integer, out running integer, out has_expired boolean, out rate jsonb, out next_rate jsonb
)
language plpgsql stable set search_path = '' as $$
declare
  v_oldest timestamptz;
begin
  select
    count(*) filter (where g.kind = 'answer' and g.started_at > at - interval '1 minute'),
    count(*) filter (where g.kind = 'answer' and g.status = 'running' and g.lease_expires_at > at),
    coalesce(bool_or(g.status = 'running' and g.lease_expires_at < at), false),
    min(g.started_at) filter (where g.kind = 'answer' and g.started_at > at - interval '1 minute')
  into recent, running, has_expired, v_oldest
  from relay.generations g
  where g.user_id = load_of.user_id and (g.started_at > at - interval '1 minute' or g.status = 'running');

  rate := jsonb_build_object(
    'limit', rate_limit, 'remaining', greatest(rate_limit - recent, 0),
    'reset_s', coalesce(ceil(extract(epoch from v_oldest + interval '1 minute' - at)), 0)
  );
  next_rate := jsonb_build_object(
    'limit', rate_limit, 'remaining', rate_limit - recent - 1,
    'reset_s', ceil(extract(epoch from coalesce(v_oldest, at) + interval '1 minute' - at))
  );
end;
$$;
comment on function relay.load_of(uuid, integer, timestamptz) is
  'The user''s answers of the last minute, those that workers run, whether dead workers left anything behind, and the '
  'rate limit before and after one more.';

create function relay.over_limit(
  recent integer, rate_limit integer, running integer, max_concurrent integer, rate jsonb
) returns jsonb
language plpgsql immutable set search_path = '' as $$
begin
  return case
    when recent >= rate_limit then relay.refusal('rate_limited', rate, jsonb_build_object(
      'retry_after_s', greatest((rate ->> 'reset_s')::integer, 1)
    ))
    when running >= max_concurrent then relay.refusal('too_many_streams', rate, jsonb_build_object(
      'retry_after_s', 5, 'limit', max_concurrent
    ))
  end;
end;
$$;
comment on function relay.over_limit is 'The refusal of one generation more than a user may begin or run; null: none.';

create function relay.known_stream(
  user_id uuid, stream_id text, fence uuid, max_context integer, context_is_given boolean, rate jsonb
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_generation relay.generations;
  v_owner uuid;
  v_bot public.bots;
  v_context jsonb;
  v_admission jsonb;
begin
  if not exists (
    select 1 from relay.generations g where g.stream_id = known_stream.stream_id
    union all
    select 1 from public.messages m where m.stream_id = known_stream.stream_id
  ) then
    return null;
  end if;
  select g.* into v_generation from relay.generations g where g.stream_id = known_stream.stream_id;
  v_owner := coalesce(
    v_generation.user_id, (select m.user_id from public.messages m where m.stream_id = known_stream.stream_id)
  );
  -- The same worker asks again, because the answer got lost: the answer is the same.
  if v_owner = known_stream.user_id and v_generation.status = 'running' and v_generation.kind = 'answer'
    and v_generation.fence = known_stream.fence then
    if not context_is_given then
      v_context := relay.context_of(
        v_generation.parent_id, max_context, answering => v_generation.bot_id,
        steps => relay.count_up(v_generation.parent_id, v_generation.context_start),
        continued => case when v_generation.continued_units > 0 then relay.text_of(v_generation.stream_id) end
      );
      if not (v_context ->> 'fits')::boolean then
        return relay.refusal('payload_too_large', rate, jsonb_build_object('characters', v_context -> 'characters'));
      end if;
    end if;
    select b.* into v_bot from public.bots b where b.id = v_generation.bot_id;
    if found then
      v_bot.system_prompt := relay.with_instructions(v_bot.system_prompt, v_generation.instructions);
      v_admission := relay.admission_of(v_generation, v_bot, v_context -> 'messages', rate);
    end if;
  end if;
  return coalesce(v_admission, jsonb_build_object(
    'outcome', case
      when v_owner = known_stream.user_id and coalesce(v_generation.kind, 'answer') = 'answer' then 'exists' else 'refused'
    end,
    'code', 'stream_id_taken', 'rate', rate
  ));
end;
$$;
comment on function relay.known_stream is 'What relay_begin answers to a stream_id that is taken; null: it is free.';
