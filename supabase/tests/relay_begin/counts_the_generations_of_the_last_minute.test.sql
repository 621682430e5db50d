begin; select plan(14);
select tests.make_user('owner');
select tests.make_user('stranger');
select tests.given_bot('bot', 'owner'), tests.given_bot('strange bot', 'stranger');
savepoint start;

-- The fifth and the sixth in a minute.
select tests.given_generation(n || '-generation', 'owner', 'completed') from generate_series(1, 4) as n;
select is(tests.call_begin('owner', 'fifth') -> 'rate' #- '{reset_s}', '{"limit": 5, "remaining": 0}', 'the fifth is admitted');
create temp table sixth as select tests.call_begin('owner', 'sixth') as answer;
select is((answer - 'retry_after_s') #- '{rate,reset_s}', '{"outcome": "refused", "code": "rate_limited",
  "rate": {"limit": 5, "remaining": 0}}', 'the sixth is refused') from sixth;
select ok((answer ->> 'retry_after_s')::integer between 1 and 60
  and answer -> 'retry_after_s' = answer -> 'rate' -> 'reset_s',
  'it may come back when the oldest of the five is a minute old') from sixth;
select is(tests.call_begin('stranger', 'first') -> 'rate' ->> 'remaining', '4', 'each user is counted alone');
select tests.back_date(g.stream_id, interval '40 seconds') from relay.generations g;
select ok((tests.call_begin('owner', 'early') ->> 'retry_after_s')::integer between 1 and 20,
  'five of 40 seconds ago are the limit for 20 more');
select tests.back_date('1-generation', interval '20 seconds');
create temp table admitted as select tests.call_begin('owner', 'in-time') as answer;
select is(answer ->> 'outcome', 'admitted', 'one that is a minute old does not count') from admitted;
select is(answer -> 'rate' ->> 'remaining', '0', 'the other four and the new one do') from admitted;

rollback to start; -- However it ended.
select tests.given_generation(status, 'owner', status)
from unnest(array['completed', 'cancelled', 'disconnected', 'failed', 'interrupted']) as status;
select is(tests.call_begin('owner', 'f') ->> 'code', 'rate_limited', 'however a generation ended, it was one');

rollback to start; -- The limits are its caller's.
select is(tests.call_begin('owner', 'a', rate_limit => 0) ->> 'code', 'rate_limited', 'a rate limit of 0 admits none');
select is(
  tests.call_begin('owner', 'a', max_concurrent => 0) ->> 'code', 'too_many_streams', 'a concurrency of 0 admits none');
select is(tests.call_begin('owner', 'a', rate_limit => 9, max_concurrent => 1) -> 'rate' ->> 'remaining', '8',
  'what remains is counted from the limit');

rollback to start; -- What was deleted since.
select tests.given_conversation('tale', 'owner', 'bot');
select tests.given_message('question', 'tale');
select tests.call_begin('owner', 'generation-' || n, parent => 'question', rate_limit => 2) from generate_series(1, 2) as n;
delete from public.conversations where id = tests.key('tale');
select is(tests.call_begin('owner', 'third', rate_limit => 2) ->> 'code', 'rate_limited',
  'deleting the conversation does not reopen the rate limit');
select is(
  tests.call_begin('owner', 'generation-1') ->> 'outcome', 'exists', 'nor does it free the name of its generation');
select is(count(*), 2::bigint, 'the rows are there') from relay.generations;

select * from finish(); rollback;
