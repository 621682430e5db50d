begin;
select plan(7);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_generation('generation-' || n, 'owner', 'completed') from generate_series(1, 4) as n;

create temp table fifth as select tests.call_begin('owner', 'fifth') as answer;
create temp table sixth as select tests.call_begin('owner', 'sixth') as answer;

select is(answer ->> 'outcome', 'admitted', 'the fifth is admitted') from fifth;
select is(answer -> 'rate' ->> 'limit', '5', 'it is told the limit') from fifth;
select is(answer -> 'rate' ->> 'remaining', '0', 'it is told that it was the last') from fifth;
select is(answer ->> 'outcome', 'refused', 'the sixth is refused') from sixth;
select is(answer ->> 'code', 'rate_limited', 'it is told why') from sixth;
select is(answer -> 'rate' ->> 'remaining', '0', 'nothing remains') from sixth;
select ok(
  (answer ->> 'retry_after_s')::integer between 1 and 60
  and answer -> 'retry_after_s' = answer -> 'rate' -> 'reset_s',
  'it may come back when the oldest of the five is a minute old'
) from sixth;

select * from finish();
rollback;
