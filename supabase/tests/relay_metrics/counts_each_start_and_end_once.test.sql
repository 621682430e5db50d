begin; select plan(12);
select tests.given_tale('owner');
savepoint start;

-- Starts.
select tests.make_user('stranger');
select tests.call_begin('owner', 'first', fence => 'a');
select is(tests.all_counted() ->> 'generations_started_total', '1', 'an admission counts');
select tests.call_begin('owner', 'first', fence => 'a');
select is(tests.all_counted() ->> 'generations_started_total', '1', 'its repetition does not');
select tests.call_begin('owner', 'first', fence => 'b');
select is(tests.all_counted() ->> 'generations_started_total', '1', 'nor does a request that reads it');
select tests.call_begin('owner', 'second', rate_limit => 1);
select tests.call_begin('stranger', 'third');
select is(
  tests.all_counted(), '{"active_generations": 1, "generations_started_total": 1}',
  'a refusal counts nothing: its worker does'
);

rollback to start; -- Ends.
select tests.given_generation('first', 'owner');
select tests.given_generation('second', 'owner');
select tests.call_finish('first', prompt_tokens => 10, first_token_ms => 250, overhead_ms => 12);
create temp table before as select tests.all_counted() as counted;
select tests.call_finish('first', prompt_tokens => 10, fence => tests.id('fence of first'));
select is(tests.all_counted(), counted, 'not a repeated one') from before;
select tests.call_finish('second', prompt_tokens => 10, fence => tests.id('another'));
select is(tests.all_counted(), counted, 'not one with a foreign fence') from before;
select tests.call_finish('third', prompt_tokens => 10);
select is(tests.all_counted(), counted, 'not one of an unknown generation') from before;
select tests.call_finish('second', prompt_tokens => 10, start_at => 5);
select is(tests.all_counted(), counted, 'not one that has to begin elsewhere') from before;

rollback to start; -- Sweeps.
select tests.given_generation(stream_id, 'owner', 'completed') from unnest(array['a', 'b', 'c']) as stream_id;
select tests.back_date(stream_id, interval '31 days') from unnest(array['a', 'b']) as stream_id;
select tests.call_sweep();
select is(tests.all_counted(), '{"sweeps_total": 1, "forgotten_generations_total": 2}', 'one sweep has pruned two');
select tests.call_sweep();
select is(tests.all_counted(), '{"sweeps_total": 2, "forgotten_generations_total": 2}', 'an idle one counts');

rollback to start; -- What runs.
select tests.given_generation(stream_id, 'owner') from unnest(array['a', 'b']) as stream_id;
select tests.given_generation('c', 'owner', 'completed');
select is(tests.all_counted(), '{"active_generations": 2}', 'what has ended does not');
select tests.given_expired('d', 'owner');
select is(
  tests.all_counted(), '{"active_generations": 2, "expired_generations": 1}', 'nor does what waits for a sweep'
);

select * from finish(); rollback;
