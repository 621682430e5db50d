begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'They lived.');
select tests.back_date('first', interval '31 days');
create temp table before as select tests.the_story() as story;

select is(tests.call_sweep() ->> 'pruned', '1', 'it is forgotten');
select is(tests.the_story(), story, 'no row of the story has changed') from before;
select is(tests.leaf_of('tale'), 'They lived.', 'the active leaf is where it was');

select * from finish();
rollback;
