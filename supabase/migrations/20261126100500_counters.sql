-- What /metrics shows: counters that outlive every worker. A scrape or a sweep folds what happened into them, so
-- that no start and no end of a generation waits for a counter.
create table relay.counters (
  id smallint generated always as identity primary key,
  name text not null, labels jsonb not null, value double precision not null default 0,
  constraint counters_are_named_once unique (name, labels),
  constraint counters_only_grow check (value >= 0)
) with (fillfactor = 50); -- With room on their own page the updates of a fold touch no index.

alter table relay.counters enable row level security;
revoke all on table relay.counters from public, anon, authenticated;
-- Workers may raise counters, not add any.
grant select, update on table relay.counters to service_role;
comment on table relay.counters is 'Every counter that there can be: what is not here is not counted.';
insert into relay.counters (name, labels)
select counter.name, '{}' from unnest(array[
  'generations_started_total', 'memories_started_total', 'titles_started_total', 'sweeps_total', 'swept_generations_total',
  'forgotten_generations_total', 'first_token_seconds_sum', 'generation_duration_seconds_sum', 'relay_overhead_seconds_sum'
]) as counter (name)
union all
select 'generations_ended_total', jsonb_strip_nulls(jsonb_build_object('outcome', o.outcome, 'code', e.code))
from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as o (outcome)
left join relay.error_codes() e on e.ends and o.outcome in ('failed', 'interrupted')
union all
select n.name, jsonb_strip_nulls(jsonb_build_object('outcome', o.outcome, 'code', e.code))
from unnest(array['memories_ended_total', 'titles_ended_total']) as n (name)
cross join unnest(array['completed', 'failed', 'interrupted']) as o (outcome)
left join relay.error_codes() e on e.ends and o.outcome <> 'completed'
union all
select 'generations_recovered_total', jsonb_build_object('outcome', o.outcome)
from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as o (outcome)
union all
select 'tries_total', jsonb_build_object('outcome', 'answered')
union all
select 'tries_total', jsonb_build_object('outcome', 'failed', 'code', e.code) from relay.error_codes() e where e.ends
union all
select 'tokens_total', jsonb_build_object('kind', kind)
from unnest(array['prompt', 'completion', 'cached', 'reasoning']) as kind
union all
select 'estimated_tokens_total', jsonb_build_object('kind', kind) from unnest(array['prompt', 'completion']) as kind
union all
select 'cost_total', jsonb_build_object('basis', basis) from unnest(array['report', 'estimate']) as basis
union all
select 'refusals_total', jsonb_build_object('code', e.code) from relay.error_codes() e
union all
select 'error_lines_total', jsonb_build_object('event', event)
from unnest(array[
  'background_work_failed', 'generation_finished', 'message_lost', 'read_refused', 'request_failed',
  'shutdown_listener_failed', 'text_refused', 'uncaught_error'
]) as event;

-- In the order of the ids the buckets of a histogram are in their order.
insert into relay.counters (name, labels)
select histogram || '_bucket', jsonb_build_object('le', le)
from (
  values
    ('first_token_seconds', '{0.1,0.25,0.5,1,2.5,5,10,20,30,60,+Inf}'::text[]),
    ('generation_duration_seconds', '{0.5,1,2.5,5,10,20,30,60,120,300,600,+Inf}'),
    ('relay_overhead_seconds', '{0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,10,+Inf}')
) as histograms (histogram, bounds), unnest(bounds) with ordinality as bound (le, index)
order by histogram, index;

create function relay.counter_of(kind text, event text) returns text
language plpgsql immutable set search_path = '' as $$
begin
  return case kind when 'memory' then 'memories' when 'title' then 'titles' else 'generations' end || '_' || event || '_total';
end;
$$;
comment on function relay.counter_of is 'Memories and titles have counters of their own: no user waits for one.';

create function relay.count_end(
  generation relay.generations, before relay.generations, reported relay.usage
) returns void
language plpgsql set search_path = '' as $$
declare
  v_is_answer constant boolean := generation.kind = 'answer';
  v_is_recovery constant boolean := before.status <> 'running';
begin
  -- A counter never falls: if a recovery cost less than a sweep has estimated, nothing is subtracted.
  insert into relay.uncounted (
    name, labels, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, estimated_prompt_tokens,
    estimated_completion_tokens, cost, cost_is_estimated, first_token_ms, overhead_ms, total_ms
  )
  values (
    relay.counter_of(generation.kind, case when v_is_recovery then 'recovered' else 'ended' end),
    jsonb_strip_nulls(jsonb_build_object(
      'outcome', generation.status, 'code', case when not v_is_recovery then generation.error_code end
    )),
    reported.prompt_tokens, reported.completion_tokens, reported.cached_tokens, reported.reasoning_tokens,
    case when reported.prompt_tokens is null
      then greatest(generation.prompt_tokens - coalesce(before.prompt_tokens, 0), 0) end,
    case when reported.completion_tokens is null
      then greatest(generation.completion_tokens - coalesce(before.completion_tokens, 0), 0) end,
    greatest(generation.cost - coalesce(before.cost, 0), 0), generation.usage_is_estimated,
    case when v_is_answer then generation.first_token_ms end, case when v_is_answer then generation.overhead_ms end,
    case when v_is_answer then 1000 * extract(epoch from generation.finished_at - generation.started_at) end
  );
end;
$$;
comment on function relay.count_end is 'Counts how a generation ended, and its figures; before: the row as it was.';
