begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
select tests.call_sweep();
create temp table finished as select tests.call_finish('first', 'Once upon a time.') as outcome;
create temp table before as select tests.everything() - 'relay.counters' as everything;

select is(
  tests.call_finish('first', 'Once upon a time.', fence => tests.id('fence of first')), outcome,
  'a second one gets the outcome that is'
) from finished;
select is(
  tests.call_finish(
    'first', 'Twice.', 'failed', 'error', 'internal', fence => tests.id('fence of first'), start_at => 5
  ), outcome, 'whatever it brings'
) from finished;
select is(tests.call_sweep(), '{"closed": 0, "pruned": 0}', 'there is nothing left to sweep');
select is(tests.everything() - 'relay.counters', everything, 'nothing but the count of sweeps has changed') from before;

select * from finish();
rollback;
