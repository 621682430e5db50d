-- Ends the generations that no worker ends, and prunes rows that are not needed any more.
create function public.relay_sweep(
  user_id uuid default null, retention interval default interval '30 days', batch integer default 500
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  -- A variable, because clock_timestamp() changes from row to row, so no index would be used with it.
  v_now timestamptz := clock_timestamp();
  v_closed integer;
  v_pruned integer;
begin
  with expired as (
    select g.stream_id
    from relay.generations g
    where g.status = 'running' and g.lease_expires_at < v_now
      and (relay_sweep.user_id is null or g.user_id = relay_sweep.user_id)
    order by g.lease_expires_at
    limit batch
  )
  select count(*) filter (where relay.close_expired(e.stream_id)) into v_closed from expired e;

  -- A message keeps its stream_id for ever; only the ending of a generation without text is lost.
  with old as (
    select g.stream_id
    from relay.generations g
    where g.status <> 'running' and g.finished_at < v_now - retention
      and (relay_sweep.user_id is null or g.user_id = relay_sweep.user_id)
    order by g.finished_at
    limit batch
    for update skip locked
  ), pruned as (
    delete from relay.generations g using old where g.stream_id = old.stream_id returning 1
  )
  select count(*) into v_pruned from pruned;
  perform relay.merge_days();
  perform relay.forget_models(v_now - retention, batch), relay.forget_tries(v_now, batch)
  where relay_sweep.user_id is null;

  insert into relay.uncounted (name, amount)
  values ('sweeps_total', 1), ('swept_generations_total', v_closed), ('forgotten_generations_total', v_pruned);
  perform relay.fold();
  return jsonb_build_object('closed', v_closed, 'pruned', v_pruned);
end;
$$;
comment on function public.relay_sweep is
  'Closes generations whose lease ran out and prunes those that ended before the retention, of one user or of all.';
revoke all on function public.relay_sweep from public, anon, authenticated;
grant execute on function public.relay_sweep to service_role;
