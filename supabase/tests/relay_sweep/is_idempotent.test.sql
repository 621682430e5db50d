begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');

select is(tests.call_sweep(), '{"closed": 1, "pruned": 0}', 'the first one ends it');
create temp table before as select tests.everything() - 'relay.counters' as everything;
select is(tests.call_sweep(), '{"closed": 0, "pruned": 0}', 'the second one has nothing to do');
select is(relay.close_expired('first'), false, 'nor has who names it');
select is(tests.everything() - 'relay.counters', everything, 'nothing but the count of sweeps has changed') from before;

select * from finish();
rollback;
