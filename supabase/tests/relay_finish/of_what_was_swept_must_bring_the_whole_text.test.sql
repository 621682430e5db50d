begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
select tests.call_sweep();
create temp table before as select tests.everything() as everything;

select is(
  tests.call_finish('first', 'upon a time.', start_at => start_at), '{"expected_start": 0}',
  'from ' || start_at || ' there is nothing to put it behind'
) from unnest(array[5, 1]) as start_at;
select is(tests.everything(), everything, 'nothing has changed') from before;
select is(
  tests.call_finish('first', 'Once upon a time.', start_at => 0) ->> 'status', 'completed', 'the whole is taken then'
);

select * from finish();
rollback;
