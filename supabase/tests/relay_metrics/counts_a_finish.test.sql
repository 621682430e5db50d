begin;
select plan(2);

select tests.given_tale('owner');
select tests.given_generation('first', 'owner');
select tests.back_date('first', interval '7 seconds');
select tests.call_finish(
  'first', prompt_tokens => 10, completion_tokens => 3, total_tokens => 13, first_token_ms => 250, overhead_ms => 12
);

select is(
  tests.all_counted() - 'generation_duration_seconds_sum',
  '{
    "generations_ended_total{\"outcome\": \"completed\"}": 1,
    "tokens_total{\"kind\": \"prompt\"}": 10,
    "tokens_total{\"kind\": \"completion\"}": 3,
    "first_token_seconds_sum": 0.25,
    "first_token_seconds_bucket{\"le\": \"0.25\"}": 1,
    "generation_duration_seconds_bucket{\"le\": \"10\"}": 1,
    "relay_overhead_seconds_sum": 0.012,
    "relay_overhead_seconds_bucket{\"le\": \"0.025\"}": 1
  }',
  'outcome, tokens and times'
);
select is(
  tests.counted('generation_duration_seconds_sum'),
  extract(epoch from g.finished_at - g.started_at)::double precision, 'the duration is that of its row'
) from relay.generations g;

select * from finish();
rollback;
