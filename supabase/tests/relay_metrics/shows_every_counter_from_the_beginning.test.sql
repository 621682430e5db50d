begin; select plan(6);
select tests.set_others_aside();
select set_eq(
  $$ select distinct s ->> 'name' from jsonb_array_elements(public.relay_metrics()) s $$,
  array[
    'generations_started_total', 'generations_ended_total', 'generations_recovered_total', 'tokens_total',
    'estimated_tokens_total', 'cost_total',
    'first_token_seconds_bucket', 'first_token_seconds_sum', 'generation_duration_seconds_bucket',
    'generation_duration_seconds_sum', 'relay_overhead_seconds_bucket', 'relay_overhead_seconds_sum', 'refusals_total',
    'sweeps_total', 'swept_generations_total', 'forgotten_generations_total', 'active_generations',
    'expired_generations', 'memories_started_total', 'titles_started_total', 'memories_ended_total',
    'titles_ended_total', 'tries_total', 'resting_providers', 'error_lines_total', 'database_bytes'
  ], 'these are all'
);
select is(tests.all_counted(), '{}', 'each stands at zero');
select results_eq(
  $$ select name, array_agg((labels ->> 'le')::float8 order by id) from relay.counters
    where labels ? 'le' group by name $$,
  $$ select name, array_agg((labels ->> 'le')::float8 order by (labels ->> 'le')::float8) from relay.counters
    where labels ? 'le' group by name $$,
  'buckets come in the order of their bounds'
);

-- Each end that the constraints allow has a counter.
create temp table ends as
select status, e.code
from (
  select word[1] as status
  from pg_catalog.pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''(\w+)''::text', 'g') as word
  where c.conname = 'generations_status_is_known'
) known
left join relay.error_codes() e on e.ends and status in ('failed', 'interrupted')
where status <> 'running';
select is((select count(*) from ends), 27::bigint, 'so many ends a generation can have');
select set_eq(
  $$ select labels from relay.counters where name = 'generations_ended_total' $$,
  $$ select jsonb_strip_nulls(jsonb_build_object('outcome', status, 'code', code)) from ends $$, 'each has one'
);
select set_eq(
  $$ select labels ->> 'outcome' from relay.counters where name = 'generations_recovered_total' $$,
  'select status from ends', 'so has each outcome that a worker may store after a sweep'
);

select * from finish(); rollback;
