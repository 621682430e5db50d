begin;
select plan(4);

select relay.count_up(('sweeps_total', '{}', 1)::relay.increment);

select tests.sign_in_as_service();
select results_eq('select count(*)::float8 from relay.series where name = ''sweeps_total''', array[1::float8], 'it reads');
select lives_ok($$ insert into relay.series (name) values ('colours_total') $$, 'it adds');
select lives_ok($$ update relay.series set name = 'hues_total' where name = 'colours_total' $$, 'it changes');
select lives_ok($$ delete from relay.series where name = 'hues_total' $$, 'it deletes');

select * from finish();
rollback;
