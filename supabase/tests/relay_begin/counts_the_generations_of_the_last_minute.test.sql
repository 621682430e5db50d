begin; select plan(9);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
savepoint start;

-- Counts the generations of the last minute.
select tests.given_generation('generation-' || n, 'owner', 'completed') from generate_series(1, 5) as n;
select tests.back_date('generation-' || n, interval '40 seconds') from generate_series(1, 5) as n;
create temp table refused as select tests.call_begin('owner', 'early') as answer;
select is(answer ->> 'code', 'rate_limited', 'five in the last minute are the limit') from refused;
select ok(
  (answer ->> 'retry_after_s')::integer between 1 and 20, 'the oldest of them leaves the minute after 20 seconds'
  ) from refused;
select tests.back_date('generation-1', interval '20 seconds');
create temp table admitted as select tests.call_begin('owner', 'in-time') as answer;
select is(answer ->> 'outcome', 'admitted', 'one that is a minute old does not count') from admitted;
select is(answer -> 'rate' ->> 'remaining', '0', 'the other four and the new one do') from admitted;

rollback to start; -- Counts what failed and what was cancelled too.
select tests.given_generation('a', 'owner', 'completed');
select tests.given_generation('b', 'owner', 'cancelled');
select tests.given_generation('c', 'owner', 'disconnected');
select tests.given_generation('d', 'owner', 'failed');
select tests.given_generation('e', 'owner', 'interrupted');
create temp table begun as select tests.call_begin('owner', 'f') as answer;
select is(answer ->> 'code', 'rate_limited', 'however a generation ended, it was one') from begun;
select is(answer -> 'rate' ->> 'remaining', '0', 'nothing remains') from begun;

rollback to start; -- Takes the limits of its caller.
select is(tests.call_begin('owner', 'a', rate_limit => 0) ->> 'code', 'rate_limited', 'a rate limit of 0 admits none');
select is(
  tests.call_begin('owner', 'a', max_concurrent => 0) ->> 'code', 'too_many_streams', 'a concurrency of 0 admits none');
select is(tests.call_begin('owner', 'a', rate_limit => 9, max_concurrent => 1) -> 'rate' ->> 'remaining', '8',
  'what remains is counted from the limit');

select * from finish(); rollback;
