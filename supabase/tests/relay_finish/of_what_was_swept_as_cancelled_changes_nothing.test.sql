begin;
select plan(3);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once ', 'tale', 'second answer');
update relay.generations set cancel_requested_at = clock_timestamp();
select tests.call_sweep();
create temp table before as select tests.everything() as everything;

select is(
  tests.call_finish('first', 'Once upon a time.', fence => tests.id('fence of first'), start_at => start_at)
    ->> 'status', 'cancelled', 'who cancelled was told that it would end so, from ' || start_at
) from unnest(array[0, 5]) as start_at;
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
