-- What readers and cancels ask about a generation, on whichever worker it runs.

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
        'generation', relay.exact_ids(to_jsonb(v_generation) - 'fence'),
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
    'generation', case
      when v_generation.stream_id is not null then relay.exact_ids(to_jsonb(v_generation) - 'fence')
    end,
    'message', case when v_message.id is not null then relay.exact_ids(to_jsonb(v_message) - 'content') end,
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

create function public.relay_cancel(user_id uuid, stream_id text) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_generation relay.generations;
begin
  -- If its worker died, only this call can end it.
  perform relay.close_expired(g.stream_id) from relay.generations g
  where g.stream_id = relay_cancel.stream_id and g.user_id = relay_cancel.user_id;
  select g.* into v_generation from relay.generations g
  where g.stream_id = relay_cancel.stream_id and g.user_id = relay_cancel.user_id for update;
  if not found then
    -- The row may be pruned; its message says how it ended.
    return (
      select jsonb_build_object('status', case
        when m.finish_reason in ('cancelled', 'disconnected', 'interrupted') then m.finish_reason
        when m.is_complete then 'completed'
        else 'failed'
      end)
      from public.messages m
      where m.stream_id = relay_cancel.stream_id and m.user_id = relay_cancel.user_id
    );
  end if;
  -- An interrupted generation with a fence may have a worker that lives: its beat learns of the cancel, too.
  if v_generation.fence is not null then
    update relay.generations g
    set cancel_requested_at = coalesce(g.cancel_requested_at, clock_timestamp())
    where g.stream_id = relay_cancel.stream_id;
  end if;
  return jsonb_build_object(
    'status', case v_generation.status when 'running' then 'cancelling' else v_generation.status end
  );
end;
$$;
comment on function public.relay_cancel is
  'Asks for the end of the user''s generation: cancelling, or how it has ended. Null: unknown, or another user''s.';
revoke all on function public.relay_cancel from public, anon, authenticated;
grant execute on function public.relay_cancel to service_role;
