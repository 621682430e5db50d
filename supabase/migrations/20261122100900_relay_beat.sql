-- One call a second for all generations of a worker, whatever their number.
create function public.relay_beat(stream_ids text[], fences uuid[], lease_ms integer) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_cancelled text[];
  v_held text[];
begin
  -- In one order, or two workers that hold rows of the same set would wait for each other for ever.
  perform 1
  from relay.generations g
  where g.stream_id = any (stream_ids)
  order by g.stream_id
  for update;

  with renewed as (
    update relay.generations g
    set lease_expires_at = clock_timestamp() + make_interval(secs => lease_ms / 1000.0)
    from unnest(stream_ids, fences) as beaten (stream_id, fence)
    where g.stream_id = beaten.stream_id and g.fence = beaten.fence and g.status = 'running'
    returning g.stream_id, g.cancel_requested_at
  )
  select array_agg(r.stream_id), array_agg(r.stream_id) filter (where r.cancel_requested_at is not null)
  into v_held, v_cancelled
  from renewed r;

  return jsonb_build_object(
    'cancelled', to_jsonb(coalesce(v_cancelled, '{}')),
    'lost', (
      select coalesce(jsonb_agg(beaten.stream_id), '[]')
      from unnest(stream_ids) as beaten (stream_id)
      where beaten.stream_id <> all (coalesce(v_held, '{}'))
    )
  );
end;
$$;

comment on function public.relay_beat(text[], uuid[], integer) is
  'Renews the leases of a worker''s generations; answers which were cancelled, and which are not this worker''s to run any more.';
revoke all on function public.relay_beat(text[], uuid[], integer) from public, anon, authenticated;
grant execute on function public.relay_beat(text[], uuid[], integer) to service_role;
