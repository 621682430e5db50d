-- The end of what nobody ends: generations of dead workers, and rows that nobody asks for any more.
create function public.relay_sweep(
  user_id uuid default null,
  retention interval default interval '30 days',
  batch integer default 500
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  -- A variable, because no index is asked with the clock itself: it would have another value for each row.
  v_now timestamptz := clock_timestamp();
  v_closed integer;
  v_pruned integer;
begin
  with expired as (
    select g.stream_id
    from relay.generations g
    where g.status = 'running'
      and g.lease_expires_at < v_now
      and (relay_sweep.user_id is null or g.user_id = relay_sweep.user_id)
    order by g.lease_expires_at
    limit batch
  )
  select count(*) filter (where relay.close_expired(e.stream_id)) into v_closed from expired e;

  -- A message is found by its stream_id for ever; what is forgotten is how a generation without text ended.
  with old as (
    select g.stream_id
    from relay.generations g
    where g.status <> 'running'
      and g.finished_at < v_now - retention
      and (relay_sweep.user_id is null or g.user_id = relay_sweep.user_id)
    order by g.finished_at
    limit batch
    for update skip locked
  ), pruned as (
    delete from relay.generations g using old where g.stream_id = old.stream_id returning 1
  )
  select count(*) into v_pruned from pruned;

  perform relay.count_up(
    ('sweeps_total', '{}', 1)::relay.increment,
    ('swept_generations_total', '{}', v_closed)::relay.increment,
    ('forgotten_generations_total', '{}', v_pruned)::relay.increment
  );

  return jsonb_build_object('closed', v_closed, 'pruned', v_pruned);
end;
$$;

comment on function public.relay_sweep(uuid, interval, integer) is
  'Closes generations whose lease ran out, as interrupted, and forgets those that ended before the retention; of one user or of all.';
revoke all on function public.relay_sweep(uuid, interval, integer) from public, anon, authenticated;
grant execute on function public.relay_sweep(uuid, interval, integer) to service_role;

create index generations_by_end on relay.generations (finished_at) where status <> 'running';

create function relay.schedule_sweep() returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select 1 from pg_catalog.pg_extension e where e.extname = 'pg_cron') then
    return false;
  end if;
  execute $sql$ select cron.schedule('storytellr-relay-sweep', '10 seconds', 'select public.relay_sweep()') $sql$;
  return true;
end;
$$;

comment on function relay.schedule_sweep() is
  'Has pg_cron sweep every ten seconds; false where that extension is not installed. To be called again once it is.';
revoke all on function relay.schedule_sweep() from public, anon, authenticated, service_role;

-- Without pg_cron, begin, read and cancel sweep what they touch.
select relay.schedule_sweep();
