-- A cancel is a row: the worker that runs the generation reads it with its next beat.
create function public.relay_cancel(user_id uuid, stream_id text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_generation relay.generations;
begin
  -- Nobody is left to stop a generation whose worker died.
  perform relay.close_expired(g.stream_id)
  from relay.generations g
  where g.stream_id = relay_cancel.stream_id and g.user_id = relay_cancel.user_id;

  select g.* into v_generation
  from relay.generations g
  where g.stream_id = relay_cancel.stream_id and g.user_id = relay_cancel.user_id
  for update;
  if not found then
    -- The row may be forgotten; the message tells how it ended.
    return (
      select jsonb_build_object(
        'status', case
          when m.finish_reason in ('cancelled', 'disconnected', 'interrupted') then m.finish_reason
          when m.is_complete then 'completed'
          else 'failed'
        end
      )
      from public.messages m
      where m.stream_id = relay_cancel.stream_id and m.user_id = relay_cancel.user_id
    );
  end if;
  -- An interrupted generation with a fence may have a worker that lives: it reads of the cancel, too.
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

comment on function public.relay_cancel(uuid, text) is
  'Asks for the end of the user''s generation: cancelling, or how it has ended already. Null: unknown, or another user''s.';
revoke all on function public.relay_cancel(uuid, text) from public, anon, authenticated;
grant execute on function public.relay_cancel(uuid, text) to service_role;
