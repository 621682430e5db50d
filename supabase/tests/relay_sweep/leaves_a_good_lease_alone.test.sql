begin;
select plan(3);

select tests.given_tale('owner');
select tests.given_generation('first', 'owner', conversation => 'tale', parent => 'second answer');
select tests.given_text('first', 'Once');
-- Started long ago; the lease has a second left.
select tests.back_date('first', interval '14 seconds');
create temp table before as select tests.everything() - 'relay.counters' as everything;

select is(tests.call_sweep(), '{"closed": 0, "pruned": 0}', 'nothing is ended');
select is(relay.close_expired('first'), false, 'nor by who names it');
select is(tests.everything() - 'relay.counters', everything, 'nothing but the count of sweeps has changed') from before;

select * from finish();
rollback;
