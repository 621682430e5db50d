-- A fold adds what happened to the counters; a scrape reads them.
create function relay.fold(batch integer default 20000) returns void
language plpgsql set search_path = '' as $$
begin
  -- One fold at a time, so that none waits; what another fold is taking appears at the next scrape.
  if not pg_try_advisory_xact_lock(7303, 0) then return; end if;
  with taken as (
    delete from relay.uncounted where ctid = any (array(select u.ctid from relay.uncounted u limit batch)) returning *
  ), observed as (
    select o.histogram, o.seconds
    from taken t, lateral (values
      ('first_token_seconds', t.first_token_ms / 1000.0), ('relay_overhead_seconds', t.overhead_ms / 1000.0),
      ('generation_duration_seconds', t.total_ms / 1000.0)
    ) as o (histogram, seconds)
    where o.seconds is not null
  ), buckets as materialized (
    select c.name, c.labels, b.up_to, lag(b.up_to, 1, '-Infinity') over (partition by c.name order by c.id) as above
    from relay.counters c, lateral (select (c.labels ->> 'le')::double precision as up_to) b
    where c.labels ? 'le'
  ), added as (
    select t.name, t.labels, sum(t.amount) as amount from taken t group by t.name, t.labels
    union all
    select k.name, jsonb_build_object('kind', k.kind), sum(k.tokens)
    from taken t, lateral (values
      ('tokens_total', 'prompt', t.prompt_tokens), ('tokens_total', 'completion', t.completion_tokens),
      ('tokens_total', 'cached', t.cached_tokens), ('tokens_total', 'reasoning', t.reasoning_tokens),
      ('estimated_tokens_total', 'prompt', t.estimated_prompt_tokens),
      ('estimated_tokens_total', 'completion', t.estimated_completion_tokens)
    ) as k (name, kind, tokens)
    where k.tokens > 0
    group by k.name, k.kind
    union all
    select 'cost_total', jsonb_build_object('basis', case when t.cost_is_estimated then 'estimate' else 'report' end),
      sum(t.cost)
    from taken t
    where t.cost > 0
    group by t.cost_is_estimated
    union all
    select o.histogram || '_sum', '{}', sum(o.seconds) from observed o group by o.histogram
    union all
    select b.name, b.labels, count(*) from buckets b
    join observed o on o.histogram || '_bucket' = b.name and o.seconds > b.above and o.seconds <= b.up_to
    group by b.name, b.labels
  )
  update relay.counters c set value = c.value + a.amount from added a
  where c.name = a.name and c.labels = a.labels and a.amount > 0;
end;
$$;
comment on function relay.fold is 'Takes what is uncounted, at most a batch, and adds it to the counters.';

create function public.relay_metrics() returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  perform relay.fold();
  return (
    select jsonb_agg(jsonb_build_object('name', m.name, 'labels', m.labels, 'value', m.value) order by m.id)
    from (
      select c.id, c.name, c.labels, c.value from relay.counters c
      union all
      select 10001, 'active_generations', '{}', count(*)
      from relay.generations g where g.status = 'running' and g.lease_expires_at > v_now
      union all
      select 10002, 'expired_generations', '{}', count(*)
      from relay.generations g where g.status = 'running' and g.lease_expires_at <= v_now
      union all
      select 10003, 'resting_providers', '{}', count(*) from relay.provider_health h where h.rests_until > v_now
      union all
      select 10004, 'database_bytes', '{}', pg_database_size(current_database())
    ) m
  );
end;
$$;
comment on function public.relay_metrics is 'Every counter, how many generations run or wait for a sweep, and how large the database is.';

-- One call for all refusals of some seconds: with a write for each, a refused client could make the database write at
-- will.
create function public.relay_count_refusals(
  codes text[], counts integer[], events text[] default '{}', lines integer[] default '{}'
) returns jsonb
language plpgsql set search_path = '' as $$
begin
  insert into relay.uncounted (name, labels, amount)
  select 'refusals_total', jsonb_build_object('code', r.code), r.times
  from unnest(codes, counts) as r (code, times)
  where r.times > 0
  union all
  select 'error_lines_total', jsonb_build_object('event', e.event), e.times
  from unnest(events, lines) as e (event, times)
  where e.times > 0;
  return '{}';
end;
$$;
comment on function public.relay_count_refusals is
  'Adds what a worker has refused, by code, and its log''s errors, by event; what is unknown is ignored.';
revoke all on function public.relay_metrics, public.relay_count_refusals from public, anon, authenticated;
grant execute on function public.relay_metrics, public.relay_count_refusals to service_role;
revoke all on all functions in schema relay from public, anon, authenticated;
grant execute on all functions in schema relay to service_role;
revoke all on function
  relay.schedule_sweep, relay.write_quietly, relay.reprice, relay.move_keys_to_vault, relay.store_key, relay.forget_key,
  relay.unused_key
from service_role;
