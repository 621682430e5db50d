begin;
select plan(2);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_generation('a', 'owner', 'completed');
select tests.given_generation('b', 'owner', 'cancelled');
select tests.given_generation('c', 'owner', 'disconnected');
select tests.given_generation('d', 'owner', 'failed');
select tests.given_generation('e', 'owner', 'interrupted');

create temp table begun as select tests.call_begin('owner', 'f') as answer;

select is(answer ->> 'code', 'rate_limited', 'however a generation ended, it was one') from begun;
select is(answer -> 'rate' ->> 'remaining', '0', 'nothing remains') from begun;

select * from finish();
rollback;
