begin; select plan(12);
savepoint start;

-- Admits the fifth in a minute and refuses the sixth.
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_generation('generation-' || n, 'owner', 'completed') from generate_series(1, 4) as n;
create temp table fifth as select tests.call_begin('owner', 'fifth') as answer;
create temp table sixth as select tests.call_begin('owner', 'sixth') as answer;
select is(answer ->> 'outcome', 'admitted', 'the fifth is admitted') from fifth;
select is(answer -> 'rate' ->> 'limit', '5', 'with the limit') from fifth;
select is(answer -> 'rate' ->> 'remaining', '0', 'none remains after it') from fifth;
select is(answer ->> 'outcome', 'refused', 'the sixth is refused') from sixth;
select is(answer ->> 'code', 'rate_limited', 'with this code') from sixth;
select is(answer -> 'rate' ->> 'remaining', '0', 'nothing remains') from sixth;
select ok((answer ->> 'retry_after_s')::integer between 1 and 60
  and answer -> 'retry_after_s' = answer -> 'rate' -> 'reset_s',
  'it may come back when the oldest of the five is a minute old') from sixth;

rollback to start; -- Counts each user alone.
select tests.make_user('owner');
select tests.make_user('stranger');
select tests.given_bot('bot', 'owner'), tests.given_bot('strange bot', 'stranger');
select tests.given_generation('running-' || n, 'stranger') from generate_series(1, 3) as n;
select tests.given_generation('ended-' || n, 'stranger', 'completed') from generate_series(1, 2) as n;
create temp table begun as select tests.call_begin('owner', 'first') as answer;
select is(answer ->> 'outcome', 'admitted', 'a stranger''s generations do not count') from begun;
select is(answer -> 'rate' ->> 'remaining', '4', 'a stranger''s generations are not counted') from begun;
select is(tests.call_begin('stranger', 'sixth') ->> 'code', 'rate_limited', 'for the stranger they are');

rollback to start; -- Counts what was deleted since.
select tests.given_tale('owner');
select tests.call_begin('owner', 'generation-' || n, parent => 'second answer', rate_limit => 2)
from generate_series(1, 2) as n;
delete from public.conversations where id = tests.key('tale');
select is(tests.call_begin('owner', 'third', rate_limit => 2) ->> 'code', 'rate_limited',
  'deleting the conversation does not reopen the rate limit');
select is(
  tests.call_begin('owner', 'generation-1') ->> 'outcome', 'exists', 'nor does it free the name of its generation');

select * from finish(); rollback;
