begin; select plan(5);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
savepoint start;

-- Only live leases run.
select tests.given_generation('generation-' || n, 'owner') from generate_series(1, 3) as n;
select tests.back_date('generation-1', interval '16 seconds');
select is(tests.call_begin('owner', 'new') ->> 'outcome', 'admitted', 'one whose lease ran out makes room for another');
select is(tests.call_begin('owner', 'newer') ->> 'code', 'too_many_streams', 'for one, not more');
select tests.back_date('generation-' || n, interval '10 minutes') from generate_series(2, 3) as n;
select is(tests.call_begin('owner', 'newer') ->> 'outcome', 'admitted', 'one whose worker died long ago takes no room');

rollback to start; -- A long generation runs beyond the minute.
select tests.given_generation('generation-' || n, 'owner') from generate_series(1, 3) as n;
select tests.back_date('generation-' || n, interval '2 minutes') from generate_series(1, 3) as n;
select tests.call_beat(array['generation-1', 'generation-2', 'generation-3']);
create temp table begun as select tests.call_begin('owner', 'new') as answer;
select is(answer ->> 'code', 'too_many_streams', 'what started long ago and is still renewed runs') from begun;
select is(answer -> 'rate' ->> 'remaining', '5', 'it does not count for the minute') from begun;

select * from finish(); rollback;
