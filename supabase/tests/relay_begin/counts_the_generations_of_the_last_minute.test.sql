begin;
select plan(4);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
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

select * from finish();
rollback;
