begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 4, 'Once');
create temp table before as select tests.everything() as everything;

select is(
  tests.call_finish('first', 'They died.', fence => tests.id('foreign'), start_at => start_at) ->> 'status', 'running',
  'it is told that the generation runs, from ' || start_at || ' as well'
) from unnest(array[0, 4]) as start_at;
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
