-- What the watchers of a worker need to know, one call a beat for all of them.
create function relay.view_of(user_id uuid, stream_id text, from_unit integer) returns jsonb
language plpgsql
set search_path = ''
as $$
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
    return jsonb_build_object(
      'generation', to_jsonb(v_generation) - 'fence',
      'start', (
        select min(c.start_at) from relay.chunks c where c.stream_id = v_generation.stream_id and c.end_at > from_unit
      ),
      'text', (
        select string_agg(c.content, '' order by c.start_at)
        from relay.chunks c
        where c.stream_id = v_generation.stream_id and c.end_at > from_unit
      )
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
    'start', 0,
    'text', v_message.content
  );
end;
$$;

comment on function relay.view_of(uuid, text, integer) is
  'A generation as its reader sees it: the text from an offset on while it runs, the whole message afterwards. Null: unknown, or another user''s.';
revoke all on function relay.view_of(uuid, text, integer) from public, anon, authenticated;
grant execute on function relay.view_of(uuid, text, integer) to service_role;

create function public.relay_read(user_ids uuid[], stream_ids text[], from_units integer[]) returns jsonb
language sql
set search_path = ''
as $$
  select coalesce(jsonb_agg(relay.view_of(w.user_id, w.stream_id, w.from_unit) order by w.place), '[]')
  from unnest(user_ids, stream_ids, from_units) with ordinality as w (user_id, stream_id, from_unit, place);
$$;

comment on function public.relay_read(uuid[], text[], integer[]) is
  'One view for each watcher, in their order.';
revoke all on function public.relay_read(uuid[], text[], integer[]) from public, anon, authenticated;
grant execute on function public.relay_read(uuid[], text[], integer[]) to service_role;
