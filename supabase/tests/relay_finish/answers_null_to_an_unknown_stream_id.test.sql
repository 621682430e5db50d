begin;
select plan(2);

select tests.given_tale('owner');
create temp table before as select tests.everything() as everything;

select is(tests.call_finish('unknown'), null, 'there is no outcome');
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
