begin;
select plan(2);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_generation('generation-' || n, 'owner') from generate_series(1, 3) as n;
select tests.back_date('generation-' || n, interval '2 minutes') from generate_series(1, 3) as n;
select tests.call_beat(array['generation-1', 'generation-2', 'generation-3']);

create temp table begun as select tests.call_begin('owner', 'new') as answer;

select is(answer ->> 'code', 'too_many_streams', 'what started long ago and is still beaten runs') from begun;
select is(answer -> 'rate' ->> 'remaining', '5', 'it does not count for the minute') from begun;

select * from finish();
rollback;
