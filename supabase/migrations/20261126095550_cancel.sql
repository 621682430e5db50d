-- What a cancel asks of a generation, on whichever worker it runs.
create function public.relay_cancel(user_id uuid, stream_id text, at integer default null) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_generation relay.generations;
begin
  -- If its worker died, only this call can end it.
  perform relay.close_expired(g.stream_id) from relay.generations g
  where g.stream_id = relay_cancel.stream_id and g.user_id = relay_cancel.user_id;
  select g.* into v_generation from relay.generations g
  where g.stream_id = relay_cancel.stream_id and g.user_id = relay_cancel.user_id and g.kind = 'answer'
  for update;
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
  -- The worker of an interrupted generation with a fence may be alive: its beat learns of the cancel, too.
  if v_generation.fence is not null then
    update relay.generations g
    set
      cancel_requested_at = coalesce(g.cancel_requested_at, clock_timestamp()),
      -- The first cancel counts, and what a sweep has stored is not cut any more.
      cancel_at = case
        when g.cancel_requested_at is null and g.status = 'running' then relay_cancel.at else g.cancel_at
      end
    where g.stream_id = relay_cancel.stream_id;
  end if;
  return jsonb_build_object(
    'status', case v_generation.status when 'running' then 'cancelling' else v_generation.status end
  );
end;
$$;
comment on function public.relay_cancel is
  'Asks for the end of the user''s generation, at an offset or with all that came: cancelling, or how it has ended. '
  'Null: unknown, or another user''s.';
revoke all on function public.relay_cancel from public, anon, authenticated;
grant execute on function public.relay_cancel to service_role;
