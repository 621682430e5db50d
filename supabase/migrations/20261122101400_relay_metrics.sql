-- How the counters are read, and what reaches them from outside of the transactions that they count.
create function public.relay_metrics() returns jsonb
language sql stable
set search_path = ''
as $$
  with counted as (
    select s.id, s.name, s.labels, coalesce(sum(c.value), 0) as value
    from relay.series s
    left join relay.counters c on c.series_id = s.id
    group by s.id
  ), running as (
    -- By the partial index of what runs: the history is not looked at.
    select
      count(*) filter (where g.lease_expires_at > clock_timestamp()) as active,
      count(*) filter (where g.lease_expires_at <= clock_timestamp()) as expired
    from relay.generations g
    where g.status = 'running'
  )
  select
    jsonb_agg(jsonb_build_object('name', c.name, 'labels', c.labels, 'value', c.value) order by c.id)
    || jsonb_build_array(
      jsonb_build_object('name', 'active_generations', 'labels', '{}'::jsonb, 'value', r.active),
      jsonb_build_object('name', 'expired_generations', 'labels', '{}'::jsonb, 'value', r.expired)
    )
  from counted c, running r
  group by r.active, r.expired;
$$;

comment on function public.relay_metrics() is
  'Every counter, those at zero too, and how many generations run: with a good lease, or without one and waiting for a sweep.';
revoke all on function public.relay_metrics() from public, anon, authenticated;
grant execute on function public.relay_metrics() to service_role;

-- Most refusals never reach the database, and one that does should not cost it a write: else whoever is refused could
-- make it write as often as they like. So a worker counts all of its refusals, and brings them from time to time.
create function public.relay_count_refusals(codes text[], counts integer[]) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  perform relay.count_up(variadic array(
    select ('refusals_total', jsonb_build_object('code', r.code), r.times)::relay.increment
    from unnest(codes, counts) as r (code, times)
  ));
  return '{}';
end;
$$;

comment on function public.relay_count_refusals(text[], integer[]) is
  'Adds what a worker has refused since it last said so, by code; a code that the relay does not have is left out.';
revoke all on function public.relay_count_refusals(text[], integer[]) from public, anon, authenticated;
grant execute on function public.relay_count_refusals(text[], integer[]) to service_role;
