-- What readers ask about a generation, on whichever worker it runs.

create function relay.view_of(
  user_id uuid, stream_id text, from_unit integer, max_units integer, is_noted boolean
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_nothing constant jsonb := '{"start": null, "end": null, "text": null, "more": false}';
  v_generation relay.generations;
  v_message public.messages;
  v_content text;
  v_start integer;
  v_readable integer;
  v_more boolean;
  v_text jsonb;
begin
  perform relay.close_expired(g.stream_id)
  from relay.generations g
  where g.stream_id = view_of.stream_id and g.user_id = view_of.user_id and g.status = 'running'
    and g.lease_expires_at < clock_timestamp();

  select g.* into v_generation
  from relay.generations g
  where g.stream_id = view_of.stream_id and g.user_id = view_of.user_id and g.kind = 'answer';
  if v_generation.status = 'running' then
    v_readable := relay.readable_units(v_generation, is_noted);
    if v_readable < v_generation.text_units then
      v_generation.text_units := v_readable;
      max_units := least(max_units, v_readable - from_unit);
    end if;
    if v_generation.text_units > from_unit and max_units > 0 then
      -- By the key, beginning with the chunk that has the offset: a story of ten minutes has hundreds of chunks.
      select min(c.start_at), string_agg(c.content, '' order by c.start_at) into v_start, v_content
      from relay.chunks c
      where c.stream_id = v_generation.stream_id and c.start_at < from_unit + max_units and c.start_at >= (
        select max(f.start_at) from relay.chunks f
        where f.stream_id = v_generation.stream_id and f.start_at <= from_unit
      );
    end if;
    v_text := case
      when v_content is null then v_nothing else relay.text_from(v_content, v_start, from_unit, max_units)
    end;
    return jsonb_build_object('generation', relay.exact_ids(to_jsonb(v_generation) - 'fence')) || v_text
      || jsonb_build_object('more', v_generation.text_units > coalesce((v_text ->> 'end')::integer, from_unit));
  end if;

  -- The message outlives the generation's row, and can be deleted before it.
  select m.* into v_message
  from public.messages m
  where m.stream_id = view_of.stream_id and m.user_id = view_of.user_id;
  if v_generation.stream_id is null and v_message.id is null then
    return null;
  end if;
  -- Read from storage once, and only if it can reach beyond the offset: no character has more units than bytes.
  v_more := octet_length(v_message.content) > from_unit;
  if v_more and max_units > 0 then
    v_content := v_message.content || '';
  end if;
  v_message.content := '';
  return jsonb_build_object(
    'generation', case
      when v_generation.stream_id is not null then relay.exact_ids(to_jsonb(v_generation) - 'fence')
    end,
    'message', case when v_message.id is not null then relay.exact_ids(to_jsonb(v_message) - 'content') end
  ) || case
    when v_content is not null then relay.text_from(v_content, 0, from_unit, max_units)
    else v_nothing || jsonb_build_object('more', coalesce(v_more, false))
  end;
end;
$$;
comment on function relay.view_of is
  'A generation with its text from an offset on, once ended with its message. Null: unknown, or another user''s.';

-- The readers of one call share its units, in their order; "more" says which of them has to ask again.
create function public.relay_read(
  user_ids uuid[], stream_ids text[], from_units integer[], max_units integer default 262144
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_left integer := max_units;
  v_noted text[];
  v_view jsonb;
  v_views jsonb[] := '{}';
begin
  -- Notes how far a reader was sent the text, and no cancel cuts that off. Rows are locked in the order of a beat, to
  -- avoid deadlocks. Expired generations are left to the sweep, which no reader waits for.
  v_noted := array(
    select g.stream_id from relay.generations g
    where g.stream_id = any (stream_ids) and g.user_id = any (user_ids) and g.status = 'running'
      and g.text_units > g.read_units and g.lease_expires_at >= clock_timestamp()
    order by g.stream_id for no key update
  );
  for v_index in 1 .. cardinality(stream_ids) loop
    v_view := relay.view_of(
      user_ids[v_index], stream_ids[v_index], from_units[v_index], v_left, stream_ids[v_index] = any (v_noted)
    );
    v_left := v_left - coalesce((v_view ->> 'end')::integer - (v_view ->> 'start')::integer, 0);
    update relay.generations g set read_units = (v_view ->> 'end')::integer
    where g.stream_id = stream_ids[v_index] and g.stream_id = any (v_noted)
      and g.status = 'running' and g.read_units < (v_view ->> 'end')::integer;
    v_views[v_index] := v_view;
  end loop;
  return to_jsonb(v_views);
end;
$$;
comment on function public.relay_read is
  'One view for each reader of a worker, in their order, with at most max_units UTF-16 units of text in all.';
revoke all on function public.relay_read from public, anon, authenticated;
grant execute on function public.relay_read to service_role;
