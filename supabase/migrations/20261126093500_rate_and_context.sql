-- Steps of relay_begin: how much the user runs, a stream_id that is taken, and the context for the provider.

create function relay.load_of(
  user_id uuid, rate_limit integer, at timestamptz,
  out recent integer, out running integer, out rate jsonb, out next_rate jsonb
)
language plpgsql stable set search_path = '' as $$
declare
  v_oldest timestamptz;
begin
  select
    count(*) filter (where g.started_at > at - interval '1 minute'),
    count(*) filter (where g.status = 'running' and g.lease_expires_at > at),
    min(g.started_at) filter (where g.started_at > at - interval '1 minute')
  into recent, running, v_oldest
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
  'The user''s generations of the last minute, those that workers run, and the rate limit before and after one more.';

create function relay.known_stream(
  user_id uuid, stream_id text, fence uuid, max_context integer, context_is_given boolean, rate jsonb
) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_generation relay.generations;
  v_owner uuid;
  v_context jsonb;
  v_admission jsonb;
begin
  select g.* into v_generation from relay.generations g where g.stream_id = known_stream.stream_id;
  v_owner := coalesce(
    v_generation.user_id, (select m.user_id from public.messages m where m.stream_id = known_stream.stream_id)
  );
  if v_owner is null then
    return null;
  end if;
  -- The same worker asks again, because the answer got lost: the answer is the same.
  if v_owner = known_stream.user_id and v_generation.status = 'running' and v_generation.fence = known_stream.fence then
    if not context_is_given then
      v_context := relay.context_of(
        v_generation.parent_id, max_context,
        steps => relay.count_up(v_generation.parent_id, v_generation.context_start)
      );
      if not (v_context ->> 'fits')::boolean then
        return relay.refusal('payload_too_large', rate, jsonb_build_object('characters', v_context -> 'characters'));
      end if;
    end if;
    v_admission := relay.admission_of(v_generation, v_context -> 'messages', rate);
  end if;
  return coalesce(v_admission, jsonb_build_object(
    'outcome', case when v_owner = known_stream.user_id then 'exists' else 'refused' end,
    'code', 'stream_id_taken', 'rate', rate
  ));
end;
$$;
comment on function relay.known_stream is 'What relay_begin answers to a stream_id that is taken; null: it is free.';

-- A path that does not fit is counted, up to the most that can ever fit, and none of its text is put together.
create function relay.context_of(
  leaf_id relay.message_id, max_characters integer, prompt text default null, max_messages integer default 10000,
  counted_characters integer default 4000000, steps integer default null
) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_length constant bigint := length(coalesce(prompt, ''));
begin
  return (
    with recursive path as (
      select m.parent_id, m.content, m.is_user_author, 1 as step, v_length + length(m.content) as characters
      from public.messages m
      where m.id = leaf_id and steps is distinct from 0
      union all
      select m.parent_id, m.content, m.is_user_author, path.step + 1, path.characters + length(m.content)
      from path
      join public.messages m on m.id = path.parent_id
      where path.characters <= greatest(max_characters, counted_characters)
        and path.step < least(steps, max_messages + 1)
    ), total as (
      select
        coalesce(max(path.characters), v_length) as characters,
        coalesce(max(path.characters) <= max_characters and max(path.step) <= max_messages, true) as fits
      from path
    ), sent as (
      select path.step, path.content, case when path.is_user_author then 'user' else 'assistant' end as role
      from path
      where path.content <> ''
      union all
      select 0, prompt, 'user' where prompt is not null
    )
    select jsonb_build_object('characters', t.characters, 'fits', t.fits, 'messages', case when t.fits then (
      select coalesce(jsonb_agg(jsonb_build_object('role', s.role, 'content', s.content) order by s.step desc), '[]')
      from sent s
    ) end, 'bytes', case when t.fits then (
      select coalesce(sum(octet_length(s.content) + 12), 0) from sent s
    ) end)
    from total t
  );
end;
$$;
comment on function relay.context_of is
  'The messages from the root to the leaf, and the prompt, as a provider takes them; null where they do not keep the '
  'limits. How many characters they have, counted until there are too many for any request, and how many bytes.';
