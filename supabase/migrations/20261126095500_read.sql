-- What is read: the context for the provider, a stream_id that is taken, and the view of a reader.

-- Rows that a client inserts in one statement can form a ring, so the walk is bounded by its length and by its steps.
create function relay.context_of(
  leaf_id uuid, max_characters integer, prompt text default null, max_messages integer default 10000
) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_length constant bigint := length(coalesce(prompt, ''));
begin
  return (
    with recursive path as (
      select m.parent_id, m.content, m.is_user_author, 1 as step, v_length + length(m.content) as characters
      from public.messages m
      where m.id = leaf_id
      union all
      select m.parent_id, m.content, m.is_user_author, path.step + 1, path.characters + length(m.content)
      from path
      join public.messages m on m.id = path.parent_id
      where path.characters <= max_characters and path.step <= max_messages
    ), sent as (
      select path.step, path.content, case when path.is_user_author then 'user' else 'assistant' end as role
      from path
      where path.content <> ''
      union all
      select 0, prompt, 'user' where prompt is not null
    )
    select jsonb_build_object(
      'characters', coalesce(max(path.characters), v_length),
      'fits', coalesce(max(path.characters) <= max_characters and max(path.step) <= max_messages, true),
      'messages', (
        select coalesce(jsonb_agg(jsonb_build_object('role', s.role, 'content', s.content) order by s.step desc), '[]')
        from sent s
      )
    )
    from path
  );
end;
$$;
comment on function relay.context_of is
  'The messages from the root to the leaf, and the prompt, as a provider takes them, and whether they keep the limits.';

create function relay.known_stream(user_id uuid, stream_id text, fence uuid, max_context integer, rate jsonb)
returns jsonb language plpgsql stable set search_path = '' as $$
declare
  v_generation relay.generations;
  v_owner uuid;
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
    v_admission := relay.admission_of(
      v_generation, relay.context_of(v_generation.parent_id, max_context) -> 'messages', rate
    );
  end if;
  return coalesce(v_admission, jsonb_build_object(
    'outcome', case when v_owner = known_stream.user_id then 'exists' else 'refused' end,
    'code', 'stream_id_taken', 'rate', rate
  ));
end;
$$;
comment on function relay.known_stream is 'What relay_begin answers to a stream_id that is taken; null: it is free.';

create function relay.view_of(user_id uuid, stream_id text, from_unit integer) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_generation relay.generations;
  v_message public.messages;
begin
  perform relay.close_expired(g.stream_id)
  from relay.generations g
  where g.stream_id = view_of.stream_id and g.user_id = view_of.user_id and g.status = 'running'
    and g.lease_expires_at < clock_timestamp();

  select g.* into v_generation
  from relay.generations g
  where g.stream_id = view_of.stream_id and g.user_id = view_of.user_id;
  if v_generation.status = 'running' then
    return (
      select jsonb_build_object(
        'generation', to_jsonb(v_generation) - 'fence',
        'start', min(c.start_at), 'text', string_agg(c.content, '' order by c.start_at)
      )
      from relay.chunks c
      where c.stream_id = v_generation.stream_id and c.end_at > from_unit
    );
  end if;

  -- The message outlives the generation's row, and its own deletion is not the end of that row.
  select m.* into v_message
  from public.messages m
  where m.stream_id = view_of.stream_id and m.user_id = view_of.user_id;
  if v_generation.stream_id is null and v_message.id is null then
    return null;
  end if;
  return jsonb_build_object(
    'generation', case when v_generation.stream_id is not null then to_jsonb(v_generation) - 'fence' end,
    'message', case when v_message.id is not null then to_jsonb(v_message) - 'content' end,
    'start', 0, 'text', v_message.content
  );
end;
$$;
comment on function relay.view_of is
  'A generation with its text from an offset on, once ended with its message. Null: unknown, or another user''s.';

create function public.relay_read(user_ids uuid[], stream_ids text[], from_units integer[]) returns jsonb
language sql set search_path = '' as $$
  select coalesce(jsonb_agg(relay.view_of(r.user_id, r.stream_id, r.from_unit) order by r.index), '[]')
  from unnest(user_ids, stream_ids, from_units) with ordinality as r (user_id, stream_id, from_unit, index)
$$;
comment on function public.relay_read is 'One view for each reader of a worker, in their order.';
revoke all on function public.relay_read from public, anon, authenticated;
grant execute on function public.relay_read to service_role;
