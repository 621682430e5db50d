begin;
select plan(3);

select tests.make_user('owner');
select tests.make_user('stranger');
select tests.given_bot('bot', 'owner');
select tests.given_generation('running-' || n, 'stranger') from generate_series(1, 3) as n;
select tests.given_generation('ended-' || n, 'stranger', 'completed') from generate_series(1, 2) as n;

create temp table begun as select tests.call_begin('owner', 'first') as answer;

select is(answer ->> 'outcome', 'admitted', 'a stranger''s generations take nobody''s place') from begun;
select is(answer -> 'rate' ->> 'remaining', '4', 'a stranger''s generations are not counted') from begun;
select is(tests.call_begin('stranger', 'sixth') ->> 'code', 'rate_limited', 'for the stranger they are');

select * from finish();
rollback;
