begin;
select plan(3);

select set_eq(
  $$ select distinct s ->> 'name' from jsonb_array_elements(public.relay_metrics()) s $$,
  array[
    'generations_started_total', 'generations_ended_total', 'generations_recovered_total', 'tokens_total',
    'first_token_seconds_bucket', 'first_token_seconds_sum', 'generation_duration_seconds_bucket',
    'generation_duration_seconds_sum', 'relay_overhead_seconds_bucket', 'relay_overhead_seconds_sum', 'refusals_total',
    'sweeps_total', 'swept_generations_total', 'forgotten_generations_total', 'active_generations',
    'expired_generations'
  ], 'these are all'
);
select is(tests.all_counted(), '{}', 'each stands at zero');
select results_eq(
  $$ select s.name, array_agg((s.labels ->> 'le')::float8 order by s.id) from relay.series s
    where s.name like '%\_bucket' group by s.name $$,
  $$ select s.name, array_agg((s.labels ->> 'le')::float8 order by (s.labels ->> 'le')::float8) from relay.series s
    where s.name like '%\_bucket' group by s.name $$,
  'buckets come in the order of their bounds'
);

select * from finish();
rollback;
