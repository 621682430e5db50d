begin;
select plan(4);

select relay.count_up(('sweeps_total', '{}', 1)::relay.increment);

select tests.sign_in_as_service();
select results_eq('select sum(value) from relay.counters', array[1::float8], 'it reads');
select lives_ok($$ insert into relay.counters select id, 1, 1 from relay.series $$, 'it adds');
select lives_ok($$ update relay.counters set value = 5 $$, 'it changes');
select lives_ok($$ delete from relay.counters $$, 'it deletes');

select * from finish();
rollback;
