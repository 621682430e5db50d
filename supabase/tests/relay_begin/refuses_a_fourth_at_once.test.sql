begin;
select plan(6);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_generation('generation-' || n, 'owner') from generate_series(1, 2) as n;

select is(tests.call_begin('owner', 'third') ->> 'outcome', 'admitted', 'the third at once is admitted');

create temp table fourth as select tests.call_begin('owner', 'fourth') as answer;
select is(answer ->> 'outcome', 'refused', 'the fourth is refused') from fourth;
select is(answer ->> 'code', 'too_many_streams', 'it is told why') from fourth;
select is(answer ->> 'retry_after_s', '5', 'it is told when to ask again') from fourth;
select is(answer -> 'rate' ->> 'remaining', '2', 'the minute would have taken two more') from fourth;

select tests.call_finish('third');
select is(tests.call_begin('owner', 'fourth') ->> 'outcome', 'admitted', 'it is admitted once one of them has ended');

select * from finish();
rollback;
