begin;
select plan(3);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');
select tests.call_sweep();
create temp table before as select tests.all_counted() as counted;
select tests.call_finish(
  'first', 'Once upon a time.', prompt_tokens => 10, completion_tokens => 3, first_token_ms => 250, overhead_ms => 12
);

select is(
  (
    select jsonb_object_agg(key, value) from jsonb_each(tests.all_counted())
    where key not like 'generation_duration_seconds%' and not counted ? key
  ),
  '{
    "generations_recovered_total{\"outcome\": \"completed\"}": 1,
    "tokens_total{\"kind\": \"prompt\"}": 10,
    "tokens_total{\"kind\": \"completion\"}": 3,
    "first_token_seconds_sum": 0.25,
    "first_token_seconds_bucket{\"le\": \"0.25\"}": 1,
    "relay_overhead_seconds_sum": 0.012,
    "relay_overhead_seconds_bucket{\"le\": \"0.025\"}": 1
  }'::jsonb,
  'it brings what only it knew'
) from before;
select is(tests.all_counted() @> counted, true, 'what the sweep has counted stays') from before;
select is(tests.counted('generation_duration_seconds_bucket', '{"le": "20"}'), 1::float8, 'its duration among it');

select * from finish();
rollback;
